import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { listenFault } from '../../src/ssh/acceptor.js';
import { startServer } from './test-server.js';

test('a taken port says so', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const of = await startServer();
  await expect(of.server.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'busy',
    message: `port ${port} on 127.0.0.1 is taken: another program listens there; stop it, or choose another port`,
  });
  await of.close();
  other.close();
});

test('so do a port that needs a privilege and a foreign address', async () => {
  const of = await startServer();
  await expect(of.server.listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    code: 'invalid',
    message: '192.0.2.1 is not an address of this machine',
  });
  await of.close();
  const denied = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  expect(listenFault(denied, { host: '0.0.0.0', port: 22 }).message).toMatch(
    /^port 22 on 0\.0\.0\.0 needs a privilege/,
  );
});

/** Keeps every connection, in a process that may have few descriptors. */
const program = `
const { Acceptor } = await import(process.argv[1] + '/acceptor.js');
const { systemTimers } = await import(process.argv[1] + '/timers.js');
let kept = 0;
const acceptor = new Acceptor({
  timers: systemTimers,
  accepted: (socket) => { kept++; socket.on('error', () => {}); socket.resume(); },
  paused: (reason) => console.log('paused', kept, reason),
  resumed: () => console.log('resumed'),
});
console.log('port', (await acceptor.listen({ host: '127.0.0.1', port: 0 })).port);
process.stdin.resume();
process.stdin.on('end', () => process.exit());
`;

test('with few descriptors left accepting pauses, with a word to the log, and goes on later', async () => {
  const compiled = fileURLToPath(new URL('../../dist/ssh', import.meta.url));
  const child = spawn(
    'bash',
    ['-c', 'ulimit -n 96; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, program, compiled],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  const port = Number((await line()).split(' ')[1]);
  const sockets: Socket[] = [];
  for (let count = 0; count < 120; count++) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  const paused = await line();
  expect(paused).toMatch(/^paused \d+ \d+ of 96 file descriptors are in use$/);
  // What is left belongs to files.
  expect(Number(paused.split(' ')[1])).toBeLessThan(96 - 12);
  for (const socket of sockets) socket.destroy();
  expect(await line()).toBe('resumed');
  const late = connect({ port, host: '127.0.0.1' });
  await once(late, 'connect');
  late.destroy();
  child.stdin.end();
  await once(child, 'close');
});
