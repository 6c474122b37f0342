import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.js';
import { version } from '../../src/client/version.js';
import { Fault } from '../../src/fault.js';
import { parseKey, sendPacket, type Protocol } from '../../src/ssh/internals.js';
import { faultOf, login, options } from './connecting.js';
import {
  grantSessions,
  socketOf,
  startLoginServer,
  type LoginServer,
  type LoginServerOptions,
} from './login-server.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that speaks no SSH but what the test says. */
async function raw(serve: (socket: Socket) => void): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}

async function ssh(parts: Partial<LoginServerOptions> = {}): Promise<LoginServer> {
  const server = await startLoginServer({ authenticate: (attempt) => attempt.accept(), ...parts });
  closing.push(() => server.stop());
  return server;
}

interface InnerConnection {
  readonly _protocol: Protocol & {
    readonly _packetRW: {
      readonly write: {
        readonly allocStart: number;
        alloc(length: number): Buffer;
        finalize(packet: Buffer): Buffer;
      };
    };
    channelOpenConfirm: (theirs: number, ours: number, window: number, packetSize: number) => void;
    readonly _hostKeys: Record<string, unknown>;
  };
}

const inner = (connection: Connection): InnerConnection['_protocol'] =>
  (connection as unknown as InnerConnection)._protocol;

/** A packet as the test has it, encrypted like any other. */
function send(connection: Connection, payload: Buffer): void {
  const protocol = inner(connection);
  const { write } = protocol._packetRW;
  const packet = write.alloc(payload.length);
  packet.set(payload, write.allocStart);
  sendPacket(protocol, write.finalize(packet));
}

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0, 0, value.length >> 8, value.length & 255]), Buffer.from(value)]);
const patience = 300;

