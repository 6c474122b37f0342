import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Fault } from '../../src/fault.js';
import type { SessionChannel } from '../../src/channel/channel.js';
import { disconnectCode, message, utf8 } from '../../src/ssh/messages.js';
import { ManualTimers } from './manual-timers.js';
import { RawClient } from './raw-client.js';
import { echo, settingsWith, startServer, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
});

async function farewell(client: RawClient): Promise<readonly [number, string]> {
  const fields = await client.next(message.disconnect);
  return [fields.u32(), fields.byteString(1000)];
}

/** What the operator was warned of. */
function warnings(of: TestServer): string {
  return of.seen.flatMap(([name, event]) => (name === 'server.warning' ? [event.message] : [])).join('\n');
}

/** A server that is still there for others. */
async function stillServes(of: TestServer): Promise<void> {
  const client = await RawClient.loggedIn(of.port);
  client.socket.destroy();
}

test('whom the operator ends is served nothing any more from that moment, also while the good-bye waits (A3)', async () => {
  const seen: string[] = [];
  const timers = new ManualTimers();
  server = await startServer({
    options: {
      timers,
      greet: () =>
        Promise.resolve({
          exec: () => undefined,
          sftp: (channel) =>
            channel.start({
              data(bytes) {
                seen.push(bytes.toString());
                return true;
              },
              end: () => seen.push('end'),
              sent: () => undefined,
              closed: () => seen.push('closed'),
            }),
          ended: () => seen.push('ended'),
        }),
    },
  });
  const client = await RawClient.loggedIn(server.port);
  const id = await client.sftp();
  client.data(id, Buffer.from('before'));
  await vi.waitUntil(() => seen.length === 1);
  const [session] = server.live.list();
  session?.close('this account is locked');
  session?.close('twice');
  expect(seen).toEqual(['before', 'closed', 'ended']);
  expect(server.live.list()).toEqual([]);
  client.data(id, Buffer.from('after'));
  const said = await client.next(message.channelExtendedData);
  expect([said.u32(), said.u32(), said.byteString(100)]).toEqual([0, 1, 'this account is locked\r\n']);
  expect(await farewell(client)).toEqual([disconnectCode.byApplication, 'this account is locked']);
  // The client may keep its half of the connection open for so long and no longer.
  timers.pass(1000);
  await client.closed;
  expect((await server.event('connection.closed')).reason).toBe('this account is locked');
  expect(seen).toEqual(['before', 'closed', 'ended']);
});

test('whom the operator ends while the session is being made is told, and never served (A3)', async () => {
  const services = { sftp: vi.fn(), exec: vi.fn(), ended: vi.fn() };
  let made = (): void => undefined;
  server = await startServer({
    options: { greet: () => new Promise((resolve) => (made = () => resolve(services))) },
  });
  const client = await RawClient.keyed(server.port);
  client.askForLogin();
  client.password('alice', 'secret');
  await vi.waitUntil(() => server?.live.list().length === 1);
  server.live.list()[0]?.close('this account was removed');
  made();
  expect(await farewell(client)).toEqual([disconnectCode.byApplication, 'this account was removed']);
  await client.closed;
  expect(client.count(message.userauthSuccess)).toBe(0);
  expect(services.ended).toHaveBeenCalledOnce();
  expect(services.sftp).not.toHaveBeenCalled();
});

test('the operator hears why somebody could not be served, with what lies behind it', async () => {
  server = await startServer({
    options: {
      greet: () =>
        Promise.reject(new Fault('no-space', 'no home', { cause: new Error('ENOSPC /srv/homes/alice') })),
    },
  });
  const client = await RawClient.keyed(server.port);
  client.askForLogin();
  client.password('alice', 'secret');
  expect(await farewell(client)).toEqual([disconnectCode.byApplication, 'no home']);
  await client.closed;
  expect(warnings(server)).toContain('no home: ENOSPC /srv/homes/alice');
});

