import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { message, utf8 } from '../../src/ssh/messages.js';
import { Reader } from '../../src/wire/reader.js';
import { ManualTimers } from './manual-timers.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Everything a socket gives until its end. */
async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(chunks);
}

/** A server that is still there for others. */
async function stillServes(of: TestServer): Promise<void> {
  const client = await RawClient.loggedIn(of.port);
  client.socket.destroy();
}

describe('identification', () => {
  test('[RFC 4253 4.2] a line that comes byte by byte is understood', async () => {
    server = await startServer();
    const socket = await dial(server.port);
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    for (const byte of 'SSH-2.0-Slow and steady\r\n') {
      socket.write(byte, 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (!Buffer.concat(received).includes('curve25519-sha256')) await once(socket, 'data');
    expect(Buffer.concat(received).toString('latin1')).toMatch(/^SSH-2\.0-Plimsoll_0\.1\r\n/);
  });

  test.each([
    ['one that never ends', 'SSH-2.0-' + 'x'.repeat(10_000)],
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['SSH 1', 'SSH-1.5-old\r\n'],
    ['control characters', 'SSH-2.0-a\x1b[2Jb\r\n'],
    ['lines before it', 'hello\r\nSSH-2.0-x\r\n'],
  ])('%s is cut off', async (_name, line) => {
    server = await startServer();
    const socket = await dial(server.port);
    socket.write(line, 'latin1');
    await all(socket);
    expect((await server.event('connection.closed')).reason).toMatch(
      /identification line|not an SSH 2 client/,
    );
    await stillServes(server);
  });
});

test('§7.1: a bad packet length ends the connection at once, before the next byte allocates it', async () => {
  server = await startServer();
  const before = process.memoryUsage().rss;
  const attackers = await Promise.all(Array.from({ length: 4 }, () => dial(server?.port ?? 0)));
  const ends = attackers.map(async (socket) => {
    const ended = all(socket);
    socket.write('SSH-2.0-x\r\n');
    socket.write(Buffer.from([0x10, 0, 0, 0]));
    for (let more = 0; more < 20 && !socket.destroyed; more++) {
      socket.write(Buffer.from([0]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
  });
  await Promise.all(ends);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  expect((await server.event('connection.closed')).reason).toBe('Bad packet length');
});

test.each([0, 1, 3, 7, 35_001, 2 ** 31, 2 ** 32 - 1])(
  'a packet length of %d ends the connection',
  async (length) => {
    server = await startServer();
    const socket = await dial(server.port);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    socket.write(Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), head, Buffer.alloc(64)]));
    await all(socket);
    await stillServes(server);
  },
);

test('an error on the socket leaves the process alive, whatever was going on', async () => {
  server = await startServer();
  for (const moment of ['ident', 'keyed', 'loggedIn', 'sftp'] as const) {
    const client =
      moment === 'ident'
        ? await RawClient.connect(server.port)
        : await (moment === 'keyed' ? RawClient.keyed(server.port) : RawClient.loggedIn(server.port));
    if (moment === 'sftp') {
      const channel = await client.sftp();
      for (let count = 0; count < 100; count++) client.data(channel, Buffer.alloc(10_000));
    }
    client.socket.resetAndDestroy();
    await client.closed;
  }
  await stillServes(server);
});

describe('login grace', () => {
  test('who says nothing at all is cut off', async () => {
    const timers = new ManualTimers();
    server = await startServer({ settings: { 'login.grace': 30_000 }, options: { timers } });
    const socket = await dial(server.port);
    const ended = all(socket);
    await server.event('connection.opened');
    timers.pass(29_999);
    expect(socket.destroyed).toBe(false);
    timers.pass(1);
    await ended;
    expect((await server.event('connection.closed')).reason).toBe('not logged in in time');
  });

  test('so is who never logs in after the key exchange; who did log in is not', async () => {
    const timers = new ManualTimers();
    server = await startServer({ settings: { 'login.grace': 30_000 }, options: { timers } });
    const lazy = await RawClient.keyed(server.port);
    const good = await RawClient.loggedIn(server.port);
    timers.pass(30_000);
    await lazy.closed;
    expect(good.over).toBe(false);
    expect(server.server.connections).toBe(1);
    good.socket.destroy();
  });
});

describe('pending connections', () => {
  test('one address has so many and no more; a login makes room', async () => {
    server = await startServer({ settings: { 'login.pendingPerAddress': 2 } });
    const first = await RawClient.keyed(server.port);
    const second = await RawClient.keyed(server.port);
    await all(await dial(server.port));
    expect(await server.event('connection.refused')).toEqual({
      address: '127.0.0.1',
      reason: '2 connections from there are not logged in',
    });
    first.askForLogin();
    first.password('alice', 'secret');
    await first.next(message.userauthSuccess);
    const third = await RawClient.keyed(server.port);
    for (const client of [first, second, third]) client.socket.destroy();
  });

  test('all together have so many and no more', async () => {
    server = await startServer({ settings: { 'login.pending': 3, 'login.pendingPerAddress': 20 } });
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.keyed(server?.port ?? 0)));
    await all(await dial(server.port));
    expect((await server.event('connection.refused')).reason).toBe('3 connections are not logged in');
    for (const client of clients) client.socket.destroy();
    await Promise.all(clients.map(({ closed }) => closed));
    await stillServes(server);
  });

  test('a flood of refusals is told in a few lines', async () => {
    const timers = new ManualTimers();
    server = await startServer({ settings: { 'login.pendingPerAddress': 1 }, options: { timers } });
    const held = await RawClient.connect(server.port);
    for (let count = 0; count < 30; count++) await all(await dial(server.port));
    const refusals = (): readonly string[] =>
      (server?.seen ?? []).flatMap(([name, event]) => (name === 'connection.refused' ? [event.reason] : []));
    expect(refusals().length).toBe(10);
    timers.pass(1000);
    await all(await dial(server.port));
    expect(refusals().at(-1)).toContain('20 more were refused');
    held.socket.destroy();
  });
});

