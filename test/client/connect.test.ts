import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.js';
import type { Login } from '../../src/client/connection.js';
import { createHostKeyPolicy } from '../../src/client/host-key-policy.js';
import { encodeReply } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { startServer, type TestServer } from '../interop/server.js';
import { faultOf, hostKeyWitness, keyFrom, login, options } from './connecting.js';
import { grantSessions, startLoginServer } from './login-server.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

const known = ({ user, keyFile }: Pick<Sshd, 'user' | 'keyFile'>): Login =>
  login(user, { keys: [keyFrom(keyFile)] });

/** Of the first request, which asks where the session starts. */
const refusal = encodeReply({ kind: 'status', id: 1, code: statusCodes.failure, message: '', language: '' });

describe.skipIf(withoutSshd())("connect, to OpenSSH's server", () => {
  let sshd: Sshd;
  let who: Login;
  beforeAll(async () => {
    sshd = await startSshd({ config: ['Match LocalPort 0', 'Match all'] });
    who = known(sshd);
  });
  afterAll(() => sshd.stop());

  it('logs in with a key, and ends in order', async () => {
    const connection = await connect(options(sshd, who));
    expect(connection.loginMethod).toBe('publickey');
    expect(connection.remote.facts.ident).toMatch(/^SSH-2\.0-OpenSSH_/);
    expect(await connection.remote.realpath('.')).toBe(sshd.folder);
    await connection.end();
    expect(await connection.closed).toBeNull();
    await connection.end();
    expect(await faultOf(connection.remote.realpath('/'))).toMatchObject({ code: 'no-connection' });
  });

  it('says what the server takes where there is nothing to try', async () => {
    const fault = await faultOf(connect(options(sshd, login(sshd.user))));
    expect(fault).toMatchObject({ code: 'login-refused' });
    expect(fault.message).toMatch(
      new RegExp(`^login refused for ${sshd.user}: nothing to try; the server takes publickey, password`),
    );
  });

  it('notices that the server is gone', async () => {
    const connection = await connect(options(sshd, who));
    sshd.drop();
    expect(await connection.closed).toMatchObject({ code: 'no-connection' });
    await connection.end();
  });

  it('knows the host by its file, and refuses another key for it', async () => {
    const policy = createHostKeyPolicy({ files: [sshd.knownHosts], acceptNew: false, pinned: [], ask: null });
    const hostKeyTypes = policy.knownTypes('127.0.0.1', sshd.port);
    expect(hostKeyTypes).toEqual(['ssh-ed25519']);
    await (await connect(options(sshd, who, { checkHostKey: policy.check, hostKeyTypes }))).end();
    const stranger = createHostKeyPolicy({ files: [], acceptNew: false, pinned: [], ask: null });
    const fault = await faultOf(connect(options(sshd, who, { checkHostKey: stranger.check })));
    expect(fault).toMatchObject({ code: 'wrong-host-key' });
    expect(fault.message).toMatch(/is not known: ED25519 SHA256:/);
  });

  it('goes through other hosts, each with its own key and login', async () => {
    const witness = hostKeyWitness();
    const jump = options(sshd, who, { checkHostKey: (key) => witness.check(key) });
    const connection = await connect({ ...jump, jumps: [jump, jump] });
    expect(witness.seen.map(({ port }) => port)).toEqual([sshd.port, sshd.port, sshd.port]);
    expect(await connection.remote.realpath('.')).toBe(sshd.folder);
    await connection.end();
    expect(await connection.closed).toBeNull();

    const broken = await connect({ ...jump, jumps: [jump] });
    sshd.drop();
    expect(await broken.closed).toMatchObject({ code: 'no-connection' });
  });

  it('says which host of several it was', async () => {
    const jump = options(sshd, who);
    const nowhere = await faultOf(connect({ ...jump, port: 1, jumps: [jump] }));
    expect(nowhere).toMatchObject({ code: 'no-connection' });
    expect(nowhere.message).toMatch(
      /^127\.0\.0\.1:\d+ does not connect to 127\.0\.0\.1:1: Connection refused$/,
    );
    const stranger = await faultOf(connect({ ...jump, jumps: [{ ...jump, login: login('nobody-here') }] }));
    expect(stranger.message).toMatch(/^login refused for nobody-here/);
  });

  it('stops where it is told to', async () => {
    const early = AbortSignal.abort();
    expect(await faultOf(connect(options(sshd, who, { signal: early })))).toMatchObject({
      code: 'cancelled',
    });
    const later = new AbortController();
    const checkHostKey = (): Promise<void> => {
      later.abort();
      return new Promise(() => undefined);
    };
    const stopped = connect(options(sshd, who, { signal: later.signal, checkHostKey }));
    expect(await faultOf(stopped)).toMatchObject({ code: 'cancelled' });
  });

  it('leaves nothing behind that would keep the process', async () => {
    const script = `
      import { connect } from '${fileURLToPath(new URL('../../dist/client/connect.js', import.meta.url))}';
      import { readFileSync } from 'node:fs';
      const nobody = async () => null;
      const keys = [{ key: readFileSync('${sshd.keyFile}'), name: 'key' }];
      const login = { user: '${sshd.user}', agent: null, keys, passphrase: nobody, password: nobody, answers: nobody };
      const to = { host: '127.0.0.1', port: ${sshd.port}, login, checkHostKey: async () => {}, timeout: 60000 };
      const connection = await connect({ ...to, jumps: [to] });
      await connection.end();
      const refused = { ...to, login: { ...login, keys: [] } };
      console.log(await connect(refused).catch((fault) => fault.code));
    `;
    const begun = performance.now();
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (printed += String(chunk)));
    await once(child, 'close');
    expect(printed).toBe('login-refused\n');
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

describe.skipIf(withoutSshd())('connect, where one session is all there is', () => {
  it("gets it at OpenSSH's server with MaxSessions 1", async () => {
    const sshd = await startSshd({ config: ['MaxSessions 1'] });
    try {
      const connection = await connect(options(sshd, known(sshd)));
      expect(await connection.remote.realpath('.')).toBe(sshd.folder);
      await connection.end();
    } finally {
      await sshd.stop();
    }
  });

  it('says so where there is none', async () => {
    const sshd = await startSshd({ config: ['MaxSessions 0'] });
    try {
      const fault = await faultOf(connect(options(sshd, known(sshd))));
      expect(fault).toMatchObject({ code: 'no-connection' });
      expect(fault.message).toMatch(/grants the login and no session: Channel open failure: open failed$/);
    } finally {
      await sshd.stop();
    }
  });

  it('asks for one session, and needs no second one', async () => {
    let asked = 0;
    const server = await startLoginServer({
      authenticate: (attempt) => attempt.accept(),
      session: (connection) => {
        connection.on('session', (accept) => {
          asked++;
          accept().on('subsystem', (grant) => {
            const channel = grant();
            channel.once('data', () => {
              channel.write(versionPacket);
              channel.once('data', () => channel.write(refusal));
            });
          });
        });
      },
    });
    try {
      const connection = await connect(options(server, login('alice')));
      expect(connection.remote.facts.version).toBe(3);
      await connection.end();
      expect(asked).toBe(1);
    } finally {
      await server.stop();
    }
  });

  it('says so where there is no SFTP', async () => {
    const server = await startLoginServer({
      authenticate: (attempt) => attempt.accept(),
      session: (connection) => connection.on('session', (accept) => void accept()),
    });
    try {
      const fault = await faultOf(connect(options(server, login('alice'))));
      expect(fault).toMatchObject({ code: 'unsupported' });
      expect(fault.message).toMatch(/grants the login and has no SFTP/);
    } finally {
      await server.stop();
    }
  });
});

/** VERSION 3 without extensions. [filexfer-02 4] */
const versionPacket = Buffer.from([0, 0, 0, 5, 2, 0, 0, 0, 3]);

describe('connect, to ours', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('logs in', async () => {
    const who = login('alice', { keys: [keyFrom(server.keyFile)] });
    const connection = await connect(options(server, who));
    expect(await connection.remote.realpath('.')).toBe('/');
    await connection.end();
    expect(await connection.closed).toBeNull();
  });

  it('tells what the server says when it ends the session', async () => {
    await server.addAccount('brief');
    const who = login('brief', { keys: [keyFrom(server.keyFile)] });
    const connection = await connect(options(server, who));
    await server.plimsoll(['user', 'lock', 'brief']);
    const fault = await connection.closed;
    expect(fault).toMatchObject({ code: 'no-connection' });
    expect(fault?.message).toMatch(/closed the connection: .*locked/);
    const refused = await faultOf(connect(options(server, who)));
    expect(refused).toMatchObject({ code: 'login-refused' });
  });

  it('asks for the type of host key that is known first', async () => {
    const witness = hostKeyWitness();
    const who = login('alice', { keys: [keyFrom(server.keyFile)] });
    for (const hostKeyTypes of [['ssh-rsa'], ['ssh-ed25519'], ['ssh-dss']]) {
      const checkHostKey = witness.check;
      await (await connect(options(server, who, { hostKeyTypes, checkHostKey }))).end();
    }
    expect(witness.seen.map(({ type }) => type)).toEqual(['ssh-rsa', 'ssh-ed25519', 'ssh-ed25519']);
  });
});

describe('connections, one after another', () => {
  it('leave no listeners behind', async () => {
    const server = await startLoginServer({ authenticate: (attempt) => attempt.accept() });
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    try {
      for (let count = 0; count < 12; count++) {
        await (await connect(options(server, login('alice'), { signal }))).end();
      }
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', onWarning);
      await server.stop();
    }
  });
});

describe('a connection that stands', () => {
  it('keeps its host key through further key exchanges, and asks about it once', async () => {
    const server = await startLoginServer({
      authenticate: (attempt) => attempt.accept(),
      session: grantSessions,
    });
    try {
      const witness = hostKeyWitness();
      const connection = await connect(options(server, login('alice'), { checkHostKey: witness.check }));
      const [theirs] = server.connections;
      await new Promise<void>((resolve) => theirs?.rekey(() => resolve()));
      expect(await connection.remote.realpath('.')).toBe('/here');
      expect(witness.seen).toHaveLength(1);
      await connection.end();
    } finally {
      await server.stop();
    }
  });
});
