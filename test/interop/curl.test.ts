import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { audited } from './audit.js';
import { sha256, writeNoise } from './bytes.js';
import { curl, type Curl } from './curl.js';
import { hostileNames } from './hostile-names.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const size = 3_000_001;

/** By libssh2, which before 1.11 knows neither AES-GCM nor encrypt-then-MAC: Debian 12's needs the fallback. */
describe.skipIf(missing('curl', 'ssh-keygen'))('curl', () => {
  let server: TestServer;
  let home: string;
  let client: Curl;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);
  const at = (path: string): string => client.url(path);
  const succeed = (...args: readonly string[]) => must(client(...args));
  const quote = (...commands: readonly string[]) =>
    succeed('-l', '-o', '/dev/null', ...commands.flatMap((command) => ['-Q', command]), at('/'));

  beforeAll(async () => {
    server = await startServer({ environment: { PLIMSOLL_QUOTA_BYTES: 'none' } });
    home = server.home('alice');
    client = curl(server);
    await writeNoise(local('noise'), size);
    await succeed('-l', at('/'));
  });
  afterAll(() => server.stop());

  it('uploads and downloads: bytes equal', async () => {
    await succeed('-T', 'noise', at('/up'));
    await succeed('-o', 'down', at('/up'));
    expect(await sha256(remote('up'))).toBe(await sha256(local('noise')));
    expect(await sha256(local('down'))).toBe(await sha256(local('noise')));
  });

  it('uploads over a longer file, an empty one, and what comes through a pipe', async () => {
    writeFileSync(remote('longer'), 'x'.repeat(10_000));
    writeFileSync(local('short'), 'short');
    writeFileSync(local('empty'), '');
    await succeed('-T', 'short', at('/longer'), '-T', 'empty', at('/empty'));
    expect(readFileSync(remote('longer'), 'utf8')).toBe('short');
    expect(statSync(remote('empty')).size).toBe(0);
    const noise = readFileSync(local('noise'));
    await must(client.as([...client.pin, ...client.byKey], ['-T', '-', at('/piped')], noise));
    expect(readFileSync(remote('piped')).equals(noise)).toBe(true);
  });

  describe('-C - goes on where a transfer ended', () => {
    it('up', async () => {
      writeFileSync(remote('part'), readFileSync(local('noise')).subarray(0, 1_234_567));
      await succeed('-C', '-', '-T', 'noise', at('/part'));
      expect(await sha256(remote('part'))).toBe(await sha256(local('noise')));
      const closed = await audited(server, ({ event, path }) => event === 'file.closed' && path === '/part');
      expect(closed).toMatchObject({ bytesWritten: size - 1_234_567, complete: true });
    });

    it('down', async () => {
      writeFileSync(remote('rest'), readFileSync(local('noise')));
      writeFileSync(local('rest'), readFileSync(local('noise')).subarray(0, 1_234_567));
      await succeed('-C', '-', '-o', 'rest', at('/rest'));
      expect(await sha256(local('rest'))).toBe(await sha256(local('noise')));
      const closed = await audited(server, ({ event, path }) => event === 'file.closed' && path === '/rest');
      expect(closed).toMatchObject({ bytesRead: size - 1_234_567 });
    });
  });

  it('--append adds to the end, though it writes at offset 0 [T2]', async () => {
    writeFileSync(local('more'), 'and more');
    writeFileSync(remote('grown'), 'there is ');
    await succeed('--append', '-T', 'more', at('/grown'));
    expect(readFileSync(remote('grown'), 'utf8')).toBe('there is and more');
    await succeed('--append', '-T', 'noise', at('/grown'));
    const whole = readFileSync(remote('grown'));
    expect(whole.subarray(0, 17).toString()).toBe('there is and more');
    expect(whole.subarray(17).equals(readFileSync(local('noise')))).toBe(true);
    await succeed('--append', '-T', 'more', at('/grown-new'));
    expect(readFileSync(remote('grown-new'), 'utf8')).toBe('and more');
  });

  it.each([
    ['0-9', 0, 10],
    ['1000000-1032768', 1_000_000, 1_032_769],
    ['-10', size - 10, size],
    [`${size - 1}-`, size - 1, size],
    [`0-${size * 2}`, 0, size],
  ])('-r %s takes that range', async (range, start, end) => {
    writeFileSync(remote('ranged'), readFileSync(local('noise')));
    await succeed('-r', range, '-o', 'range', at('/ranged'));
    expect(readFileSync(local('range')).equals(readFileSync(local('noise')).subarray(start, end))).toBe(true);
  });

  it('-R takes the time of the file', async () => {
    writeFileSync(remote('dated'), 'x');
    utimesSync(remote('dated'), 1_000_000_000, 1_100_000_000);
    await succeed('-R', '-o', 'dated', at('/dated'));
    expect(statSync(local('dated')).mtimeMs).toBe(1_100_000_000_000);
  });

  it('lists a folder: names with -l, and lines of ls -l', async () => {
    mkdirSync(remote('listed/inner'), { recursive: true });
    writeFileSync(remote('listed/one'), '1');
    writeFileSync(remote('listed/.hidden'), 'hi');
    const names = (await succeed('-l', at('/listed/'))).stdout.trim().split('\n').sort();
    expect(names).toEqual(['.', '..', '.hidden', 'inner', 'one']);
    const { stdout } = await succeed(at('/listed/'));
    expect(stdout).toMatch(/^-rw-r--r-- +1 alice +alice +1 .* one$/m);
    expect(stdout).toMatch(/^drwxr-xr-x .* inner$/m);
    expect(stdout).not.toContain(server.root);
  });

  it('/~/ is the home', async () => {
    writeFileSync(remote('tilde'), 'home');
    expect((await succeed(at('/~/tilde'))).stdout).toBe('home');
  });

  it('--ftp-create-dirs makes the folders on the way', async () => {
    await succeed('--ftp-create-dirs', '-T', 'noise', at('/new/folders/here/noise'));
    expect(await sha256(remote('new/folders/here/noise'))).toBe(await sha256(local('noise')));
    const { status, stderr } = await client('-T', 'noise', at('/never/made'));
    expect([status, stderr]).toEqual([78, expect.stringContaining('No such file or directory') as string]);
  });

  describe('-Q', () => {
    it('mkdir, rename, rm and rmdir; a folder with something in it stays', async () => {
      writeFileSync(remote('old'), 'bytes');
      await quote('mkdir /made', 'rename /old /made/new');
      expect(readFileSync(remote('made/new'), 'utf8')).toBe('bytes');
      expect((await client('-l', '-Q', 'rmdir /made', at('/'))).status).toBe(21);
      await quote('rm /made/new', 'rmdir /made');
      expect(existsSync(remote('made'))).toBe(false);
      expect((await client('-l', '-Q', 'rm /made/new', at('/'))).stderr).toContain('No such file');
      await quote('*rm /made/new', '*rmdir /made');
    });

    it('names with spaces go in quotes', async () => {
      await quote('mkdir "/two words"', 'rename "/two words" "/three \\"quoted\\" words"');
      expect(statSync(remote('three "quoted" words')).isDirectory()).toBe(true);
    });

    it('ln, ln_s and symlink make a symbolic link of the second name to the first [PROTOCOL 3.2]', async () => {
      writeFileSync(remote('target'), 'through');
      await quote('ln /target /by-ln', 'symlink target /by-symlink');
      expect(readlinkSync(remote('by-ln'))).toBe('/target');
      expect(readlinkSync(remote('by-symlink'))).toBe('target');
      expect((await succeed(at('/by-ln'))).stdout).toBe('through');
      expect(lstatSync(remote('target')).isFile()).toBe(true);
    });

    it('chmod, chgrp to what is shown, mtime', async () => {
      writeFileSync(remote('changed'), 'x');
      await quote('chmod 640 /changed', 'chgrp 1001 /changed', 'mtime "20 Feb 2001 03:04:05 GMT" /changed');
      const { mode, mtimeMs } = statSync(remote('changed'));
      expect([mode & 0o777, mtimeMs]).toEqual([0o640, Date.UTC(2001, 1, 20, 3, 4, 5)]);
    });

    it('before the transfer, between, and after it', async () => {
      await succeed(
        '-Q',
        'mkdir /sent',
        '-Q',
        '-rename /sent/tmp /sent/final',
        '-T',
        'noise',
        at('/sent/tmp'),
      );
      expect(readdirSync(remote('sent'))).toEqual(['final']);
      expect(await sha256(remote('sent/final'))).toBe(await sha256(local('noise')));
    });

    it('rename never replaces', async () => {
      writeFileSync(remote('mine'), 'mine');
      writeFileSync(remote('yours'), 'yours');
      expect((await client('-l', '-Q', 'rename /mine /yours', at('/'))).status).toBe(21);
      expect(readFileSync(remote('yours'), 'utf8')).toBe('yours');
    });

    it('statvfs and pwd are shown with -D -', async () => {
      const { stdout } = await succeed('-D', '-', '-l', '-Q', 'statvfs /', '-Q', 'pwd', at('/'));
      expect(stdout).toMatch(/^f_bsize: 512\nf_frsize: 512\nf_blocks: [1-9]\d*\nf_bfree: \d+$/m);
      expect(stdout).toMatch(/^f_flag: 2\nf_namemax: 255$/m);
      expect(stdout).toContain('257 "/" is current directory');
    });
  });

  it('hostile names go up, are listed and come back, byte for byte [J3]', async () => {
    const inHome = (name: string): Buffer => Buffer.from(`${home}/hostile/${name}`, 'latin1');
    mkdirSync(remote('hostile'));
    const up: string[] = [];
    const down: string[] = [];
    for (const [index, { what, name }] of hostileNames.entries()) {
      writeFileSync(local(`hostile-${index}`), what);
      up.push('-T', `hostile-${index}`, at(`/hostile/${name}`));
      down.push('-o', `hostile-back-${index}`, at(`/hostile/${name}`));
    }
    await succeed(...up);
    await succeed(...down);
    for (const [index, { what, name }] of hostileNames.entries()) {
      expect(readFileSync(inHome(name), 'utf8')).toBe(what);
      expect(readFileSync(local(`hostile-back-${index}`), 'utf8')).toBe(what);
    }
    expect(readdirSync(remote('hostile'))).toHaveLength(hostileNames.length);
    const { stdout } = await succeed('-l', at('/hostile/'));
    for (const { name } of hostileNames) expect(stdout).toContain(`${name}\n`);
  });

  describe('logging in', () => {
    const secret = 'correct: horse@battery';

    it('a password lets in, a wrong one does not', async () => {
      await must(server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], `${secret}\n`));
      const login = (password: string) =>
        client.as([...client.pin, '-u', `alice:${password}`], ['-l', at('/')]);
      expect((await login(secret)).status).toBe(0);
      expect(await login('wrong')).toMatchObject({ status: 67, stdout: '' });
    });

    it('the pinned host key is the only one taken', async () => {
      const other = ['--hostpubsha256', 'A'.repeat(43), ...client.byKey];
      expect(await client.as(other, ['-l', at('/')])).toMatchObject({ status: 60, stdout: '' });
    });

    it('known_hosts is believed, where the ed25519 key stands before the RSA key', async () => {
      mkdirSync(local('curl-home/.ssh'));
      const believing = async (...keys: readonly string[]): Promise<number | null> => {
        const lines = keys.map((file) => `[127.0.0.1]:${server.port} ${readFileSync(file, 'utf8')}`);
        writeFileSync(local('curl-home/.ssh/known_hosts'), lines.join(''));
        return (await client.as(client.byKey, ['-l', at('/')])).status;
      };
      const [ed25519, rsa] = ['ed25519', 'rsa'].map((kind) =>
        join(server.root, `keys/ssh_host_${kind}_key.pub`),
      );
      expect(await believing(ed25519 ?? '', rsa ?? '')).toBe(0);
      expect(await believing(`${server.keyFile}.pub`)).toBe(60);
    });
  });

  it('a read-only account is told so', async () => {
    await server.addAccount('reader', '--read-only');
    const as = ['--key', server.keyFile, '-u', 'reader:', ...client.pin];
    const { status, stderr } = await client.as(as, ['-T', 'short', at('/refused')]);
    expect([status, stderr]).toEqual([9, expect.stringContaining('denied') as string]);
    expect(existsSync(join(server.home('reader'), 'refused'))).toBe(false);
  });

  it('goes on through key exchanges that the server begins, both ways', async () => {
    const often = await startServer({
      environment: { PLIMSOLL_REKEY_BYTES: '1MiB', PLIMSOLL_QUOTA_BYTES: 'none' },
    });
    try {
      const bytes = scale('rekeyBytes');
      await writeNoise(local('large'), bytes);
      const expected = await sha256(local('large'));
      const sent = async (to: TestServer): Promise<number> => {
        const one = curl(to);
        await must(one('-T', local('large'), one.url('/large')));
        await must(one('-o', 'back', one.url('/large')));
        expect(await sha256(join(to.home('alice'), 'large'))).toBe(expected);
        expect(await sha256(join(to.work, 'back'))).toBe(expected);
        const uploaded = await audited(
          to,
          ({ event, bytesIn = 0 }) => event === 'connection.closed' && bytesIn > bytes,
        );
        return uploaded.bytesOut ?? 0;
      };
      // Each exchange costs the server its KEXINIT, its signature and its new keys.
      expect((await sent(often)) - (await sent(server))).toBeGreaterThan((bytes / 2 ** 20 - 2) * 500);
    } finally {
      await often.stop();
    }
  }, 600_000);
});