describe('messages', () => {
  const types = [6, 51, 52, 53, 60, 61, ...Array.from({ length: 21 }, (_, index) => 80 + index)];

  test.each(types)('message %d before login ends the connection', async (type) => {
    server = await startServer();
    for (const asked of [false, true]) {
      const client = await RawClient.keyed(server.port);
      if (asked) {
        client.askForLogin();
        await client.next(message.serviceAccept);
      }
      client.send(Buffer.concat([Buffer.from([type]), Buffer.alloc(64)]));
      await client.closed;
      expect(client.count(message.channelOpenConfirmation)).toBe(0);
      expect(client.count(message.requestFailure)).toBe(0);
    }
    expect(server.infos.length).toBe(0);
  });

  test('a login without asking for the service ends the connection', async () => {
    server = await startServer();
    const client = await RawClient.keyed(server.port);
    client.password('alice', 'secret');
    await client.closed;
    expect(server.live.list()).toEqual([]);
  });

  test('faster than the packet rate ends the connection', async () => {
    server = await startServer({ settings: { 'login.packetsPerSecond': 50 } });
    const client = await RawClient.keyed(server.port);
    for (let count = 0; count < 100; count++)
      client.say(message.ignore, (writer) => writer.string(utf8('x')));
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('too many packets before login');
  });

  test('key exchanges over and over end the connection', async () => {
    server = await startServer();
    const client = await RawClient.keyed(server.port);
    while (!client.over) {
      client.protocol.rekey();
      while (client.exchanging) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('key exchanges without end');
  });

  test('more unsent output than the setting allows ends the connection', async () => {
    server = await startServer({ settings: { 'login.unsentBytes': 100 } });
    const client = await RawClient.connect(server.port);
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('does not read what it is sent');
  });

  test('a packet without payload ends the connection', async () => {
    server = await startServer();
    const client = await RawClient.keyed(server.port);
    client.send(Buffer.alloc(0));
    await client.closed;
  });
});

describe('algorithms', () => {
  test('compression is not to be had', async () => {
    server = await startServer();
    for (const compress of ['zlib', 'zlib@openssh.com']) {
      const client = await RawClient.connect(server.port, { compress: [compress] });
      await client.closed;
    }
    await stillServes(server);
  });

  test('neither are group exchange, SHA-1 and DH groups', async () => {
    server = await startServer();
    const socket = await dial(server.port);
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.write('SSH-2.0-Scanner\r\n');
    // Nothing of ours is sent: the server must not wait for it for ever.
    while (!Buffer.concat(received).includes('hmac')) await once(socket, 'data');
    const offer = Buffer.concat(received);
    const kexInit = offer.subarray(offer.indexOf('\n') + 1 + 5 + 17);
    const fields = new Reader(kexInit);
    const lists = Array.from({ length: 10 }, () => fields.byteString(10_000));
    expect(lists).toEqual([
      'curve25519-sha256,curve25519-sha256@libssh.org,kex-strict-s-v00@openssh.com',
      'ssh-ed25519,rsa-sha2-512,rsa-sha2-256',
      ...Array<string>(2).fill(
        'aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr',
      ),
      ...Array<string>(2).fill('hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com'),
      ...Array<string>(2).fill('none'),
      ...Array<string>(2).fill(''),
    ]);
  });

  test('[RFC 8308 3.1] server-sig-algs names each algorithm on its own, and no SHA-1', async () => {
    server = await startServer();
    const client = await RawClient.keyed(server.port);
    const info = await client.next(message.extInfo);
    expect([info.u32(), info.byteString(100), info.byteString(1000)]).toEqual([
      1,
      'server-sig-algs',
      'ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-256,rsa-sha2-512',
    ]);
    client.socket.destroy();
  });

  test('a client that likes chacha20 best is led to AES-GCM, one that has nothing else is not', async () => {
    server = await startServer();
    const both = ['chacha20-poly1305@openssh.com', 'aes256-ctr', 'aes128-gcm@openssh.com'];
    const led = await RawClient.keyed(server.port, { ciphers: both });
    expect(led.negotiated.sc.cipher).toBe('aes128-gcm@openssh.com');
    const other = await RawClient.keyed(server.port, {
      ciphers: ['aes256-ctr', 'chacha20-poly1305@openssh.com'],
    });
    expect(other.negotiated.cs.cipher).toBe('chacha20-poly1305@openssh.com');
    for (const client of [led, other]) client.socket.destroy();
  });
});
