import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { message, utf8 } from '../../src/ssh/messages.js';
import { scale } from '../scale.js';
import { RawClient } from './raw-client.js';
import { echo, startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(() => server?.close());

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** The pieces that messages are made of, honest or not. */
const piece = fc.oneof(
  fc.constantFrom(0, 1, 255, 1024, 32_768, 2 ** 21, 2 ** 31, 2 ** 32 - 1).map(u32),
  fc.constantFrom(0, 1, 2).map((byte) => Buffer.of(byte)),
  fc
    .constantFrom('', 'alice', 'ssh-userauth', 'ssh-connection', 'none', 'password', 'publickey', 'session')
    .map((text) => Buffer.concat([u32(text.length), utf8(text)])),
  fc
    .constantFrom('ssh-ed25519', 'rsa-sha2-512', 'sftp', 'subsystem', 'exec', 'pty-req', 'shell', 'keepalive')
    .map((text) => Buffer.concat([u32(text.length), utf8(text)])),
  // A length that promises more than there is.
  fc.nat(100_000).map((length) => Buffer.concat([u32(length), Buffer.from('short')])),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const types = Object.values(message).filter((type) => type !== message.disconnect);
const anyMessage = fc
  .tuple(fc.oneof(fc.constantFrom(...types), fc.nat(255)), fc.array(piece, { maxLength: 7 }))
  .map(([type, pieces]) => Buffer.concat([Buffer.of(type), ...pieces]))
  // The client's own half of a key exchange is ssh2's; ours is what is tried here.
  .filter((bytes) => bytes[0] !== message.kexInit);

/** Whatever a peer says ends its own connection at the most, for a reason that is the peer's (P1). */
async function attack(of: TestServer, begin: () => Promise<RawClient>): Promise<void> {
  let sent = 0;
  let client = await begin();
  const seed = Date.now();
  for (const bytes of fc.sample(anyMessage, { numRuns: scale('fuzzedStreams') * 10, seed })) {
    if (client.over) {
      // Its places are given back when the server has seen it go.
      await client.closed;
      client = await begin();
    }
    client.send(bytes);
    sent++;
    if (sent % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.destroy();
  await client.closed;
  const other = await RawClient.loggedIn(of.port);
  other.socket.destroy();
  const warnings = of.seen.flatMap(([name, event]) => (name === 'server.warning' ? [event.message] : []));
  expect(warnings, `seed ${seed}`).toEqual([]);
}

const settings = {
  'login.packetsPerSecond': 100_000,
  'login.pending': 10_000,
  'login.pendingPerAddress': 10_000,
};

test('any messages before login end that connection at the most, and nobody is served', async () => {
  const of = (server = await startServer({ settings }));
  await attack(of, async () => {
    const client = await RawClient.keyed(of.port);
    client.askForLogin();
    return client;
  });
  expect(of.infos.length).toBe(1);
});

test('any messages after login end that connection at the most', async () => {
  const of = (server = await startServer({ serve: echo, settings }));
  await attack(of, async () => {
    const client = await RawClient.loggedIn(of.port);
    await client.sftp();
    return client;
  });
});

test('a key exchange with any byte changed, cut or doubled harms nobody else', async () => {
  const of = (server = await startServer({ settings }));
  const honest: Buffer[] = [];
  const model = await RawClient.connect(of.port);
  const write = model.socket.write.bind(model.socket);
  model.socket.write = (bytes: Buffer) => {
    honest.push(Buffer.from(bytes));
    return write(bytes);
  };
  await model.keyed;
  model.socket.destroy();
  const stream = Buffer.concat([Buffer.from('SSH-2.0-Fuzz\r\n'), ...honest]);
  const seed = Date.now();
  const change = fc.record({
    at: fc.nat(stream.length - 1),
    byte: fc.nat(255),
    how: fc.constantFrom('change', 'cut', 'double'),
  });
  for (const { at, byte, how } of fc.sample(change, { numRuns: scale('fuzzedStreams'), seed })) {
    const changed = Buffer.from(stream);
    if (how === 'change') changed[at] = byte;
    const [head, tail] = [changed.subarray(0, at), changed.subarray(how === 'cut' ? at + 1 : at)];
    const socket = connect({ port: of.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(Buffer.concat(how === 'double' ? [head, tail, tail] : [head, tail]));
    await once(socket, 'close');
  }
  const other = await RawClient.loggedIn(of.port);
  other.socket.destroy();
  await vi.waitUntil(() => of.server.connections === 0);
  expect(of.infos.length, `seed ${seed}`).toBe(1);
});
