import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { audited } from './audit.js';
import { awaited } from './awaited.js';
import { sha256, writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { rcloneFor, type Rclone } from './rclone.js';
import { must, startServer, type TestServer } from './server.js';
import { treeOf } from './tree.js';
import { accountStatus, WireClient } from './wire-client.js';

/** For what grows with `CI=true`. */
const longTimeout = 120_000;

interface Listed {
  readonly Path: string;
  readonly Size: number;
  readonly ModTime: string;
  readonly IsDir: boolean;
}

interface About {
  readonly total: number;
  readonly used: number;
  readonly free: number;
}

describe.skipIf(missing('rclone', 'sftp'))('rclone', () => {
  let server: TestServer;
  let rclone: Rclone;
  const local = (path: string): string => join(server.work, path);
  const onDisk = (path: string): string => join(server.home('alice'), path);

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    rclone = rcloneFor(server);
    mkdirSync(local('source/deep/er'), { recursive: true });
    await writeNoise(local('source/noise'), 3_000_001);
    writeFileSync(local('source/empty'), '');
    for (let index = 0; index < 40; index++) writeFileSync(local(`source/deep/${index}`), `file ${index}`);
    writeFileSync(local('source/deep/er/file'), 'deeper');
    utimesSync(local('source/deep/er/file'), 1_000_000_000, 1_100_000_000);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.log()).not.toContain('request.failed');
  });

  it('copy, up and down: bytes and times', async () => {
    await rclone.done('copy', 'source', 'home:copied', '--create-empty-src-dirs');
    expect(treeOf(onDisk('copied'))).toEqual(treeOf(local('source')));
    expect(statSync(onDisk('copied/deep/er/file')).mtimeMs).toBe(1_100_000_000_000);
    await rclone.done('copy', rclone.remote('copied'), 'back');
    expect(treeOf(local('back'))).toEqual(treeOf(local('source')));
    expect(statSync(local('back/deep/er/file')).mtimeMs).toBe(1_100_000_000_000);
  });

  it('copy a second time copies nothing', async () => {
    const { stderr } = await rclone.done('copy', 'source', 'home:copied', '-v');
    expect(stderr).not.toContain('Copied');
    expect(stderr).toMatch(/Checks: +43 \/ 43/);
  });

  it('sync deletes what is gone, and copies what is new or changed', async () => {
    await rclone.done('sync', 'source', 'home:synced');
    rmSync(local('source/deep/3'));
    appendFileSync(local('source/deep/4'), ' and more');
    writeFileSync(local('source/deep/new'), 'new');
    await rclone.done('sync', 'source', 'home:synced');
    expect(treeOf(onDisk('synced'))).toEqual(treeOf(local('source')));
  });

  it('sync --backup-dir keeps what it replaces', async () => {
    await rclone.done('copy', 'source/deep', 'home:kept');
    mkdirSync(local('fewer'));
    writeFileSync(local('fewer/0'), 'replaced');
    await rclone.done('sync', 'fewer', 'home:kept', '--backup-dir', 'home:replaced');
    expect(readdirSync(onDisk('kept'))).toEqual(['0']);
    expect(readFileSync(onDisk('replaced/0'), 'utf8')).toBe('file 0');
    expect(readFileSync(onDisk('replaced/er/file'), 'utf8')).toBe('deeper');
  });

  it('sync --track-renames moves on the server what was only renamed', async () => {
    mkdirSync(local('renamed'));
    await writeNoise(local('renamed/before'), 500_000);
    await rclone.done('sync', 'renamed', 'home:renamed');
    const { ino } = statSync(onDisk('renamed/before'));
    renameSync(local('renamed/before'), local('renamed/after'));
    const strategy = ['--track-renames', '--track-renames-strategy', 'modtime'];
    await rclone.done('sync', 'renamed', 'home:renamed', ...strategy);
    expect(readdirSync(onDisk('renamed'))).toEqual(['after']);
    expect(statSync(onDisk('renamed/after')).ino).toBe(ino);
  });

  it(
    'eight transfers at once of many files',
    async () => {
      mkdirSync(local('many'));
      for (let index = 0; index < scale('rcloneFiles'); index++) {
        writeFileSync(local(`many/${index}`), `${index} `.repeat(index));
      }
      const eight = ['--transfers', '8', '--checkers', '8'];
      await rclone.done('copy', 'many', 'home:many', ...eight);
      expect(treeOf(onDisk('many'))).toEqual(treeOf(local('many')));
      await rclone.done('copy', 'home:many', 'many back', ...eight);
      expect(treeOf(local('many back'))).toEqual(treeOf(local('many')));
    },
    longTimeout,
  );

  it.each([
    { name: 'as it comes', flags: [] },
    { name: 'chunks of 255k', flags: ['--sftp-chunk-size', '255k'] },
    {
      name: 'chunks of 255k, 128 at once',
      flags: ['--sftp-chunk-size', '255k', '--sftp-concurrency', '128'],
    },
    { name: 'odd chunks, one at a time', flags: ['--sftp-chunk-size', '12345B', '--sftp-concurrency', '1'] },
    {
      name: 'nothing at once',
      flags: ['--sftp-disable-concurrent-reads', '--sftp-disable-concurrent-writes'],
    },
    { name: 'fstat', flags: ['--sftp-use-fstat'] },
    {
      name: 'four streams for one file',
      flags: ['--multi-thread-cutoff', '1M', '--multi-thread-streams', '4'],
    },
  ])(
    'a large file up and down: $name',
    async ({ flags }) => {
      const size = scale('rcloneBytes') + 1;
      if (!existsSync(local('large'))) await writeNoise(local('large'), size);
      await rclone.done('copyto', 'large', 'home:large', '--ignore-times', ...flags);
      await rclone.done('copyto', 'home:large', 'large back', '--ignore-times', ...flags);
      expect(statSync(local('large back')).size).toBe(size);
      expect(await sha256(onDisk('large'))).toBe(await sha256(local('large')));
      expect(await sha256(local('large back'))).toBe(await sha256(local('large')));
    },
    longTimeout,
  );

  it('chunks larger than a packet may be: rclone says so, and the server goes on', async () => {
    await writeNoise(local('chunky'), 3_000_000);
    const flags = ['--sftp-chunk-size', '1M', '--timeout', '10s'];
    const { status, stderr } = await rclone.run('copyto', 'chunky', 'home:chunky', ...flags);
    expect(status).not.toBe(0);
    expect(stderr).toContain('chunky');
    await rclone.done('copyto', 'chunky', 'home:chunky');
    expect(await sha256(onDisk('chunky'))).toBe(await sha256(local('chunky')));
  });

  it('moveto over an existing file, and a folder moved whole', async () => {
    await rclone.done('copyto', 'source/deep/1', 'home:moving/new');
    await rclone.done('copyto', 'source/deep/20', 'home:moving/old');
    await rclone.done('moveto', 'home:moving/new', 'home:moving/old');
    expect(readdirSync(onDisk('moving'))).toEqual(['old']);
    expect(readFileSync(onDisk('moving/old'), 'utf8')).toBe('file 1');
    const { ino } = statSync(onDisk('moving/old'));
    await rclone.done('move', 'home:moving', 'home:moved/to/here');
    expect(statSync(onDisk('moved/to/here/old')).ino).toBe(ino);
  });

  it('cat reads ranges, rcat writes what has no size yet', async () => {
    const whole = await rclone.done('cat', 'home:copied/noise', '--offset', '1000000', '--count', '5000');
    const bytes = readFileSync(local('source/noise'));
    expect(whole.stdout).toBe(bytes.toString('latin1', 1_000_000, 1_005_000));
    expect((await rclone.done('cat', 'home:copied/noise', '--tail', '10')).stdout).toBe(
      bytes.toString('latin1', bytes.length - 10),
    );
    const rcat = spawn('rclone', ['rcat', 'home:streamed'], { env: rclone.environment });
    rcat.stdin.end(bytes);
    expect(await once(rcat, 'close')).toEqual([0, null]);
    expect(await sha256(onDisk('streamed'))).toBe(await sha256(local('source/noise')));
  });

  it('mkdir, touch, lsjson, rmdirs, delete, purge', async () => {
    await rclone.done('mkdir', 'home:made/a/b/c');
    await rclone.done('touch', 'home:made/touched', '--timestamp', '2020-02-03T04:05:06');
    const { stdout } = await rclone.done('lsjson', '--recursive', 'home:made');
    const listed = JSON.parse(stdout) as readonly Listed[];
    expect(listed.map(({ Path, IsDir }) => [Path, IsDir]).sort()).toEqual([
      ['a', true],
      ['a/b', true],
      ['a/b/c', true],
      ['touched', false],
    ]);
    const touched = listed.find(({ Path }) => Path === 'touched');
    expect(new Date(touched?.ModTime ?? '').toISOString()).toBe('2020-02-03T04:05:06.000Z');
    await rclone.done('rmdirs', 'home:made/a');
    expect(readdirSync(onDisk('made'))).toEqual(['touched']);
    await rclone.done('delete', 'home:made');
    expect(readdirSync(onDisk('made'))).toEqual([]);
    await rclone.done('copy', 'source', 'home:made');
    await rclone.done('purge', 'home:made');
    expect(existsSync(onDisk('made'))).toBe(false);
  });

  it('size counts what is there', async () => {
    const { stdout } = await rclone.done('size', '--json', 'home:copied/deep/er');
    expect(JSON.parse(stdout)).toMatchObject({ count: 1, bytes: 6 });
  });

  it('--sftp-set-modtime=false leaves the time of the upload', async () => {
    const remote = rclone.remote('undated', ',set_modtime=false');
    await rclone.done('copy', 'source/deep/er', remote);
    expect(Date.now() - statSync(onDisk('undated/file')).mtimeMs).toBeLessThan(60_000);
  });

  it('a symbolic link is followed, or skipped by --sftp-skip-links', async () => {
    await rclone.done('copyto', 'source/deep/1', 'home:linked/file');
    await server.sftp('alice', 'symlink file linked/link');
    expect((await rclone.done('cat', 'home:linked/link')).stdout).toBe('file 1');
    const { stdout } = await rclone.done('lsf', 'home:linked', '--sftp-skip-links');
    expect(stdout).toBe('file\n');
  });

  it('about shows what statvfs says', async () => {
    const wire = await WireClient.connect(server);
    const { used } = (await accountStatus(wire)).home.bytes;
    // A line that is nearer than the end of the disk, which others write to.
    const line = used + 1_000_000;
    const lined = async (quota: string, limit: number | null): Promise<void> => {
      await must(server.plimsoll(['user', 'set', 'alice', '--quota', quota]));
      await awaited(
        () => `the line ${quota}`,
        async () => (await accountStatus(wire)).home.bytes.limit === limit,
      );
    };
    await lined(String(line), line);
    const { stdout } = await server.sftp('alice', 'df');
    const [total = 0, , free = 0] = (stdout.trim().split('\n').at(-1) ?? '').trim().split(/\s+/).map(Number);
    const about = JSON.parse((await rclone.done('about', '--json', 'home:')).stdout) as About;
    await lined('none', null);
    wire.end();
    expect(about.total).toBe(Math.floor(line / 512) * 512);
    expect(about.free).toBe(Math.floor(1_000_000 / 512) * 512);
    expect(about.used).toBe(about.total - about.free);
    expect([total, free]).toEqual([about.total, about.free].map((bytes) => Math.floor(bytes / 1024)));
  });

  it('an upload that was killed holds nothing: the same name is uploaded again', async () => {
    const upload = spawn('rclone', ['rcat', 'home:killed'], { env: rclone.environment });
    upload.stdin.on('error', () => undefined);
    upload.stdin.write(Buffer.alloc(2 ** 20, 'x'));
    await expect
      .poll(() => statSync(onDisk('killed'), { throwIfNoEntry: false })?.size ?? 0)
      .toBeGreaterThan(0);
    upload.kill('SIGKILL');
    await once(upload, 'close');
    const closed = await audited(server, ({ event, path }) => event === 'file.closed' && path === '/killed');
    expect(closed.complete).toBe(false);
    await rclone.done('copyto', 'source/noise', 'home:killed');
    expect(await sha256(onDisk('killed'))).toBe(await sha256(local('source/noise')));
  });

  it('an upload that is refused says why, and what was there stays', async () => {
    await server.addAccount('reader', '--read-only');
    mkdirSync(server.home('reader'), { recursive: true });
    writeFileSync(join(server.home('reader'), 'file'), 'there');
    const remote = rclone.remote('').replace('user="alice"', 'user="reader"');
    const { status, stderr } = await rclone.run('copyto', 'source/noise', `${remote}file`);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/permission denied/i);
    expect(readFileSync(join(server.home('reader'), 'file'), 'utf8')).toBe('there');
  });
});
