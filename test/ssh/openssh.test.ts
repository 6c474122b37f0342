import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { echo, startServer, userKeys, type TestServer } from './test-server.js';

let work = '';
let server: TestServer | null = null;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-openssh-'));
  writeFileSync(join(work, 'id_ed25519'), userKeys.ed25519.text, { mode: 0o600 });
  writeFileSync(join(work, 'id_rsa'), userKeys.rsa.text, { mode: 0o600 });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));
afterEach(() => server?.close());

interface Result {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

function run(program: string, args: readonly string[], input: Buffer | string = ''): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }));
  });
}

/** Options for a login as alice that knows the host's keys and asks for nothing. */
function options(of: TestServer, key = 'id_ed25519'): string[] {
  const knownHosts = join(work, 'known_hosts');
  writeFileSync(knownHosts, of.hostKeys.knownHosts('127.0.0.1', of.port).join('\n') + '\n');
  return [
    ...['-F', 'none', '-i', join(work, key), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=yes'],
  ];
}

function ssh(
  of: TestServer,
  args: readonly string[],
  input: Buffer | string = '',
  key?: string,
): Promise<Result> {
  return run('ssh', [...options(of, key), '-p', String(of.port), ...args], input);
}

test('a shell is refused with the line to type, and exit status 1', async () => {
  server = await startServer();
  for (const flags of [['-T'], ['-tt']]) {
    const { code, out, err } = await ssh(server, [...flags, 'alice@127.0.0.1']);
    expect(err).toContain(`this server gives files only: sftp -P ${server.port} alice@127.0.0.1`);
    expect(out.length).toBe(0);
    expect(code).toBe(1);
  }
  expect(await server.event('request.refused')).toMatchObject({ account: 'alice', operation: 'shell' });
});

test('a command reaches its service in the bytes of the request', async () => {
  const asked: string[] = [];
  server = await startServer({
    options: {
      greet: () =>
        Promise.resolve({
          sftp: () => undefined,
          exec: (channel, _info, command) => {
            asked.push(command);
            echo(channel);
          },
          ended: () => undefined,
        }),
    },
  });
  const { code } = await ssh(server, ['alice@127.0.0.1', 'sum \xfe\n']);
  expect(code).toBe(0);
  expect(asked).toEqual([Buffer.from('sum \xfe\n').toString('latin1')]);
});

test('a subsystem other than sftp is refused, and told to the log', async () => {
  server = await startServer();
  const { code } = await ssh(server, ['-s', 'alice@127.0.0.1', 'netconf']);
  expect(code).not.toBe(0);
  expect(await server.event('request.refused')).toMatchObject({ operation: 'subsystem', path: 'netconf' });
});

test('T5: a session that ends in order gives exit status 0 and everything that was queued', async () => {
  server = await startServer();
  const sent = Buffer.alloc(3_000_000, 'plimsoll');
  const { code, out } = await ssh(server, ['-s', 'alice@127.0.0.1', 'sftp'], sent);
  expect(code).toBe(0);
  expect(out.equals(sent)).toBe(true);
});

test('what a session says on stderr arrives beside its data', async () => {
  server = await startServer({
    serve(channel) {
      channel.start({
        data: () => true,
        end: () => undefined,
        sent: () => undefined,
        closed: () => undefined,
      });
      channel.send(Buffer.from('out'));
      channel.stderr('quota exceeded: 99.2 MB of 100 MB used');
      channel.finish(3);
    },
  });
  const { code, out, err } = await ssh(server, ['-s', 'alice@127.0.0.1', 'sftp']);
  expect(out.toString()).toBe('out');
  expect(err).toContain('quota exceeded: 99.2 MB of 100 MB used');
  expect(code).toBe(3);
});

test('OpenSSH is led to AES-GCM, signs RSA with SHA-2, and never compresses', async () => {
  server = await startServer();
  const { err, code } = await ssh(
    server,
    ['-vv', '-o', 'Compression=yes', '-s', 'alice@127.0.0.1', 'sftp'],
    '',
    'id_rsa',
  );
  expect(code).toBe(0);
  expect(err).toMatch(/kex: server->client cipher: aes128-gcm@openssh.com .* compression: none/);
  expect(err).toContain('server-sig-algs=<ssh-ed25519,ecdsa-sha2-nistp256,');
  expect(err).toMatch(/Server accepts key: .*id_rsa RSA/);
  expect(err).not.toContain('client->server compression: zlib');
  const [login] = server.seen.filter(([name]) => name === 'login.succeeded');
  expect(login?.[1]).toMatchObject({ account: 'alice', method: 'publickey' });
});

test.each(['chacha20-poly1305@openssh.com', 'aes128-ctr', 'aes256-gcm@openssh.com'])(
  'a client that wants %s alone gets it',
  async (cipher) => {
    server = await startServer();
    const sent = Buffer.alloc(500_000, 'x');
    const { code, out } = await ssh(server, ['-c', cipher, '-s', 'alice@127.0.0.1', 'sftp'], sent);
    expect(code).toBe(0);
    expect(out.equals(sent)).toBe(true);
  },
);

test('the client may exchange keys every megabyte', async () => {
  server = await startServer();
  const sent = Buffer.alloc(40_000_000, 'rekey');
  const { code, out } = await ssh(server, ['-o', 'RekeyLimit=1M', '-s', 'alice@127.0.0.1', 'sftp'], sent);
  expect(code).toBe(0);
  expect(out.equals(sent)).toBe(true);
});

test('so may the server, under data in both directions', async () => {
  server = await startServer({ settings: { 'rekey.bytes': 2 ** 20 } });
  const sent = Buffer.alloc(40_000_000, 'rekey');
  const { code, out, err } = await ssh(server, ['-v', '-s', 'alice@127.0.0.1', 'sftp'], sent);
  expect(code).toBe(0);
  expect(out.equals(sent)).toBe(true);
  expect(err.match(/SSH2_MSG_KEXINIT received/g)?.length).toBeGreaterThan(10);
});

test('forwarding of every kind is refused, and the session goes on', async () => {
  server = await startServer();
  const { code, out, err } = await ssh(
    server,
    ['-A', '-X', '-R', '0:127.0.0.1:9', '-s', 'alice@127.0.0.1', 'sftp'],
    'bytes',
  );
  expect(err).toMatch(/remote port forwarding failed/);
  expect(out.toString()).toBe('bytes');
  expect(code).toBe(0);
  const direct = await ssh(server, ['-W', '127.0.0.1:9', 'alice@127.0.0.1']);
  expect(direct.err).toContain('this server forwards nothing');
});

test('environment variables are taken and change nothing', async () => {
  server = await startServer();
  const { code } = await ssh(server, ['-o', 'SetEnv=LANG=C', '-s', 'alice@127.0.0.1', 'sftp']);
  expect(code).toBe(0);
});

test('ssh-keyscan sees the host keys that known_hosts names', async () => {
  server = await startServer();
  const { out } = await run('ssh-keyscan', ['-p', String(server.port), '127.0.0.1']);
  const lines = out.toString().trim().split('\n').sort();
  expect(lines).toEqual([...server.hostKeys.knownHosts('127.0.0.1', server.port)].sort());
});

test('an operator who closes a session is heard by the client', async () => {
  server = await startServer();
  const running = ssh(server, ['-s', 'alice@127.0.0.1', 'sftp'], Buffer.alloc(100_000));
  const child = spawn('ssh', [
    ...options(server),
    '-p',
    String(server.port),
    '-s',
    'alice@127.0.0.1',
    'sftp',
  ]);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const echoed = new Promise((resolve) => child.stdout.once('data', resolve));
  child.stdin.write('x');
  await echoed;
  await running;
  for (const session of server.live.list()) session.close('your account was locked');
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(255);
  expect(err).toContain('your account was locked');
  expect(server.live.list()).toEqual([]);
});
