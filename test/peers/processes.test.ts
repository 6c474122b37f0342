import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openPeers } from '../../src/peers/socket-peers.js';
import { killAll, otherProcess } from './other-process.js';

function root(name = 'var'): string {
  return join(mkdtempSync(join(tmpdir(), 'plimsoll-peers-')), name, 'peers');
}

afterAll(killAll);

const answering = `
  peers.answer((channel, question, argument) =>
    question === 'never' ? new Promise(() => undefined) : Promise.resolve(argument));
  setInterval(() => undefined, 1000);`;

it('asks another process, and knows it dead when it was killed', async () => {
  const folder = root();
  const peers = await openPeers({ folder });
  const other = await otherProcess(folder, answering);
  expect(await peers.others()).toEqual([other.name]);
  const channel = await peers.connect(other.name);
  expect(await channel.ask('echo', { a: 1 })).toEqual({ a: 1 });
  const never = channel.ask('never', null, null);
  void other.kill();
  await expect(never).rejects.toMatchObject({ code: 'cancelled' });
  await channel.gone;
  // What the dead one left is removed by the first who asks for it.
  expect(await peers.others()).toEqual([other.name]);
  await expect(peers.connect(other.name)).rejects.toMatchObject({ code: 'not-found' });
  expect(await peers.others()).toEqual([]);
  await peers.close();
});

it('takes a stopped process for busy, connected already or not, and never for dead', async () => {
  const folder = root();
  const [before, after] = [await openPeers({ folder }), await openPeers({ folder, patience: 100 })];
  const other = await otherProcess(folder, answering);
  const channel = await before.connect(other.name);
  other.child.kill('SIGSTOP');
  await expect(channel.ask('echo', 1, 50)).rejects.toMatchObject({ code: 'busy' });
  await expect(after.connect(other.name)).rejects.toMatchObject({ code: 'busy' });
  const [patient, socket] = [channel.ask('echo', 2, null), join(folder, `${other.name}.sock`)];
  expect(existsSync(socket)).toBe(true);
  other.child.kill('SIGCONT');
  expect(await patient).toBe(2);
  expect(await before.connect(other.name)).toBe(channel);
  await other.kill();
  await Promise.all([channel.gone, before.close(), after.close()]);
});

it('takes a process whose queue of connections is full for busy', async () => {
  const folder = root();
  const peers = await openPeers({ folder, patience: 100 });
  const name = '0123456789ab';
  // Stopped as soon as it listens, with room for one or two.
  const other = await otherProcess(
    folder,
    `await peers.close();
     const { createServer } = await import('node:net');
     await new Promise((listens) =>
       createServer().listen({ path: ${JSON.stringify(join(folder, `${name}.sock`))}, backlog: 1 }, listens));`,
  );
  other.child.kill('SIGSTOP');
  const errors: unknown[] = [];
  const fillers = Array.from({ length: 4 }, () => connect(join(folder, `${name}.sock`)));
  for (const filler of fillers)
    filler.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code));
  await expect(peers.connect(name)).rejects.toMatchObject({ code: 'busy' });
  expect(errors).toContain('EAGAIN');
  expect(existsSync(join(folder, `${name}.sock`))).toBe(true);
  for (const filler of fillers) filler.destroy();
  await other.kill();
  await expect(peers.connect(name)).rejects.toMatchObject({ code: 'not-found' });
  await peers.close();
});

it('keeps no process alive, but for a reply that somebody waits for', async () => {
  const folder = root();
  const peers = await openPeers({ folder });
  let answer = (): void => undefined;
  const asked = new Promise<void>((begun) =>
    peers.answer(() => {
      begun();
      return new Promise((resolve) => (answer = () => resolve('late')));
    }),
  );
  const other = await otherProcess(
    folder,
    `const channel = await peers.connect(${JSON.stringify(peers.self)});
     channel.ask('what', null, null).then(say);`,
  );
  const exit = once(other.child, 'exit');
  await asked;
  // Its own socket and both channels are open, and it has nothing to do but to wait.
  const back = await peers.connect(other.name);
  expect(other.child.exitCode).toBeNull();
  answer();
  expect(await other.line()).toBe('late');
  expect(await exit).toEqual([0, null]);
  await back.gone;
  await peers.close();
});

