import { afterEach, describe, expect, test } from 'vitest';
import type { SessionChannel } from '../../src/channel/channel.js';
import { message, utf8 } from '../../src/ssh/messages.js';
import { ManualTimers } from './manual-timers.js';
import { RawClient } from './raw-client.js';
import { echo, startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(() => server?.close());

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads on until so many bytes of channel data have come. */
async function bytesOf(client: RawClient, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let have = 0;
  while (have < length) {
    const fields = await client.next(message.channelData);
    fields.u32();
    const bytes = fields.string(40_000);
    parts.push(bytes);
    have += bytes.length;
  }
  return Buffer.concat(parts);
}

function numbered(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe('input', () => {
  /** Takes nothing until it is told to. */
  function stubborn(): {
    readonly serve: (channel: SessionChannel) => void;
    readonly got: Buffer[];
    release(): void;
  } {
    const got: Buffer[] = [];
    let channel: SessionChannel | null = null;
    let takes = false;
    return {
      got,
      serve(of) {
        channel = of;
        of.start({
          data(bytes) {
            got.push(bytes);
            return takes;
          },
          end: () => of.finish(0),
          sent: () => undefined,
          closed: () => undefined,
        });
      },
      release() {
        takes = true;
        channel?.resume();
      },
    };
  }

  test('T3: a session that takes nothing grants nothing; when it goes on, no byte is missing', async () => {
    const session = stubborn();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp();
    const window = 2 ** 21;
    const sent = numbered(2 * window);
    for (let at = 0; at < window; at += 32_768) client.data(id, sent.subarray(at, at + 32_768));
    await until(() => session.got.reduce((sum, bytes) => sum + bytes.length, 0) === window);
    client.say(message.globalRequest, (writer) => {
      writer.string(utf8('ping'));
      writer.u8(1);
    });
    await client.next(message.requestFailure);
    expect(client.count(message.channelWindowAdjust)).toBe(0);
    session.release();
    const grant = await client.next(message.channelWindowAdjust);
    expect([grant.u32(), grant.u32()]).toEqual([0, window]);
    for (let at = window; at < 2 * window; at += 32_768) client.data(id, sent.subarray(at, at + 32_768));
    await until(() => session.got.reduce((sum, bytes) => sum + bytes.length, 0) === 2 * window);
    expect(Buffer.concat(session.got).equals(sent)).toBe(true);
    client.socket.destroy();
  });

  test('who sends more than the window allows is cut off', async () => {
    const session = stubborn();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp();
    for (let sent = 0; sent <= 2 ** 21 && !client.over; sent += 32_768) client.data(id, Buffer.alloc(32_768));
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('more data than the window allows');
    expect(session.got.reduce((sum, bytes) => sum + bytes.length, 0)).toBeLessThanOrEqual(2 ** 21);
  });

  /** A peer that sends as much as it may, on all its channels. */
  class Uploader {
    readonly #client: RawClient;
    readonly credit = new Map<number, number>();

    constructor(client: RawClient) {
      this.#client = client;
    }

    async open(): Promise<void> {
      const client = this.#client;
      const ours = this.credit.size;
      client.openChannel(32_768, 2 ** 21, ours);
      const confirmation = await client.next(message.channelOpenConfirmation);
      confirmation.u32();
      const id = confirmation.u32();
      // Numbers are given in order, so that ours are theirs.
      expect(id).toBe(ours);
      this.credit.set(id, confirmation.u32());
      client.request(id, 'subsystem', (writer) => writer.string(utf8('sftp')));
      await client.next(message.channelSuccess);
    }

    get allowed(): number {
      return [...this.credit.values()].reduce((sum, credit) => sum + credit, 0);
    }

    /** Sends until so much has left, or until nothing more may be sent; resolves with how much that was. */
    async send(most: number): Promise<number> {
      let sent = 0;
      while (sent < most && !this.#client.over) {
        for (const [id, credit] of this.credit) {
          const length = Math.min(32_768, credit);
          if (length === 0) continue;
          this.#client.data(id, Buffer.alloc(length));
          this.credit.set(id, credit - length);
          sent += length;
        }
        if (this.allowed < this.credit.size * 131_072) await this.#heed();
        if (this.allowed === 0) break;
      }
      await this.#heed();
      return sent;
    }

    /** Everything sent has been handled; what was granted for it is counted. */
    async #heed(): Promise<void> {
      const client = this.#client;
      client.say(message.globalRequest, (writer) => {
        writer.string(utf8('ping'));
        writer.u8(1);
      });
      await client.next(message.requestFailure);
      while (client.count(message.channelWindowAdjust) > 0) {
        const grant = await client.next(message.channelWindowAdjust);
        const id = grant.u32();
        this.credit.set(id, (this.credit.get(id) ?? 0) + grant.u32());
      }
    }
  }

  test.each([
    { channels: 1, window: 8 * 2 ** 20 },
    { channels: 10, window: 16 * 2 ** 20 },
  ])(
    'P1: $channels that were taken quickly and then stall send no more than $window bytes, and one more ends it',
    async ({ channels, window }) => {
      let stalled = false;
      server = await startServer({
        serve(channel, info) {
          channel.start({
            data(bytes) {
              if (stalled) info.input.charge(bytes.length);
              return !stalled;
            },
            end: () => undefined,
            sent: () => undefined,
            closed: () => undefined,
          });
        },
      });
      const client = await RawClient.loggedIn(server.port);
      const uploader = new Uploader(client);
      for (let count = 0; count < channels; count++) await uploader.open();
      expect(uploader.allowed).toBeLessThan(16 * 2 ** 20);
      const quickly = 48 * 2 ** 20;
      expect(await uploader.send(quickly)).toBeGreaterThanOrEqual(quickly);
      expect(uploader.allowed).toBeGreaterThan(window / 2);
      stalled = true;
      const sent = await uploader.send(quickly);
      expect(sent).toBeGreaterThan(window / 2);
      expect(sent).toBeLessThanOrEqual(window);
      expect(uploader.allowed).toBe(0);
      client.data(0, Buffer.alloc(1));
      await client.closed;
      expect((await server.event('connection.closed')).reason).toBe('more data than the window allows');
    },
  );

  test('what arrives before the session starts waits for it, in order', async () => {
    let begin: () => void = () => undefined;
    server = await startServer({ serve: (channel) => (begin = () => echo(channel)) });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp();
    client.data(id, Buffer.from('one'));
    client.data(id, Buffer.from('two'));
    client.say(message.channelEof, (writer) => writer.u32(id));
    client.say(message.globalRequest, (writer) => {
      writer.string(utf8('ping'));
      writer.u8(1);
    });
    await client.next(message.requestFailure);
    begin();
    expect((await bytesOf(client, 6)).toString()).toBe('onetwo');
    await client.next(message.channelClose);
    client.socket.destroy();
  });
});

describe('output', () => {
  test('small answers of one turn share packets, large ones fill them', async () => {
    let channel: SessionChannel | null = null;
    server = await startServer({
      serve(of) {
        channel = of;
        echo(of);
      },
    });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp();
    const of = channel as unknown as SessionChannel;
    for (let count = 0; count < 1000; count++) of.send(Buffer.alloc(28, count));
    of.send(numbered(100_000));
    await bytesOf(client, 0);
    await until(() => client.received.filter(({ type }) => type === message.channelData).length >= 4);
    const lengths = client.received
      .filter(({ type }) => type === message.channelData)
      .map(({ bytes }) => bytes.length - 9);
    expect(lengths).toEqual([32_768, 32_768, 32_768, 29_696]);
    client.socket.destroy();
  });

  test('T3: a peer that does not read costs bounded memory, and gets every byte when it reads on', async () => {
    const total = 64 * 2 ** 20;
    const piece = 261_133;
    let queued = 0;
    let left = 0;
    let peak = 0;
    server = await startServer({
      serve(channel) {
        const fill = (): void => {
          while (queued < total && queued - left < 4 * 2 ** 20) {
            const length = Math.min(piece, total - queued);
            queued += length;
            channel.send(numbered(length));
          }
        };
        channel.start({
          data: () => (fill(), true),
          end: () => undefined,
          sent(bytes) {
            left += bytes;
            fill();
          },
          closed: () => undefined,
        });
      },
    });
    const client = await RawClient.loggedIn(server.port);
    // The client's window is no limit, so that only the socket is.
    const id = await client.sftp(32_768, 2 ** 32 - 1);
    client.socket.pause();
    const before = process.memoryUsage().rss;
    client.data(id, Buffer.from('go'));
    await server.event('login.succeeded');
    for (let turn = 0; turn < 2000; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect(left).toBeLessThan(total / 2);
    expect(peak).toBeLessThan(48 * 2 ** 20);
    client.socket.resume();
    const received = await bytesOf(client, total);
    expect(received.length).toBe(total);
    expect(received.subarray(0, piece).equals(numbered(piece))).toBe(true);
    expect(received.subarray(-4).readUInt32LE()).toBe(
      numbered(total % piece).readUInt32LE((total % piece) - 4),
    );
    client.socket.destroy();
  });

  test('no session is starved by another that always has something to send', async () => {
    server = await startServer({
      serve(channel) {
        const greedy = (): void => channel.send(Buffer.alloc(1_000_000, 'g'));
        channel.start({
          data(bytes) {
            if (bytes.toString() === 'greedy') for (let count = 0; count < 4; count++) greedy();
            else channel.send(Buffer.from('modest'));
            return true;
          },
          end: () => undefined,
          sent: (bytes) => channel.send(Buffer.alloc(bytes, 'g')),
          closed: () => undefined,
        });
      },
    });
    const client = await RawClient.loggedIn(server.port);
    const greedy = await client.sftp(32_768, 2 ** 32 - 1);
    client.openChannel(32_768, 2 ** 21, 1);
    await client.next(message.channelOpenConfirmation);
    client.request(1, 'subsystem', (writer) => writer.string(utf8('sftp')));
    await client.next(message.channelSuccess);
    client.data(greedy, Buffer.from('greedy'));
    await bytesOf(client, 3_000_000);
    client.data(1, Buffer.from('modest'));
    let foreign = 0;
    for (;;) {
      const fields = await client.next(message.channelData);
      if (fields.u32() === 1) break;
      foreign += fields.string(40_000).length;
    }
    expect(foreign).toBeLessThan(32 * 2 ** 20);
    client.socket.destroy();
  });

  test('stderr waits for the window like any data', async () => {
    let channel: SessionChannel | null = null;
    server = await startServer({
      serve(of) {
        channel = of;
        echo(of);
      },
    });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp(32_768, 10);
    const of = channel as unknown as SessionChannel;
    of.stderr('quota exceeded');
    const read = async (): Promise<string> => {
      const fields = await client.next(message.channelExtendedData);
      expect([fields.u32(), fields.u32()]).toEqual([0, 1]);
      return fields.byteString(1000);
    };
    expect(await read()).toBe('quota exce');
    client.say(message.channelWindowAdjust, (writer) => {
      writer.u32(0);
      writer.u32(100);
    });
    expect(await read()).toBe('eded\r\n');
    client.socket.destroy();
  });

  test('who floods with requests and does not read is not read from either, and costs bounded memory', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    client.socket.pause();
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 100_000 && client.socket.writableLength < 8 * 2 ** 20; count++) {
      client.say(message.globalRequest, (writer) => {
        writer.string(utf8('flood'));
        writer.u8(1);
      });
      if (count % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(96 * 2 ** 20);
    const other = await RawClient.loggedIn(server.port);
    for (const one of [client, other]) one.socket.destroy();
  });
});

describe('key exchange', () => {
  test('after the bytes of the setting the server asks for new keys, and nothing is lost', async () => {
    server = await startServer({ settings: { 'rekey.bytes': 2 ** 20 } });
    const client = await RawClient.loggedIn(server.port);
    const first = client.protocol._cipher;
    const id = await client.sftp(32_768, 2 ** 32 - 1);
    const sent = numbered(3 * 2 ** 20);
    for (let at = 0; at < sent.length; at += 32_768) {
      // Not in the middle of an exchange, in which a client may send no data.
      await until(() => client.protocol._kexinit === undefined);
      client.data(id, sent.subarray(at, at + 32_768));
      if (at % 262_144 === 0) await bytesOf(client, 0);
    }
    expect((await bytesOf(client, sent.length)).equals(sent)).toBe(true);
    expect(client.protocol._cipher).not.toBe(first);
    client.socket.destroy();
  });

  test('after the time of the setting too; a client that never answers is cut off', async () => {
    const timers = new ManualTimers();
    server = await startServer({
      options: { timers },
      // Keepalives would cut it off as well.
      settings: { 'keepalive.interval': 7_200_000, 'session.idle': 36_000_000 },
    });
    const client = await RawClient.loggedIn(server.port);
    client.socket.pause();
    timers.pass(3_600_000);
    expect(server.server.connections).toBe(1);
    timers.pass(29_999);
    expect(server.server.connections).toBe(1);
    timers.pass(1);
    expect(server.server.connections).toBe(0);
    expect((await server.event('connection.closed')).reason).toBe('a key exchange did not end');
    client.socket.destroy();
  });

  test('a client that begins one and never ends it is cut off, and what waits for it is bounded', async () => {
    const timers = new ManualTimers();
    let channel: SessionChannel | null = null;
    let sent = 0;
    server = await startServer({
      options: { timers },
      settings: { 'keepalive.interval': 7_200_000 },
      serve(of) {
        channel = of;
        of.start({
          data: () => true,
          end: () => undefined,
          sent: (bytes) => (sent += bytes),
          closed: () => undefined,
        });
      },
    });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp(32_768, 2 ** 32 - 1);
    client.protocol.rekey();
    // What the client has to say to the server's KEXINIT is never sent.
    let swallowed = 0;
    client.protocol._cipher.encrypt = () => {
      swallowed++;
    };
    await until(() => swallowed > 0);
    const of = channel as unknown as SessionChannel;
    of.send(Buffer.alloc(1_000_000));
    expect(sent).toBe(0);
    timers.pass(30_000);
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('a key exchange did not end');
  });

  test('answers that pile up behind one are bounded', async () => {
    const timers = new ManualTimers();
    server = await startServer({
      options: { timers },
      settings: { 'keepalive.interval': 7_200_000, 'session.idle': 36_000_000 },
    });
    const client = await RawClient.loggedIn(server.port);
    client.socket.pause();
    timers.pass(3_600_000);
    for (let count = 0; count < 5000; count++) {
      client.say(message.globalRequest, (writer) => {
        writer.string(utf8('flood'));
        writer.u8(1);
      });
    }
    const { reason } = await server.event('connection.closed');
    expect(reason).toBe('too much waits for the end of the key exchange');
    client.socket.destroy();
  });
});
