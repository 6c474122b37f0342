import { afterEach, describe, expect, test } from 'vitest';
import type { ChannelSink, SessionChannel } from '../../src/channel/channel.js';
import { message, utf8 } from '../../src/ssh/messages.js';
import { ManualTimers } from './manual-timers.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(() => server?.close());

/** A session that tells what it saw, and does what the test wants. */
function recorded(data: (bytes: Buffer) => boolean = () => true): {
  readonly serve: (channel: SessionChannel) => void;
  readonly seen: string[];
  readonly channel: Promise<SessionChannel>;
  readonly closed: Promise<void>;
} {
  const seen: string[] = [];
  let began: (channel: SessionChannel) => void = () => undefined;
  let ended: () => void = () => undefined;
  const channel = new Promise<SessionChannel>((resolve) => (began = resolve));
  const closed = new Promise<void>((resolve) => (ended = resolve));
  return {
    seen,
    channel,
    closed,
    serve(of) {
      const sink: ChannelSink = {
        data(bytes) {
          seen.push(`data ${bytes.length}`);
          return data(bytes);
        },
        end: () => seen.push('end'),
        sent: () => undefined,
        closed: () => {
          seen.push('closed');
          ended();
        },
      };
      of.start(sink);
      began(of);
    },
  };
}

async function dataOf(client: RawClient, type: number = message.channelData): Promise<Buffer> {
  const fields = await client.next(type);
  fields.u32();
  if (type === message.channelExtendedData) expect(fields.u32()).toBe(1);
  return fields.string(40_000);
}

/** After it, everything sent before has been handled. */
async function roundTrip(client: RawClient): Promise<void> {
  client.say(message.globalRequest, (writer) => {
    writer.string(utf8('keepalive@openssh.com'));
    writer.u8(1);
  });
  await client.next(message.requestFailure);
}

describe('opening', () => {
  test.each([0, 1, 2, 255, 1023])(
    'a largest packet of %d is refused, and blocks nobody',
    async (packetSize) => {
      server = await startServer();
      const client = await RawClient.loggedIn(server.port);
      client.openChannel(packetSize);
      const answer = await client.next(message.channelOpenFailure);
      expect([answer.u32(), answer.u32()]).toEqual([0, 4]);
      const start = performance.now();
      const other = await RawClient.loggedIn(server.port);
      expect(performance.now() - start).toBeLessThan(1000);
      for (const one of [client, other]) one.socket.destroy();
    },
  );

  test('one of 2^32-1 is cut to what every client can take', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp(2 ** 32 - 1);
    client.data(id, Buffer.alloc(30_000));
    client.data(id, Buffer.alloc(30_000));
    await roundTrip(client);
    let length = 0;
    while (length < 60_000) {
      const bytes = await dataOf(client);
      expect(bytes.length).toBeLessThanOrEqual(32_768);
      length += bytes.length;
    }
    client.socket.destroy();
  });

  test('the eleventh channel is refused; one that closes makes room', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    for (let count = 0; count < 10; count++) await client.sftp();
    client.openChannel();
    const answer = await client.next(message.channelOpenFailure);
    expect([answer.u32(), answer.u32(), answer.byteString(100)]).toEqual([
      0,
      4,
      'at most 10 channels a connection',
    ]);
    client.say(message.channelClose, (writer) => writer.u32(4));
    await client.next(message.channelClose);
    expect(await client.sftp()).toBe(10);
    client.socket.destroy();
  });

  test('a session that never started anything is closed like any other, thousands of times', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    for (let id = 0; id < 2000; id++) {
      client.openChannel();
      client.say(message.channelClose, (writer) => writer.u32(id));
    }
    for (let id = 0; id < 2000; id++) await client.next(message.channelClose);
    expect(client.count(message.channelOpenFailure)).toBe(0);
    client.socket.destroy();
  });

  test.each([
    ['direct-tcpip', 1],
    ['direct-streamlocal@openssh.com', 1],
    ['nonsense', 3],
  ])('%s is refused with reason %d', async (type, reason) => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    client.say(message.channelOpen, (writer) => {
      writer.string(utf8(type));
      for (const number of [7, 2 ** 21, 32_768]) writer.u32(number);
    });
    const answer = await client.next(message.channelOpenFailure);
    expect([answer.u32(), answer.u32()]).toEqual([7, reason]);
    client.socket.destroy();
  });
});

