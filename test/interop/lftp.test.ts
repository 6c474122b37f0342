import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLines, audited } from './audit.js';
import { sha256, writeNoise } from './bytes.js';
import { hostileNames } from './hostile-names.js';
import { lftp, lftpQuoted, type Lftp } from './lftp.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { treeOf } from './tree.js';

const size = 3_000_001;

/** lftp speaks SFTP itself, over the pipes of an `ssh` that it starts. It asks for version 6, and gets 3. */
describe.skipIf(missing('lftp', 'ssh', 'ssh-keygen'))('lftp', () => {
  let server: TestServer;
  let home: string;
  let client: Lftp;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);
  const succeed = (commands: string) => must(client(commands));

  beforeAll(async () => {
    server = await startServer({ environment: { TZ: 'UTC' } });
    home = server.home('alice');
    client = lftp(server);
    await writeNoise(local('noise'), size);
    await succeed('pwd');
  });
  afterAll(() => server.stop());

  it('put and get: bytes and times equal, the longer file that was there gone', async () => {
    writeFileSync(remote('up'), 'x'.repeat(size + 1000));
    utimesSync(local('noise'), 1_000_000_000, 1_100_000_000);
    await succeed('put noise -o up\nget up -o down');
    expect(await sha256(remote('up'))).toBe(await sha256(local('noise')));
    expect(await sha256(local('down'))).toBe(await sha256(local('noise')));
    expect(statSync(remote('up')).mtimeMs).toBe(1_100_000_000_000);
    expect(statSync(local('down')).mtimeMs).toBe(1_100_000_000_000);
  });

  it('mput, mget, cat and empty files', async () => {
    mkdirSync(local('several'));
    for (const name of ['a.txt', 'b.txt', 'c.dat']) writeFileSync(local(`several/${name}`), name);
    writeFileSync(local('several/empty.txt'), '');
    await succeed('mkdir several\nlcd several\nmput -O several *\nlcd ..\nmkdir -p got\n!mkdir got');
    expect(treeOf(remote('several'))).toEqual(treeOf(local('several')));
    await succeed('mget -O got several/*.txt');
    expect(readdirSync(local('got')).sort()).toEqual(['a.txt', 'b.txt', 'empty.txt']);
    expect((await succeed('cat several/a.txt several/c.dat')).stdout).toBe('a.txtc.dat');
  });

  describe('mirror', () => {
    const dated = 1_234_567_890;

    function makeTree(name: string): void {
      mkdirSync(local(`${name}/inner/deep`), { recursive: true });
      mkdirSync(local(`${name}/empty`));
      for (const path of ['a', 'inner/b', 'inner/deep/c']) {
        writeFileSync(local(`${name}/${path}`), path.repeat(1000));
        utimesSync(local(`${name}/${path}`), dated, dated);
      }
      writeFileSync(local(`${name}/inner/none`), '');
      symlinkSync('inner/b', local(`${name}/link`));
      chmodSync(local(`${name}/a`), 0o640);
      chmodSync(local(`${name}/inner`), 0o750);
    }

    it('-R and back: the same tree, with times, modes and symbolic links', async () => {
      makeTree('tree');
      await succeed('mirror -R tree\nmirror tree tree.back');
      for (const [expected, there] of [
        [local('tree'), remote('tree')],
        [remote('tree'), local('tree.back')],
      ] as const) {
        expect(treeOf(there)).toEqual(treeOf(expected));
        expect(readlinkSync(join(there, 'link'))).toBe('inner/b');
        for (const path of ['a', 'inner/b', 'inner/deep/c']) {
          expect(statSync(join(there, path)).mtimeMs).toBe(dated * 1000);
        }
        expect(statSync(join(there, 'a')).mode & 0o777).toBe(0o640);
        expect(statSync(join(there, 'inner')).mode & 0o777).toBe(0o750);
      }
    });

    it('sends nothing the second time, and only what changed the third', async () => {
      makeTree('again');
      const opened = (): number =>
        auditLines(server).filter(
          ({ event, path = '' }) => event === 'file.closed' && path.startsWith('/again/'),
        ).length;
      await succeed('mirror -R again');
      await expect.poll(opened, { timeout: 10_000 }).toBe(4);
      expect((await succeed('mirror -R -v again\nmirror -v again')).stdout).not.toContain('Transferring');
      writeFileSync(local('again/inner/b'), 'changed');
      await succeed('mirror -R again');
      await audited(server, ({ event, path, bytesWritten }) => {
        return event === 'file.closed' && path === '/again/inner/b' && bytesWritten === 7;
      });
      expect(opened()).toBe(5);
      expect(treeOf(remote('again'))).toEqual(treeOf(local('again')));
    });

    it('--delete takes away what is not there, in both directions', async () => {
      makeTree('pruned');
      await succeed('mirror -R pruned');
      writeFileSync(remote('pruned/extra'), 'x');
      mkdirSync(remote('pruned/extra folder/inner'), { recursive: true });
      await succeed('mirror -R --delete pruned');
      expect(treeOf(remote('pruned'))).toEqual(treeOf(local('pruned')));
      writeFileSync(local('pruned/extra'), 'x');
      await succeed('mirror --delete pruned pruned');
      expect(treeOf(local('pruned'))).toEqual(treeOf(remote('pruned')));
    });

    it('with four files at once, each in pieces', async () => {
      mkdirSync(local('many'));
      for (let index = 0; index < 20; index++)
        await writeNoise(local(`many/${index}`), 300_000 + index, index);
      await succeed(
        'mirror -R -P 4 many\nset pget:min-chunk-size 50k\nmirror -P 4 --use-pget-n=3 many many.back',
      );
      expect(treeOf(remote('many'))).toEqual(treeOf(local('many')));
      expect(treeOf(local('many.back'))).toEqual(treeOf(local('many')));
    });

    it.each([
      ['-c', 'down'],
      ['-R -c', 'up'],
    ])('%s goes on where a transfer ended', async (options, direction) => {
      const name = `rest-${direction}`;
      const [from, to] = direction === 'up' ? [local(name), remote(name)] : [remote(name), local(name)];
      mkdirSync(from);
      mkdirSync(to);
      const bytes = readFileSync(local('noise'));
      writeFileSync(join(from, 'file'), bytes);
      // lftp goes on only where what it finds is younger than the whole.
      utimesSync(join(from, 'file'), dated, dated);
      writeFileSync(join(to, 'file'), bytes.subarray(0, 1_500_000));
      await succeed(`mirror ${options} ${name} ${name}`);
      expect(await sha256(join(to, 'file'))).toBe(await sha256(local('noise')));
      const closed = await audited(
        server,
        ({ event, path }) => event === 'file.closed' && path === `/${name}/file`,
      );
      expect((closed.bytesWritten ?? 0) + (closed.bytesRead ?? 0)).toBe(size - 1_500_000);
    });
  });

  it('pget -n fetches pieces at the same time', async () => {
    writeFileSync(remote('pieces'), readFileSync(local('noise')));
    // The first piece runs to the end of the file unless the others have logged in before it gets there: in 15 seconds.
    await succeed('set net:limit-rate 200k\nset pget:min-chunk-size 100k\npget -n 4 pieces -o pieces.back');
    expect(await sha256(local('pieces.back'))).toBe(await sha256(local('noise')));
    const readers = (): number =>
      auditLines(server).filter(({ event, path }) => event === 'file.opened' && path === '/pieces').length;
    await expect.poll(readers, { timeout: 10_000 }).toBeGreaterThan(1);
  });

  it('mv renames, moves, and leaves what has that name already', async () => {
    writeFileSync(remote('one'), 'one');
    writeFileSync(remote('two'), 'two');
    mkdirSync(remote('folder'));
    await succeed('mv one renamed\nmv renamed folder/');
    expect(readFileSync(remote('folder/renamed'), 'utf8')).toBe('one');
    const { status, stderr } = await client('mv two folder/renamed');
    expect([status, stderr]).toEqual([1, expect.stringContaining('that name exists already') as string]);
    expect(readFileSync(remote('folder/renamed'), 'utf8')).toBe('one');
    expect(readFileSync(remote('two'), 'utf8')).toBe('two');
  });

  it('an upload through a temporary name replaces the file', async () => {
    writeFileSync(remote('replaced'), 'old bytes');
    await succeed('set xfer:use-temp-file yes\nput noise -o replaced');
    expect(await sha256(remote('replaced'))).toBe(await sha256(local('noise')));
    expect(readdirSync(home).filter((name) => name.includes('.in.'))).toEqual([]);
  });

  it('mkdir -p, rmdir, rm, rm -r, chmod, ln -s', async () => {
    writeFileSync(remote('gone'), 'x');
    writeFileSync(remote('moded'), 'x');
    await succeed(
      'mkdir -p made/on/the way\nmkdir -f made/on\nrm gone\nrmdir way\nchmod 640 moded\nln -s moded soft',
    );
    expect(statSync(remote('made/on/the')).isDirectory()).toBe(true);
    expect(existsSync(remote('gone'))).toBe(false);
    expect(statSync(remote('moded')).mode & 0o777).toBe(0o640);
    expect(readlinkSync(remote('soft'))).toBe('moded');
    writeFileSync(remote('made/on/file'), 'x');
    expect((await client('rmdir made')).stderr).toContain('the folder is not empty');
    symlinkSync('../moded', remote('made/link'));
    await succeed('rm -r made');
    expect(existsSync(remote('made'))).toBe(false);
    expect(lstatSync(remote('moded')).isFile()).toBe(true);
  });

  it('ls, cls, du and find', async () => {
    mkdirSync(remote('listed/inner'), { recursive: true });
    writeFileSync(remote('listed/one'), 'x'.repeat(1000));
    writeFileSync(remote('listed/inner/two'), 'x'.repeat(234));
    utimesSync(remote('listed/one'), 1_100_000_000, 1_100_000_000);
    const { stdout: lines } = await succeed('ls listed\ncls -l --time-style=%s listed/one');
    expect(lines).toMatch(/^-rw-r--r-- +1 alice +alice +1000 Nov +9 +2004 one$/m);
    expect(lines).toMatch(/^-rw-r--r-- +1 alice +alice +1000 1100000000 listed\/one$/m);
    const { stdout: rest } = await succeed('cd listed\ncls -1\ncd ..\ndu -b listed\nfind listed');
    expect(rest).toBe(
      ['inner/', 'one', '234\tlisted/inner', '1234\tlisted'].join('\n') +
        ['', 'listed/', 'listed/inner/', 'listed/inner/two', 'listed/one', ''].join('\n'),
    );
  });

  it('hostile names go up in a mirror and come back, byte for byte [J3]', async () => {
    const within = (folder: string, name: string): Buffer => Buffer.from(`${folder}/${name}`, 'latin1');
    mkdirSync(local('hostile'));
    for (const { what, name } of hostileNames) writeFileSync(within(local('hostile'), name), what);
    await succeed('mirror -R hostile\nmirror hostile hostile.back');
    expect(treeOf(remote('hostile'))).toEqual(treeOf(local('hostile')));
    expect(treeOf(local('hostile.back'))).toEqual(treeOf(local('hostile')));
    await succeed('rm -r hostile');
    expect(existsSync(remote('hostile'))).toBe(false);
  });

  it('hostile names can be typed, in quotes', async () => {
    mkdirSync(remote('typed'));
    const names = hostileNames.filter(({ name }) => !name.includes('\n'));
    const lines = names.flatMap(({ name }, index) => [
      `put noise-small -o ${lftpQuoted(`typed/${name}`)}`,
      `get ${lftpQuoted(`typed/${name}`)} -o typed-${index}`,
    ]);
    writeFileSync(local('noise-small'), 'small');
    await succeed(lines.join('\n'));
    expect(readdirSync(remote('typed'), 'latin1').sort()).toEqual(names.map(({ name }) => name).sort());
    for (const index of names.keys()) expect(readFileSync(local(`typed-${index}`), 'utf8')).toBe('small');
  });

  it('logs in by a password, and not by a wrong one', async () => {
    await must(server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], 'correct horse\n'));
    const options = `-F /dev/null -o PubkeyAuthentication=no -o UserKnownHostsFile=${local('known_hosts')}`;
    const login = (password: string) =>
      client(
        [
          `set sftp:connect-program "ssh -a -x ${options}"`,
          `open -p ${server.port} -u "alice,${password}" sftp://127.0.0.1`,
          'cls -d .',
        ].join('\n'),
      );
    expect((await login('correct horse')).status).toBe(0);
    const { status, stderr } = await login('wrong');
    expect([status, stderr]).toEqual([1, expect.stringContaining('Login incorrect') as string]);
  });

  it('a read-only account is told why', async () => {
    await must(server.plimsoll(['user', 'set', 'alice', '--read-only']));
    const { status, stderr } = await client('put noise -o refused');
    await must(server.plimsoll(['user', 'set', 'alice', '--no-read-only']));
    expect([status, stderr]).toEqual([1, expect.stringContaining('this account may only read') as string]);
    expect(existsSync(remote('refused'))).toBe(false);
  });
});
