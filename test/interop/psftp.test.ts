import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { sha256, writeNoise } from './bytes.js';
import { hostileNames } from './hostile-names.js';
import { missing, run, type Result } from './programs.js';
import { fingerprints, puttyEnvironment, puttyKey, saveSession } from './putty.js';
import { must, startServer, type TestServer } from './server.js';

describe.skipIf(missing('psftp', 'pscp', 'plink', 'puttygen', 'ssh-keygen'))("PuTTY's psftp", () => {
  const password = 'a pass  phrase';
  let server: TestServer;
  let home: string;
  let ppk: string;
  let pinned: readonly string[];
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);

  function psftp(batch: string, options: readonly string[], login = 'alice@127.0.0.1'): Promise<Result> {
    writeFileSync(local('batch'), batch, 'latin1');
    const all = ['-batch', '-P', String(server.port), '-b', local('batch'), ...options, login];
    return run('psftp', all, { cwd: server.work, env: puttyEnvironment(server) });
  }
  const withKey = (batch: string, login?: string): Promise<Result> =>
    psftp(batch, [...pinned, '-i', ppk], login);
  const succeed = (batch: string): Promise<Result> => must(withKey(batch));

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    ppk = await puttyKey(server);
    pinned = (await fingerprints(server)).flatMap((fingerprint) => ['-hostkey', fingerprint]);
    mkdirSync(home, { recursive: true });
  });
  afterAll(() => server.stop());

  it('logs in by password', async () => {
    await must(server.plimsoll(['user', 'add', 'paula', '--password-stdin'], password));
    const { stdout } = await must(psftp('pwd\n', [...pinned, '-pw', password], 'paula@127.0.0.1'));
    expect(stdout).toContain('Remote directory is /');
  });

  it('a wrong password is refused', async () => {
    await must(server.plimsoll(['user', 'add', 'quentin', '--password-stdin'], password));
    const { status, stderr } = await psftp('pwd\n', [...pinned, '-pw', 'wrong'], 'quentin@127.0.0.1');
    expect(status).not.toBe(0);
    expect(stderr).toContain('Access denied');
  });

  it('a host key that is not the pinned one ends the login', async () => {
    const other = `SHA256:${Buffer.alloc(32, 7).toString('base64').replace(/=+$/, '')}`;
    const { status, stderr } = await psftp('pwd\n', ['-hostkey', other, '-i', ppk]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('Host key not in manually configured list');
  });

  it('put and get: bytes equal, an empty file too', async () => {
    await writeNoise(local('noise'), 3_000_001);
    writeFileSync(local('empty'), '');
    await succeed('put noise up\nget up down\nput empty\nget empty empty.back\n');
    expect(await sha256(remote('up'))).toBe(await sha256(local('noise')));
    expect(await sha256(local('down'))).toBe(await sha256(local('noise')));
    expect(statSync(remote('empty')).size).toBe(0);
    expect(statSync(local('empty.back')).size).toBe(0);
  });

  it('put onto a longer file leaves nothing of it', async () => {
    writeFileSync(remote('shorter'), 'long before');
    writeFileSync(local('shorter'), 'short');
    await succeed('put shorter\n');
    expect(readFileSync(remote('shorter'), 'utf8')).toBe('short');
  });

  it.each([0, 1, 1024, 1_048_576, 'size-1', 'size'] as const)(
    'reput and reget from %s bytes',
    async (from) => {
      const size = 2_500_000;
      const there = from === 'size' ? size : from === 'size-1' ? size - 1 : from;
      await writeNoise(local('whole'), size, 7);
      const part = readFileSync(local('whole')).subarray(0, there);
      writeFileSync(remote('resumed'), part);
      writeFileSync(local('resumed.back'), part);
      await succeed('reput whole resumed\nreget resumed resumed.back\n');
      expect(await sha256(remote('resumed'))).toBe(await sha256(local('whole')));
      expect(await sha256(local('resumed.back'))).toBe(await sha256(local('whole')));
    },
  );

  it('put -r and get -r move trees', async () => {
    mkdirSync(local('tree/inner/deep'), { recursive: true });
    mkdirSync(local('tree/hollow'));
    writeFileSync(local('tree/a'), 'a');
    writeFileSync(local('tree/inner/deep/c'), 'c');
    await succeed('put -r tree\nget -r tree tree.back\n');
    expect(readFileSync(remote('tree/inner/deep/c'), 'utf8')).toBe('c');
    expect(readFileSync(local('tree.back/inner/deep/c'), 'utf8')).toBe('c');
    expect(readdirSync(local('tree.back/hollow'))).toEqual([]);
  });

  it('mput and mget take wildcards', async () => {
    mkdirSync(local('many'));
    mkdirSync(local('fetched'));
    for (const name of ['one.txt', 'two.txt', 'three.bin']) writeFileSync(local(`many/${name}`), name);
    await succeed('mkdir many\ncd many\nlcd many\nmput *.txt three.bin\nlcd ../fetched\nmget *.txt\n');
    expect(readdirSync(remote('many')).sort()).toEqual(['one.txt', 'three.bin', 'two.txt']);
    expect(readdirSync(local('fetched')).sort()).toEqual(['one.txt', 'two.txt']);
    expect(readFileSync(local('fetched/two.txt'), 'utf8')).toBe('two.txt');
  });

  it('ls, with wildcards too, shows sizes and owners; chmod, mv, del, mkdir and rmdir do what they say', async () => {
    writeFileSync(remote('moded'), 'four');
    const { stdout } = await succeed(
      'mkdir "a folder" other\nchmod 640 moded\nmv moded "a folder"\nls "a folder"\nls oth*\nrmdir other\n',
    );
    expect(stdout).toContain('/moded: 0644 -> 0640');
    expect(stdout).toMatch(/^-rw-r----- +1 alice +alice +4 .* moded$/m);
    expect(stdout).toMatch(/^drwxr-xr-x .* other$/m);
    expect(statSync(remote('a folder/moded')).mode & 0o777).toBe(0o640);
    await succeed('cd "a folder"\ndel moded\ncd ..\nrmdir "a folder"\n');
    expect(existsSync(remote('a folder'))).toBe(false);
    expect(existsSync(remote('other'))).toBe(false);
  });

  it('a refusal of a read-only account shows our sentence, and the session goes on', async () => {
    await server.addAccount('reader', '--read-only');
    mkdirSync(server.home('reader'), { recursive: true });
    writeFileSync(join(server.home('reader'), 'kept'), 'kept');
    writeFileSync(local('refused'), 'x');
    const script = 'put refused\nmkdir refused\ndel kept\nget kept kept.back\n';
    const { stderr } = await psftp(script, ['-be', ...pinned, '-i', ppk], 'reader@127.0.0.1');
    expect(stderr).toContain('this account may only read');
    expect(readFileSync(local('kept.back'), 'utf8')).toBe('kept');
    expect(readdirSync(server.home('reader'))).toEqual(['kept']);
  });

  it('a refusal ends a batch with a status, and names its reason', async () => {
    mkdirSync(remote('full'));
    writeFileSync(remote('full/x'), 'x');
    const { status, stdout, stderr } = await withKey('rmdir full\nmkdir never\n');
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain('the folder is not empty');
    expect(existsSync(remote('never'))).toBe(false);
    expect(existsSync(remote('full/x'))).toBe(true);
  });

  it('hostile names go up and come back in a folder, byte for byte [J3]', async () => {
    mkdirSync(local('hostile'));
    const within = (folder: string, name: string): Buffer =>
      Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
    for (const { what, name } of hostileNames) writeFileSync(within(local('hostile'), name), what);
    await succeed('put -r hostile\nget -r hostile hostile.back\n');
    for (const { what, name } of hostileNames) {
      expect(readFileSync(within(remote('hostile'), name), 'utf8')).toBe(what);
      expect(readFileSync(within(local('hostile.back'), name), 'utf8')).toBe(what);
    }
    expect(readdirSync(remote('hostile'))).toHaveLength(hostileNames.length);
  });

  it('names that a line can hold are renamed and removed one by one [J3]', async () => {
    mkdirSync(remote('single'));
    const names = hostileNames.map(({ name }) => name).filter((name) => !/[\r\n]/.test(name));
    const at = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${home}/single/`), Buffer.from(name, 'latin1')]);
    const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    // rm and the first name of mv are wildcards to psftp; a backslash takes the meaning from a character.
    const literally = (name: string): string => quoted(`./${name.replace(/[[\]*?\\]/g, '\\$&')}`);
    for (const name of names) writeFileSync(at(name), 'x');
    await succeed(
      `cd single\n${names.map((name, index) => `mv ${literally(name)} moved${index}\n`).join('')}`,
    );
    expect(readdirSync(remote('single')).sort()).toEqual(names.map((_, index) => `moved${index}`).sort());
    await succeed(
      `cd single\n${names.map((name, index) => `mv moved${index} ${quoted(`./${name}`)}\n`).join('')}`,
    );
    for (const name of names) expect(readFileSync(at(name), 'utf8')).toBe('x');
    await succeed(`cd single\n${names.map((name) => `rm ${literally(name)}\n`).join('')}`);
    expect(readdirSync(remote('single'))).toEqual([]);
  });

  it.each(['-sftp', '-scp'])('pscp %s copies files and folders both ways', async (protocol) => {
    const pscp = (...args: readonly string[]): Promise<Result> =>
      must(
        run('pscp', ['-batch', protocol, '-P', String(server.port), ...pinned, '-i', ppk, ...args], {
          cwd: server.work,
          env: puttyEnvironment(server),
        }),
      );
    const folder = `pscp${protocol}`;
    await writeNoise(local('copied'), 300_001);
    mkdirSync(local('copied.d/inner'), { recursive: true });
    writeFileSync(local('copied.d/inner/x'), 'x');
    mkdirSync(remote(folder));
    mkdirSync(local(folder));
    await pscp('copied', `alice@127.0.0.1:${folder}/`);
    await pscp('-r', 'copied.d', `alice@127.0.0.1:${folder}`);
    await pscp('-r', `alice@127.0.0.1:${folder}/copied.d`, folder);
    await pscp(`alice@127.0.0.1:${folder}/copied`, folder);
    expect(await sha256(remote(`${folder}/copied`))).toBe(await sha256(local('copied')));
    expect(await sha256(local(`${folder}/copied`))).toBe(await sha256(local('copied')));
    expect(readFileSync(remote(`${folder}/copied.d/inner/x`), 'utf8')).toBe('x');
    expect(readFileSync(local(`${folder}/copied.d/inner/x`), 'utf8')).toBe('x');
  });

  it('plink runs md5sum where the file is', async () => {
    writeFileSync(remote('hashed'), 'hash me');
    const options = ['-batch', '-P', String(server.port), ...pinned, '-i', ppk];
    const { stdout } = await must(
      run('plink', [...options, 'alice@127.0.0.1', 'md5sum hashed'], { env: puttyEnvironment(server) }),
    );
    expect(stdout).toBe(`${createHash('md5').update('hash me').digest('hex')}  hashed\n`);
  });

  it('moves a big file both ways while it rekeys every MiB', async () => {
    saveSession(server, 'rekeying', { Protocol: 'ssh', RekeyBytes: '1M' });
    await writeNoise(local('big'), scale('rekeyBytes'));
    const options = ['-v', '-load', 'rekeying', ...pinned, '-i', ppk];
    const { stderr } = await must(psftp('put big\nget big big.back\n', options));
    const rekeyed = stderr.match(/Initiating key re-exchange/g) ?? [];
    expect(rekeyed.length).toBeGreaterThan(scale('rekeyBytes') / 2 ** 20);
    expect(await sha256(remote('big'))).toBe(await sha256(local('big')));
    expect(await sha256(local('big.back'))).toBe(await sha256(local('big')));
  }, 600_000);
});
