import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

/** Each command of sftp(1) that needs the server, by the real program, with the result looked at on disk. */
describe.skipIf(missing('sftp', 'ssh-keygen'))("OpenSSH's sftp", () => {
  let server: TestServer;
  let home: string;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);
  const sftp = (batch: string): Promise<{ stdout: string; stderr: string }> =>
    must(server.sftp('alice', batch));

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    await sftp('pwd');
  });
  afterAll(() => server.stop());

  it('put and get: bytes equal', async () => {
    await writeNoise(local('noise'), 3_000_001);
    await sftp('put noise up\nget up down');
    expect(await sha256(remote('up'))).toBe(await sha256(local('noise')));
    expect(await sha256(local('down'))).toBe(await sha256(local('noise')));
  });

  it('put and get an empty file', async () => {
    writeFileSync(local('empty'), '');
    await sftp('put empty empty\nget empty empty.back');
    expect(statSync(remote('empty')).size).toBe(0);
    expect(statSync(local('empty.back')).size).toBe(0);
  });

  it('put -p and get -p preserve times and modes', async () => {
    writeFileSync(local('dated'), 'x');
    chmodSync(local('dated'), 0o640);
    utimesSync(local('dated'), 1_000_000_000, 1_100_000_000);
    await sftp('put -p dated dated\nget -p dated dated.back');
    expect(statSync(remote('dated')).mode & 0o777).toBe(0o640);
    expect(statSync(remote('dated')).mtimeMs).toBe(1_100_000_000_000);
    expect(statSync(local('dated.back')).mtimeMs).toBe(1_100_000_000_000);
    expect(statSync(local('dated.back')).mode & 0o777).toBe(0o640);
  });

  it('put -r and get -r move trees', async () => {
    mkdirSync(local('tree/inner/deep'), { recursive: true });
    writeFileSync(local('tree/a'), 'a');
    writeFileSync(local('tree/inner/b'), 'b');
    writeFileSync(local('tree/inner/deep/c'), 'c');
    await sftp('put -r tree\nget -r tree tree.back');
    expect(readFileSync(remote('tree/inner/deep/c'), 'utf8')).toBe('c');
    expect(readFileSync(local('tree.back/inner/b'), 'utf8')).toBe('b');
  });

  it('put -f asks for fsync and gets it', async () => {
    writeFileSync(local('synced'), 'data');
    const { stderr } = await sftp('put -f synced\nget -f synced synced.back');
    expect(stderr).toBe('');
    expect(readFileSync(remote('synced'), 'utf8')).toBe('data');
  });

  it('cd, pwd and ls in all shapes', async () => {
    mkdirSync(remote('listing/sub'), { recursive: true });
    writeFileSync(remote('listing/one'), '1');
    writeFileSync(remote('listing/.hidden'), 'h');
    const { stdout } = await sftp(
      'cd listing\npwd\nls\nls -a\nls -l\nls -1\nls -lhrt\nls -ln\ncd sub\ncd ..\npwd',
    );
    expect(stdout).toContain('Remote working directory: /listing');
    expect(stdout).toMatch(/-rw-r--r-- +\S+ alice +alice +1 .* one/);
    expect(stdout).toContain('.hidden');
    expect(stdout).not.toContain(server.root);
  });

  it('mkdir, rmdir and rm', async () => {
    writeFileSync(remote('gone'), 'x');
    await sftp('mkdir fresh\nrmdir fresh\nmkdir kept\nrm gone');
    expect(existsSync(remote('fresh'))).toBe(false);
    expect(statSync(remote('kept')).isDirectory()).toBe(true);
    expect(existsSync(remote('gone'))).toBe(false);
  });

  it('rmdir of a folder with something in it is refused, and the sentence is shown', async () => {
    mkdirSync(remote('full'));
    writeFileSync(remote('full/x'), 'x');
    const { status, stderr } = await server.sftp('alice', 'rmdir full');
    expect(status).not.toBe(0);
    expect(stderr).toContain('the folder is not empty');
    expect(existsSync(remote('full/x'))).toBe(true);
  });

  it('chmod keeps the service able to read, and drops setuid [J6]', async () => {
    writeFileSync(remote('moded'), 'x');
    await sftp('chmod 4755 moded');
    expect(statSync(remote('moded')).mode & 0o7777).toBe(0o755);
    await sftp('chmod 0 moded');
    expect(statSync(remote('moded')).mode & 0o7777).toBe(0o600);
  });

  it('chown and chgrp to what is shown succeed, to others are denied [J6]', async () => {
    writeFileSync(remote('owned'), 'x');
    // OpenSSH 9.2 shows names even with `ls -n`; the first account's virtual ids are 1001.
    await sftp('chown 1001 owned\nchgrp 1001 owned');
    expect((await server.sftp('alice', 'chown 12345 owned')).status).not.toBe(0);
    expect(statSync(remote('owned')).uid).toBe(process.getuid?.());
  });

  it('rename replaces by posix-rename', async () => {
    writeFileSync(remote('old'), 'new bytes');
    writeFileSync(remote('target'), 'old bytes');
    await sftp('rename old target');
    expect(readFileSync(remote('target'), 'utf8')).toBe('new bytes');
    expect(existsSync(remote('old'))).toBe(false);
  });

  it('rename -l, which is plain RENAME, never replaces', async () => {
    writeFileSync(remote('mine'), 'mine');
    writeFileSync(remote('yours'), 'yours');
    const { status, stderr } = await server.sftp('alice', 'rename -l mine yours');
    expect(status).not.toBe(0);
    expect(stderr).toContain('exists');
    expect(readFileSync(remote('yours'), 'utf8')).toBe('yours');
    expect(readFileSync(remote('mine'), 'utf8')).toBe('mine');
  });

  it('ln makes a hard link, ln -s a symbolic one with its target as given', async () => {
    writeFileSync(remote('linked'), 'x');
    await sftp('ln linked hard\nln -s linked soft\nls -l soft');
    expect(lstatSync(remote('hard')).ino).toBe(lstatSync(remote('linked')).ino);
    expect(readlinkSync(remote('soft'))).toBe('linked');
  });

  it('cp copies on the server', async () => {
    await writeNoise(remote('original'), 1_234_567);
    await sftp('cp original copied');
    expect(await sha256(remote('copied'))).toBe(await sha256(remote('original')));
  });

  it('df shows room', async () => {
    const { stdout } = await sftp('df\ndf -h\ndf -i');
    expect(stdout).toMatch(/Avail/);
    expect(stdout).toMatch(/\d+%/);
  });

  it.each([0, 1, 1024, 1_048_576, 'size-1', 'size'] as const)(
    'resumes both ways from %s bytes',
    async (from) => {
      const size = 2_500_000;
      const there = from === 'size' ? size : from === 'size-1' ? size - 1 : from;
      await writeNoise(local('whole'), size, 7);
      const part = readFileSync(local('whole')).subarray(0, there);
      writeFileSync(remote('resumed'), part);
      // With nothing left to send, reput says so and fails; the bytes must be equal all the same.
      await sftp(`${from === 'size' ? '-' : ''}reput whole resumed`);
      expect(await sha256(remote('resumed'))).toBe(await sha256(local('whole')));

      writeFileSync(local('resumed.back'), part);
      await sftp('reget resumed resumed.back');
      expect(await sha256(local('resumed.back'))).toBe(await sha256(local('whole')));

      writeFileSync(remote('resumed'), part);
      writeFileSync(local('resumed.back'), part);
      await sftp(`${from === 'size' ? '-' : ''}put -a whole resumed\nget -a resumed resumed.back`);
      expect(await sha256(remote('resumed'))).toBe(await sha256(local('whole')));
      expect(await sha256(local('resumed.back'))).toBe(await sha256(local('whole')));
    },
  );

  it('a name that is not UTF-8 survives both ways, byte for byte [J3]', async () => {
    const name = Buffer.from('caf\xe9 \xff', 'latin1');
    writeFileSync(Buffer.concat([Buffer.from(`${server.work}/`), name]), 'bytes');
    await sftp(`put "caf\xe9 \xff"\nget "caf\xe9 \xff" back`);
    expect(readFileSync(Buffer.concat([Buffer.from(`${home}/`), name]), 'utf8')).toBe('bytes');
    expect(readFileSync(local('back'), 'utf8')).toBe('bytes');
  });

  it('a read-only account reads and changes nothing, and is told why', async () => {
    await server.addAccount('reader', '--read-only');
    mkdirSync(server.home('reader'), { recursive: true });
    writeFileSync(join(server.home('reader'), 'kept'), 'kept');
    writeFileSync(local('refused'), 'x');
    await must(server.sftp('reader', 'get kept kept.back'));
    const { status, stderr } = await server.sftp('reader', 'put refused refused');
    expect(status).not.toBe(0);
    expect(stderr).toContain('this account may only read');
    expect(existsSync(join(server.home('reader'), 'refused'))).toBe(false);
  });

  it('ends with exit status 0 after a clean quit [T5]', async () => {
    expect((await server.sftp('alice', 'bye')).status).toBe(0);
  });
});