test('of a mistake of ours the peer hears nothing but that it happened, the operator all (J2)', async () => {
  let channel: SessionChannel | null = null;
  server = await startServer({
    serve(of) {
      channel = of;
      of.start({
        data() {
          throw new Error('ENOENT /srv/homes/alice');
        },
        end: () => undefined,
        sent: () => undefined,
        closed: () => undefined,
      });
    },
  });
  const client = await RawClient.loggedIn(server.port);
  client.data(await client.sftp(), Buffer.from('x'));
  expect(await farewell(client)).toEqual([disconnectCode.protocolError, 'internal error']);
  await client.closed;
  expect(channel).not.toBeNull();
  expect(warnings(server)).toContain('ENOENT /srv/homes/alice');
  await stillServes(server);
});

test('a mistake of the peer is told to it, and is no warning', async () => {
  server = await startServer();
  const client = await RawClient.loggedIn(server.port);
  client.say(message.channelClose, (writer) => writer.u32(7));
  expect(await farewell(client)).toEqual([disconnectCode.protocolError, 'a channel that was never opened']);
  client.socket.destroy();
  expect(warnings(server)).toBe('');
});

test('what goes wrong in a timer before login ends that connection, not the process (P1)', async () => {
  const timers = new ManualTimers();
  server = await startServer({ options: { timers } });
  const client = new Socket();
  client.on('error', () => undefined);
  client.connect(server.port, '127.0.0.1');
  client.write('SSH-2.0-Silent\r\n');
  // The offer that waits for the client's, and the login grace.
  await vi.waitUntil(() => timers.pending === 2);
  vi.spyOn(Socket.prototype, 'write').mockImplementationOnce(() => {
    throw new Error('odd');
  });
  expect(() => timers.pass(300)).not.toThrow();
  expect((await server.event('connection.closed')).reason).toBe('odd');
  client.destroy();
  await stillServes(server);
});

test('a connection that cannot be set up is refused, gives its place back, and harms nobody (P1)', async () => {
  const broken = settingsWith({ 'algorithms.kex': ['rot13'] });
  const whole = settingsWith({ 'login.pending': 1 });
  let current = whole;
  server = await startServer({ options: { settings: () => current } });
  current = broken;
  const refused = new Socket();
  refused.on('error', () => undefined);
  refused.connect(server.port, '127.0.0.1');
  expect((await server.event('connection.refused')).reason).toContain("'rot13' is not among");
  refused.destroy();
  current = whole;
  await stillServes(server);
});

test.each([
  ['two million pieces of one byte', 1, 300],
  ['a full window', 32_768, 10],
])('data that no session takes is not kept without end: %s (P1)', async (_what, size, count) => {
  server = await startServer();
  const client = await RawClient.loggedIn(server.port);
  client.openChannel();
  await client.next(message.channelOpenConfirmation);
  const piece = Buffer.alloc(size);
  for (let sent = 0; sent < count && !client.over; sent++) client.data(0, piece);
  await client.closed;
  expect((await server.event('connection.closed')).reason).toBe('data without a session to take it');
});

test('a little data before the session is no reason to end anything', async () => {
  server = await startServer({ serve: echo });
  const client = await RawClient.loggedIn(server.port);
  client.openChannel();
  await client.next(message.channelOpenConfirmation);
  client.data(0, Buffer.from('early'));
  client.request(0, 'subsystem', (writer) => writer.string(utf8('sftp')));
  const fields = await client.next(message.channelData);
  expect([fields.u32(), fields.byteString(100)]).toEqual([0, 'early']);
  client.socket.destroy();
});

test('a session hears whether its client ended the input, or the server that stops', async () => {
  const ends: string[] = [];
  server = await startServer({
    serve: (channel) =>
      channel.start({
        data: () => true,
        end(cut) {
          ends.push(cut === true ? 'cut' : 'ended');
          channel.finish(0);
        },
        sent: () => undefined,
        closed: () => undefined,
      }),
  });
  const client = await RawClient.loggedIn(server.port);
  const ended = await client.sftp();
  client.say(message.channelEof, (writer) => writer.u32(ended));
  await vi.waitUntil(() => ends.length === 1);
  await client.sftp();
  const stopped = server.server.close(5000);
  await vi.waitUntil(() => ends.length === 2);
  client.socket.destroy();
  await stopped;
  expect(ends).toEqual(['ended', 'cut']);
});