describe('a server that cannot be used', () => {
  const to = (server: { readonly port: number }, parts = {}): ReturnType<typeof options> =>
    options(server, login('alice'), parts);

  it('is not there', async () => {
    const { port } = await raw(() => undefined);
    await closing.pop()?.();
    const fault = await faultOf(connect(to({ port })));
    expect(fault).toMatchObject({ code: 'no-connection' });
    expect(fault.message).toBe(
      `127.0.0.1:${port} refuses connections: nothing listens on port ${port} there`,
    );
  });

  it('has a name that nobody knows, or a port that is none', async () => {
    const nobody = await faultOf(connect(to({ port: 22 }, { host: 'no-such-host.invalid' })));
    expect(nobody).toMatchObject({ code: 'no-connection' });
    expect(nobody.message).toMatch(/no-such-host\.invalid/);
    for (const port of [0, 65_536, NaN]) {
      expect(await faultOf(connect(to({ port })))).toMatchObject({ code: 'invalid' });
    }
  });

  it('says nothing', async () => {
    const server = await raw(() => undefined);
    const fault = await faultOf(connect(to(server, { timeout: patience })));
    expect(fault).toMatchObject({ code: 'timed-out' });
    expect(fault.message).toMatch(/was reached and says nothing: is it an SSH server\?$/);
  });

  it('closes or resets before it says anything', async () => {
    const closes = await raw((socket) => socket.end());
    expect((await faultOf(connect(to(closes)))).message).toMatch(
      /closed the connection before it said anything/,
    );
    const resets = await raw((socket) => socket.resetAndDestroy());
    expect(await faultOf(connect(to(resets)))).toMatchObject({ code: 'no-connection' });
  });

  it('speaks something else', async () => {
    const server = await raw((socket) => socket.end('HTTP/1.1 400 Bad \x1b[31mRequest\r\n\r\n'));
    const fault = await faultOf(connect(to(server)));
    expect(fault).toMatchObject({ code: 'no-connection' });
    expect(fault.message).toMatch(/does not speak SSH: it says 'HTTP\/1\.1 400 Bad \\x1b\[31mRequest'$/);
  });

  it('talks without end and never says who it is', async () => {
    let ended = false;
    const server = await raw((socket) => {
      const talk = (): void => {
        if (!socket.destroyed) socket.write(`${'x'.repeat(1000)}\r\n`, talk);
      };
      socket.on('close', () => (ended = true));
      talk();
    });
    expect(await faultOf(connect(to(server)))).toMatchObject({ code: 'no-connection' });
    await expect.poll(() => ended).toBe(true);
  });

  it('speaks version 1', async () => {
    const server = await raw((socket) => socket.write('SSH-1.5-old\n'));
    expect(await faultOf(connect(to(server)))).toMatchObject({ code: 'no-connection' });
  });

  it('breaks off in the key exchange', async () => {
    const server = await raw((socket) => socket.end('SSH-2.0-x\r\n'));
    expect((await faultOf(connect(to(server)))).message).toMatch(
      /closed the connection during the key exchange$/,
    );
  });

  it('has no algorithm in common', async () => {
    const config = { algorithms: { kex: ['diffie-hellman-group14-sha1' as const] } };
    const fault = await faultOf(connect(to(await ssh({ config }))));
    expect(fault).toMatchObject({ code: 'no-connection' });
    expect(fault.message).toMatch(
      /^no common key exchange algorithm with 127\.0\.0\.1:\d+: the server \(SSH-2\.0-ssh2js/,
    );
  });

  it('has only host keys with signatures over SHA-1', async () => {
    const config = { algorithms: { serverHostKey: ['ssh-rsa' as const] } };
    expect((await faultOf(connect(to(await ssh({ config }))))).message).toMatch(
      /^no common kind of host key/,
    );
  });

  it('turns away, and says why', async () => {
    const server = await ssh({
      authenticate: (attempt, index) => {
        if (index === 0) attempt.reject(['password']);
      },
      connected: (connection) =>
        connection.on('authentication', (attempt) => {
          if (attempt.method === 'password') {
            send(
              connection,
              Buffer.concat([Buffer.from([1, 0, 0, 0, 2]), text('too many\x07 failures'), text('')]),
            );
          }
        }),
    });
    const who = login('alice', { password: () => Promise.resolve('x') });
    const fault = await faultOf(connect(options(server, who)));
    expect(fault).toMatchObject({ code: 'login-refused' });
    expect(fault.message).toMatch(/tried password; .*; it said: too many\\x07 failures$/);
  });

  it('is told who is here in one line', async () => {
    let first = '';
    const server = await raw((socket) => socket.once('data', (chunk) => socket.end((first = String(chunk)))));
    await faultOf(connect(to(server)));
    expect(first).toMatch(new RegExp(`^SSH-2\\.0-plim_${version.replaceAll('.', '\\.')}\r\n`));
  });
});

describe('a server that comes in pieces', () => {
  it('is understood byte by byte, whatever it says before its identification', async () => {
    const behind = await ssh();
    const { connect: dial } = await import('node:net');
    const server = await raw((socket) => {
      const through = dial(behind.port, '127.0.0.1');
      socket.pipe(through);
      through.on('error', () => undefined);
      through.once('data', (chunk: Buffer) => {
        void (async () => {
          through.pause();
          socket.setNoDelay();
          const end = chunk.indexOf('\n') + 1;
          const slowly = Buffer.concat([Buffer.from('hello\r\nSSH is here\r\n'), chunk.subarray(0, end)]);
          for (const byte of slowly) {
            socket.write(Buffer.from([byte]));
            await sleep(1);
          }
          socket.write(chunk.subarray(end));
          through.pipe(socket);
        })();
      });
    });
    const connection = await connect(options(server, login('alice')));
    expect(connection.remote.facts.ident).toMatch(/^SSH-2\.0-ssh2js/);
    await connection.end();
  });
});

describe('a hostile server', () => {
  it('cannot have memory for a packet of any length', async () => {
    let ended = false;
    const server = await raw((socket) => {
      socket.on('close', () => (ended = true));
      socket.write('SSH-2.0-x\r\n');
      // A length of 1 GiB is refused, and would have been believed with the next byte.
      socket.once('data', () => {
        socket.write(Buffer.from([0x40, 0, 0, 0]));
        setImmediate(() => socket.write(Buffer.alloc(64)));
      });
    });
    const before = process.memoryUsage().arrayBuffers;
    expect(await faultOf(connect(options(server, login('alice'))))).toMatchObject({ code: 'no-connection' });
    await expect.poll(() => ended).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
  });

  it('is not asked further once its host key was refused', async () => {
    const server = await ssh();
    const checkHostKey = (): Promise<void> => Promise.reject(new Fault('wrong-host-key', 'not this one'));
    const fault = await faultOf(connect(options(server, login('alice'), { checkHostKey })));
    expect(fault).toMatchObject({ code: 'wrong-host-key', message: 'not this one' });
    expect(server.tried).toEqual([]);
  });

  it('cannot change its host key within a connection', async () => {
    const server = await ssh();
    const connection = await connect(options(server, login('alice')));
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const key = parseKey(Buffer.from(other.export({ type: 'pkcs1', format: 'pem' })));
    const [theirs] = server.connections;
    if (!theirs) throw new Error('nobody came');
    const keys = inner(theirs)._hostKeys;
    for (const type of Object.keys(keys)) keys[type] = key;
    theirs.rekey();
    expect(await connection.closed).toMatchObject({
      code: 'wrong-host-key',
      message: expect.stringContaining('changed its host key') as string,
    });
  });

  it('cannot send banners without end', async () => {
    const server = await ssh({
      authenticate: () => undefined,
      connected: (connection) =>
        connection.once('authentication', () => {
          for (let sent = 0; sent < 100; sent++) {
            send(connection, Buffer.concat([Buffer.from([53]), text(`banner ${sent}`), text('')]));
          }
        }),
    });
    let shown = 0;
    const banner = (): void => {
      shown++;
    };
    const fault = await faultOf(connect(options(server, login('alice'), { banner })));
    expect(fault.message).toMatch(/banners without end/);
    expect(shown).toBe(64);
  });

  it('cannot ask without end, nor for a thousand things', async () => {
    const endless = await ssh({
      authenticate: (attempt) => {
        if (attempt.method !== 'keyboard-interactive') {
          attempt.reject(['keyboard-interactive']);
          return;
        }
        const again = (): void => attempt.prompt([], again);
        again();
      },
    });
    expect((await faultOf(connect(options(endless, login('alice'))))).message).toMatch(/asks without end/);
    const many = await ssh({
      authenticate: (attempt) => {
        if (attempt.method !== 'keyboard-interactive') attempt.reject(['keyboard-interactive']);
        else
          attempt.prompt(
            Array.from({ length: 1000 }, () => 'x'),
            () => undefined,
          );
      },
    });
    expect((await faultOf(connect(options(many, login('alice'))))).message).toMatch(/too many things/);
  });

  it('has its texts cut before anybody sees them', async () => {
    const long = 'x'.repeat(9_999) as 'password';
    const server = await ssh({
      authenticate: (attempt) => {
        if (attempt.method !== 'keyboard-interactive') attempt.reject(['keyboard-interactive', long]);
        else
          attempt.prompt('p'.repeat(9_999), 'n'.repeat(9_999), 'i'.repeat(9_999), () =>
            attempt.reject([long]),
          );
      },
    });
    const lengths: number[] = [];
    const who = login('alice', {
      answers: ({ name, instruction, prompts }) => {
        lengths.push(name.length, instruction.length, prompts[0]?.text.length ?? 0);
        return Promise.resolve(null);
      },
    });
    const fault = await faultOf(connect(options(server, who)));
    expect(lengths).toEqual([1_024, 4_096, 1_024]);
    expect(fault.message.length).toBeLessThan(1_000);
  });

  it.each([0, 1])('cannot open a channel with packets of %i bytes', async (size) => {
    const server = await ssh({
      connected: (connection) => {
        connection.on('ready', () => {
          const protocol = inner(connection);
          const confirm = protocol.channelOpenConfirm.bind(protocol);
          protocol.channelOpenConfirm = (theirs, ours, window) => confirm(theirs, ours, window, size);
        });
      },
    });
    const fault = await faultOf(connect(options(server, login('alice'))));
    expect(fault.message).toMatch(/packets of no useful size/);
  });

  it('is given up when it opens no session, or does not answer any more', async () => {
    const never = await ssh({ session: (connection) => connection.on('session', () => undefined) });
    const fault = await faultOf(connect(options(never, login('alice'), { timeout: patience })));
    expect(fault).toMatchObject({ code: 'timed-out' });

    const stalled = await ssh();
    const connection = await connect(options(stalled, login('alice'), { timeout: patience }));
    const [theirs] = stalled.connections;
    if (theirs) socketOf(theirs).pause();
    expect(await connection.closed).toMatchObject({ code: 'timed-out' });
  });

  it('is not given up while it answers, however little there is to say', async () => {
    const server = await ssh();
    const connection = await connect(options(server, login('alice'), { timeout: patience }));
    await sleep(4 * patience);
    expect(await connection.remote.realpath('.')).toBe('/here');
    await connection.end();
  });

  it('cannot hold up the end', async () => {
    const server = await ssh({ session: grantSessions });
    const connection = await connect(options(server, login('alice')));
    const [theirs] = server.connections;
    if (theirs) socketOf(theirs).pause();
    const begun = performance.now();
    await connection.end();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(await connection.closed).toBeNull();
  });

  it('is heard to the end, whatever it sends to a channel that nobody opened', async () => {
    const server = await ssh();
    const connection = await connect(options(server, login('alice')));
    const [theirs] = server.connections;
    if (!theirs) throw new Error('nobody came');
    // Ours is channel 0; this is no SFTP.
    await connection.remote.realpath('.');
    send(theirs, Buffer.from([94, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 5, 250, 0, 0, 0, 1]));
    send(theirs, Buffer.concat([Buffer.from([1, 0, 0, 0, 2]), text('enough\nof you'), text('')]));
    expect(await connection.closed).toMatchObject({
      code: 'no-connection',
      message: expect.stringMatching(/closed the connection: enough\\x0aof you$/) as string,
    });
  });
});