describe('requests', () => {
  test('terminal and environment are taken, everything else that is not a session is refused', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    client.openChannel();
    await client.next(message.channelOpenConfirmation);
    // Modes that ssh2's own parser calls fatal.
    client.request(0, 'pty-req', (writer) => writer.string(Buffer.alloc(40, 0xff)));
    await client.next(message.channelSuccess);
    client.request(0, 'env', (writer) => writer.string(utf8('LANG')));
    await client.next(message.channelSuccess);
    for (const type of ['x11-req', 'auth-agent-req@openssh.com', 'signal', 'exit-status', 'nonsense']) {
      client.request(0, type);
      await client.next(message.channelFailure);
    }
    client.request(0, 'subsystem', (writer) => writer.string(utf8('shell')));
    await client.next(message.channelFailure);
    client.request(0, 'subsystem', (writer) => writer.string(utf8('sftp')));
    await client.next(message.channelSuccess);
    client.request(0, 'subsystem', (writer) => writer.string(utf8('sftp')));
    await client.next(message.channelFailure);
    expect(server.infos.length).toBe(1);
    client.socket.destroy();
  });

  test('[RFC 4253 11.4] an unknown message is answered UNIMPLEMENTED with its number', async () => {
    server = await startServer();
    const client = await RawClient.loggedIn(server.port);
    const sequence = client.protocol._cipher.outSeqno;
    client.send(Buffer.from([192, 1, 2, 3]));
    expect((await client.next(message.unimplemented)).u32()).toBe(sequence);
    client.socket.destroy();
  });

  test.each([6, 51, 52, 53, 60, 91, 92, 95])(
    'message %d, which no client has to send, ends the connection',
    async (type) => {
      server = await startServer();
      const client = await RawClient.loggedIn(server.port);
      client.send(Buffer.concat([Buffer.from([type]), Buffer.alloc(32)]));
      await client.closed;
    },
  );

  test('a channel that never was, and requests cut short, end the connection', async () => {
    for (const bytes of [
      Buffer.from([94, 0, 0, 0, 9, 0, 0, 0, 1, 65]),
      Buffer.from([94, 0, 0]),
      Buffer.from([90, 0, 0, 0, 99, 65]),
      Buffer.from([98, 0, 0, 0, 0, 255, 255, 255, 255]),
      Buffer.from([80]),
    ]) {
      server = await startServer();
      const client = await RawClient.loggedIn(server.port);
      client.send(bytes);
      await client.closed;
      await server.close();
    }
  });
});