it('joins from a worker of a cluster, whose primary would bind another name', async () => {
  const folder = root();
  const peers = await openPeers({ folder });
  const worker = await otherProcess(folder, answering, { worker: true });
  expect(await peers.others()).toEqual([worker.name]);
  const channel = await peers.connect(worker.name);
  expect(await channel.ask('echo', 1)).toBe(1);
  await worker.kill();
  await channel.gone;
  await peers.close();
});

it('works where the path is longer than the 107 bytes of a socket address', async () => {
  const folder = root(join('x'.repeat(200), 'y'.repeat(200)));
  const peers = await openPeers({ folder });
  const other = await otherProcess(folder, answering);
  const channel = await peers.connect(other.name);
  expect(await channel.ask('echo', 1)).toBe(1);
  await other.kill();
  await channel.gone;
  await expect(peers.connect(other.name)).rejects.toMatchObject({ code: 'not-found' });
  await peers.close();
  expect(readdirSync(folder)).toEqual([]);
});

it('goes on when the root is moved', async () => {
  const folder = root();
  const [a, b] = [await openPeers({ folder }), await openPeers({ folder })];
  const moved = join(folder, '..', '..', 'moved');
  renameSync(join(folder, '..'), moved);
  expect(await a.others()).toEqual([b.self]);
  await expect(a.connect(b.self)).resolves.toMatchObject({ peer: b.self });
  await Promise.all([a.close(), b.close()]);
  expect(readdirSync(join(moved, 'peers'))).toEqual([]);
});

it('lets nobody else in, and takes no name that is there', async () => {
  const folder = root();
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, 'aaaaaaaaaaaa.sock'), '');
  const names = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];
  const random = (): Buffer => Buffer.from(names.shift() ?? '', 'hex');
  const peers = await openPeers({ folder, random });
  expect(peers.self).toBe('bbbbbbbbbbbb');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'bbbbbbbbbbbb.sock')).mode & 0o777).toBe(0o600);
  await peers.close();
});

it('sees only what can be a peer, and touches nothing else', async () => {
  const folder = root();
  const peers = await openPeers({ folder, patience: 50 });
  const files = ['README', 'x.sock', 'ABCDEFABCDEF.sock', '0123456789ab.new', '0123456789abc.sock'];
  for (const file of files) writeFileSync(join(folder, file), '');
  mkdirSync(join(folder, 'dddddddddddd.sock'));
  expect(await peers.others()).toEqual(['dddddddddddd']);
  for (const peer of ['dddddddddddd', 'README', 'x', '../peers/x', 'ABCDEFABCDEF', '0123456789abc'])
    await expect(peers.connect(peer), peer).rejects.toMatchObject({ code: 'not-found' });
  expect(readdirSync(folder).sort()).toEqual([...files, 'dddddddddddd.sock', `${peers.self}.sock`].sort());
  await peers.close();
});

it('is busy when somebody else answers under the name', async () => {
  const folder = root();
  const [peers, liar] = [await openPeers({ folder, patience: 50 }), await openPeers({ folder })];
  renameSync(join(folder, `${liar.self}.sock`), join(folder, '0123456789ab.sock'));
  await expect(peers.connect('0123456789ab')).rejects.toMatchObject({ code: 'busy' });
  const mute = createServer((socket) => socket.on('error', () => undefined));
  mute.listen(join(folder, 'ffffffffffff.sock'));
  await once(mute, 'listening');
  await expect(peers.connect('ffffffffffff')).rejects.toMatchObject({ code: 'busy' });
  mute.close();
  await Promise.all([peers.close(), liar.close()]);
});
