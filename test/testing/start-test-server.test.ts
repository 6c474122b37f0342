import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { memory } from '../../src/index.js';
import { startTestServer, type TestServer, type TestServerOptions } from '../../src/testing.js';
import { TestClient } from './client.js';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../..', import.meta.url));

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function started(options?: TestServerOptions): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}

describe('a test server', () => {
  it('says all that a client needs to know', async () => {
    const server = await started();
    expect(server).toMatchObject({ host: '127.0.0.1', user: 'alice', password: 'secret' });
    expect(server.url).toBe(`sftp://alice:secret@127.0.0.1:${server.port}`);
    let shown = '';
    const client = await TestClient.login(server, {
      hostVerifier: (key: Buffer) => {
        shown = `ssh-ed25519 ${key.toString('base64')}`;
        return true;
      },
    });
    expect(shown).toBe(server.hostKey);
    expect(server.fingerprint).toMatch(/^SHA256:/);
    await client.write('/up.txt', 'from a client');
    expect((await server.read('/up.txt')).toString()).toBe('from a client');
  });

  it('has the files it was given, and takes more', async () => {
    const server = await started({ files: { '/a/b/c.txt': 'deep', '/ä.bin': Buffer.from([0, 255]) } });
    await server.write('/a/d.txt', 'later');
    const client = await TestClient.login(server);
    expect((await client.read('/a/b/c.txt')).toString()).toBe('deep');
    expect([...(await client.read('/ä.bin'))]).toEqual([0, 255]);
    expect((await client.read('/a/d.txt')).toString()).toBe('later');
    expect(await server.list('/a')).toEqual(['b', 'd.txt']);
    await server.write('/a/d.txt', 'new');
    expect((await server.read('/a/d.txt')).toString()).toBe('new');
    await expect(server.read('/none')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('has another user, another password and other accounts', async () => {
    const server = await started({
      user: 'c3',
      password: 'p/w@:',
      accounts: { reader: { password: 'r', readOnly: true } },
    });
    expect(server.url).toBe(`sftp://c3:p%2Fw%40%3A@127.0.0.1:${server.port}`);
    await (await TestClient.login(server)).write('/x', 'shared');
    const reader = await TestClient.login(server, { username: 'reader', password: 'r' });
    expect((await reader.read('/x')).toString()).toBe('shared');
    await expect(reader.write('/y', '')).rejects.toMatchObject({ code: 3 });
    await expect(TestClient.login(server, { password: 'wrong' })).rejects.toThrow(/authentication/i);
  });

  it('takes the password of its user from the accounts too', async () => {
    const server = await started({ accounts: { alice: { password: 'of her own' } } });
    expect(server.password).toBe('of her own');
    await (await TestClient.login(server)).leave();
  });

  it('names no password where the user has none', async () => {
    const { default: ssh2 } = await import('ssh2');
    const { public: line, private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519');
    const server = await started({ user: 'c3', password: 'unused', accounts: { c3: { keys: [line] } } });
    expect(server).toMatchObject({ password: '', url: `sftp://c3@127.0.0.1:${server.port}` });
    await (await TestClient.login(server, { privateKey })).leave();
  });

  it('serves a filesystem that it is given, and shows the host key that it is given', async () => {
    const vfs = memory();
    const first = await started({ vfs, files: { '/f': '1' } });
    const { default: ssh2 } = await import('ssh2');
    const { private: hostKey } = ssh2.utils.generateKeyPairSync('ed25519');
    const [second, third] = [await started({ vfs, hostKey }), await started({ hostKey })];
    expect((await second.read('/f')).toString()).toBe('1');
    expect(second.hostKey).toBe(third.hostKey);
    expect(second.hostKey).not.toBe(first.hostKey);
  });

  it('takes settings, and tells of events', async () => {
    const server = await started({ settings: { 'session.handles': 4 } });
    const seen: string[] = [];
    const closed = new Promise((resolve) => server.once('connection.closed', resolve));
    server.on('login.succeeded', ({ account }) => seen.push(account));
    const client = await TestClient.login(server);
    const open = () => client.refusal((sftp, done) => sftp.open('/f', 'w', done));
    for (let handle = 0; handle < 4; handle++) expect(await open()).toBeNull();
    expect(await open()).not.toBeNull();
    await client.leave();
    await closed;
    expect(seen).toEqual(['alice']);
  });

  it.each([
    [{ usre: 'bob' }, "there is no option 'usre'; did you mean 'user'?"],
    [{ keepRequests: 0 }, 'keepRequests is a whole number from 1 on, not 0'],
    [{ settings: { 'session.handels': 3 } }, 'session.handles'],
    [{ hostKey: 'nothing' }, 'host'],
    [{ user: 5 }, 'startTestServer: user is text, not 5'],
    [{ files: ['/a'] }, 'files must be an object'],
    [{ files: { '/a': 5 } }, "the file '/a': what a file holds is text or bytes"],
    [{ files: { '/a': 'x', '/a/b': 'y' } }, "the file '/a/b': not a folder"],
  ])('refuses %j in words', async (options, sentence) => {
    await expect(startTestServer(options as never)).rejects.toThrow(sentence);
  });

  it('refuses a function as its filesystem: it has one home', async () => {
    await expect(startTestServer({ vfs: (() => memory()) as never })).rejects.toThrow('vfs is one Vfs');
  });

  it('runs beside others, each with its own files, faults and requests', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, () => started()));
    many[0]?.faults.refuse('open');
    many[1]?.faults.stall();
    await Promise.all(
      many.slice(2).map(async (server, number) => {
        const client = await TestClient.login(server);
        await client.write('/n', String(number));
        expect((await server.read('/n')).toString()).toBe(String(number));
        expect(new Set(server.requests.map(({ session }) => session)).size).toBe(1);
      }),
    );
    expect(many[1]?.requests).toEqual([]);
  });

  it('has many clients at once from the one address', async () => {
    const server = await started();
    const clients = await Promise.all(Array.from({ length: 40 }, () => TestClient.login(server)));
    await Promise.all(clients.map((client, number) => client.write(`/${number}`, 'x')));
    expect(await server.list('/')).toHaveLength(40);
  });
});

describe('close', () => {
  it('ends every connection, may be called twice, and frees the port', async () => {
    const server = await started();
    const client = await TestClient.login(server);
    await Promise.all([server.close(), server.close()]);
    await client.closed;
    await server.close();
    await expect(TestClient.login(server)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves nothing that keeps a process alive, and printed nothing', async () => {
    const program = `
      import { startTestServer } from './dist/testing.js';
      import ssh2 from 'ssh2';
      const server = await startTestServer({ files: { '/f': 'x'.repeat(100_000) } });
      const client = new ssh2.Client();
      await new Promise((resolve) => {
        client.on('ready', resolve).on('error', () => undefined);
        client.connect({ host: server.host, port: server.port, username: server.user, password: server.password });
      });
      server.faults.slow({ bytesPerSecond: 10, latency: 60_000 });
      client.sftp(() => undefined);
      server.faults.stall();
      server.faults.delay('stat', { milliseconds: 3_600_000 });
      await server.close();
    `;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: top,
      timeout: 20_000,
    });
    expect([stdout, stderr]).toEqual(['', '']);
  });
});