describe('the life of a session', () => {
  test('T5: exit status, EOF, CLOSE, in this order and after everything queued', async () => {
    const session = recorded();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp(32_768, 50_000);
    const channel = await session.channel;
    channel.send(Buffer.alloc(100_000, 'x'));
    channel.finish(0);
    await roundTrip(client);
    expect(client.count(message.channelClose)).toBe(0);
    client.say(message.channelWindowAdjust, (writer) => {
      writer.u32(0);
      writer.u32(100_000);
    });
    await client.next(message.channelClose);
    const order = client.received.map(({ type }) => type);
    expect(order.slice(-2)).toEqual([message.channelRequest, message.channelEof]);
    const bytes = client.received.filter(({ type }) => type === message.channelData);
    expect(bytes.reduce((sum, one) => sum + one.bytes.length - 9, 0)).toBe(100_000);
    client.say(message.channelClose, (writer) => writer.u32(id));
    await session.closed;
    expect(session.seen).toEqual(['closed']);
    client.socket.destroy();
  });

  test('a CLOSE from the client is answered, and the session told once', async () => {
    const session = recorded();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp();
    client.data(id, Buffer.alloc(10));
    client.say(message.channelEof, (writer) => writer.u32(id));
    client.say(message.channelClose, (writer) => writer.u32(id));
    client.say(message.channelClose, (writer) => writer.u32(id));
    client.data(id, Buffer.alloc(10));
    await client.next(message.channelClose);
    await roundTrip(client);
    expect(client.count(message.channelClose)).toBe(0);
    const channel = await session.channel;
    channel.send(Buffer.from('late'));
    channel.finish(0);
    channel.destroy();
    await roundTrip(client);
    expect(client.count(message.channelClose) + client.count(message.channelData)).toBe(0);
    client.socket.destroy();
    await server.event('connection.closed');
    expect(session.seen).toEqual(['data 10', 'end', 'closed']);
  });

  test('the end of the connection closes every session', async () => {
    const session = recorded();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp();
    client.socket.destroy();
    await session.closed;
    expect(session.seen).toEqual(['closed']);
  });

  test('a session that throws ends its connection and no other', async () => {
    server = await startServer({
      serve(channel) {
        channel.start({
          data: () => {
            throw new Error('a bug');
          },
          end: () => undefined,
          sent: () => undefined,
          closed: () => undefined,
        });
      },
    });
    const other = await RawClient.loggedIn(server.port);
    const client = await RawClient.loggedIn(server.port);
    client.data(await client.sftp(), Buffer.from('x'));
    await client.closed;
    await roundTrip(other);
    other.socket.destroy();
  });

  test('a session that cannot start says so', async () => {
    server = await startServer({
      serve() {
        throw new Error('a bug');
      },
    });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp();
    expect((await dataOf(client, message.channelExtendedData)).toString()).toContain('could not be started');
    await client.next(message.channelClose);
    expect((await server.event('server.warning')).message).toContain('a bug');
    client.socket.destroy();
  });

  test('stopping lets a session answer what it took, and takes nothing more', async () => {
    const session = recorded();
    server = await startServer({ serve: session.serve });
    const { port } = server;
    const client = await RawClient.loggedIn(port);
    const id = await client.sftp();
    const idle = await RawClient.loggedIn(port);
    client.data(id, Buffer.alloc(3));
    await roundTrip(client);
    const stopped = server.server.close(10_000);
    await idle.closed;
    client.data(id, Buffer.alloc(4));
    await roundTrip(client);
    expect(session.seen).toEqual(['data 3', 'end']);
    const channel = await session.channel;
    channel.send(Buffer.from('answer'));
    channel.finish(0);
    expect((await dataOf(client)).toString()).toBe('answer');
    await client.next(message.channelClose);
    client.say(message.channelClose, (writer) => writer.u32(id));
    const farewell = await client.next(message.disconnect);
    farewell.u32();
    expect(farewell.byteString(100)).toBe('the server is stopping');
    await stopped;
    expect(server.server.connections).toBe(0);
    await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('stopping a second time ends what hangs', async () => {
    const session = recorded();
    server = await startServer({ serve: session.serve });
    const client = await RawClient.loggedIn(server.port);
    await client.sftp();
    const first = server.server.close(3_600_000);
    await server.server.close(3_600_000);
    await first;
    await client.closed;
  });
});

describe('who is silent', () => {
  test('is probed three times and then given up', async () => {
    const timers = new ManualTimers();
    server = await startServer({ options: { timers } });
    const client = await RawClient.loggedIn(server.port);
    for (let probe = 0; probe < 3; probe++) {
      // The first interval had the login in it.
      timers.pass(probe === 0 ? 30_000 : 15_000);
      await client.next(message.globalRequest);
    }
    timers.pass(15_000);
    await client.closed;
    expect((await server.event('connection.closed')).reason).toBe('the client does not answer any more');
  });

  test('but answers its probes stays until it was idle for long, keepalives not counted', async () => {
    const timers = new ManualTimers();
    server = await startServer({ options: { timers } });
    const client = await RawClient.loggedIn(server.port);
    const id = await client.sftp();
    const minutes = async (count: number): Promise<void> => {
      for (let quarter = 0; quarter < 4 * count; quarter++) {
        timers.pass(15_000);
        await roundTrip(client);
      }
    };
    await minutes(14);
    client.data(id, Buffer.from('x'));
    await roundTrip(client);
    await minutes(14);
    expect(client.over).toBe(false);
    timers.pass(60_000);

    const farewell = await client.next(message.disconnect);
    farewell.u32();
    expect(farewell.byteString(100)).toContain('nothing was asked for a long time');
    await server.event('connection.closed');
    expect(timers.pending).toBe(0);
  });

  test('and as long as a request of it is being answered', async () => {
    const timers = new ManualTimers();
    server = await startServer({ options: { timers }, settings: { 'keepalive.interval': 7_200_000 } });
    const client = await RawClient.loggedIn(server.port);
    const [info] = server.infos;
    info?.output.take(1000);
    timers.pass(899_999);
    info?.output.give(0);
    timers.pass(100_000);
    expect(server.server.connections).toBe(1);
    info?.output.give(1000);
    timers.pass(1_000_000);
    expect(server.server.connections).toBe(0);
    client.socket.destroy();
  });
});
