import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toText, type ByteString } from '../../src/names.js';
import { audited, executed } from './audit.js';
import { writeNoise } from './bytes.js';
import { hostileNames } from './hostile-names.js';
import { missing, run } from './programs.js';
import { rcloneFor, remembered, type Rclone } from './rclone.js';
import { must, startServer, type TestServer } from './server.js';

/** rclone's local side writes these down as other characters of its own, and its remote side as they are. */
const spelledOtherwise = /[\x00-\x1f\x7f]|[^\x00-\x7f]/;

describe.skipIf(missing('rclone', 'ssh'))("rclone's hashes", () => {
  let server: TestServer;
  let rclone: Rclone;
  const local = (path: string): string => join(server.work, path);
  const onDisk = (path: string): string => join(server.home('alice'), path);

  beforeAll(async () => {
    server = await startServer();
    rclone = rcloneFor(server);
    mkdirSync(local('source/in a folder'), { recursive: true });
    await writeNoise(local('source/noise'), 2_000_000);
    for (const name of awkward) writeFileSync(local(`source/in a folder/${name}`), `content of ${name}`);
    await rclone.done('copy', 'source', 'home:copied');
  });
  afterAll(async () => {
    await server.stop();
    expect(server.log()).not.toContain('request.failed');
  });

  it('it finds a shell that is Unix, md5sum and sha1sum, and remembers them', () => {
    expect(remembered(rclone)).toMatchObject({
      shell_type: 'unix',
      md5sum_command: 'md5sum',
      sha1sum_command: 'sha1sum',
    });
    expect(executed(server)).toEqual(
      expect.arrayContaining(['echo ${ShellId}%ComSpec%', 'md5sum', 'sha1sum']),
    );
  });

  it('each upload is compared by its hash', async () => {
    await audited(server, ({ command }) => command === 'md5sum /copied/noise');
  });

  it.each([
    { algorithm: 'md5', options: '' },
    { algorithm: 'sha1', options: ',md5sum_command=none' },
  ])('check compares by $algorithm, over exec', async ({ algorithm, options }) => {
    const remote = rclone.remote('copied', options);
    const { stderr } = await rclone.done('check', 'source', remote);
    expect(stderr).toContain('0 differences found');
    expect(stderr).not.toContain('hashes could not be checked');
    const asked = executed(server).filter((command) => command.startsWith(`${algorithm}sum /copied/`));
    expect(asked.length).toBeGreaterThanOrEqual(awkward.length + 1);
  });

  it.each(['', ',md5sum_command=none'])(
    'check finds a byte that changed under the same size and time: "%s"',
    async (options) => {
      const [name = ''] = awkward;
      await rclone.done('copy', 'source', 'home:damaged');
      const path = onDisk(`damaged/in a folder/${name}`);
      const { mtime } = statSync(path);
      const bytes = readFileSync(path);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      utimesSync(path, mtime, mtime);

      const remote = rclone.remote('damaged', options);
      expect((await rclone.run('check', '--size-only', 'source', remote)).status).toBe(0);
      const { status, stdout, stderr } = await rclone.run('check', '--differ', '-', 'source', remote);
      expect(status).toBe(1);
      expect(stderr).toContain('1 differences found');
      expect(Buffer.from(stdout, 'latin1').toString()).toBe(`in a folder/${name}\n`);

      await rclone.done('sync', '--checksum', 'source', remote);
      expect(readFileSync(path)).toEqual(readFileSync(local(`source/in a folder/${name}`)));
    },
  );

  it('--checksum copies nothing where only the time differs', async () => {
    utimesSync(onDisk('copied/noise'), 1_000_000_000, 1_000_000_000);
    const { stderr } = await rclone.done('copy', '--checksum', '-v', 'source', 'home:copied');
    expect(stderr).not.toContain('Copied');
  });

  it('sync --track-renames finds by its hash what was renamed and has another time', async () => {
    mkdirSync(local('renamed'));
    writeFileSync(local('renamed/before'), 'the same content');
    await rclone.done('sync', 'renamed', 'home:renamed');
    const { ino } = statSync(onDisk('renamed/before'));
    await must(run('mv', [local('renamed/before'), local('renamed/after')]));
    await rclone.done('sync', '--track-renames', 'renamed', 'home:renamed');
    expect(statSync(onDisk('renamed/after')).ino).toBe(ino);
  });

  it.each(['md5', 'sha1'])('hashsum %s of every hostile name that lies on the server', async (algorithm) => {
    const folder = Buffer.from(onDisk(`hostile ${algorithm}/`));
    mkdirSync(folder);
    for (const { name } of hostileNames) {
      writeFileSync(Buffer.concat([folder, Buffer.from(name, 'latin1')]), content(name));
    }
    const { stdout, stderr } = await rclone.done('hashsum', algorithm, `home:hostile ${algorithm}`);
    expect(stderr).toBe('');
    const expected = hostileNames.map(({ name }) =>
      createHash(algorithm).update(content(name)).digest('hex'),
    );
    expect([...stdout.matchAll(/^([0-9a-f]+) {2}/gm)].map(([, hash]) => hash).sort()).toEqual(
      expected.sort(),
    );
    for (const { name } of hostileNames) {
      if (spelledOtherwise.test(name)) continue;
      expect(stdout).toContain(`${createHash(algorithm).update(content(name)).digest('hex')}  ${name}\n`);
    }
  });

  it('lsjson --hash shows both', async () => {
    const { stdout } = await rclone.done('lsjson', '--hash', '--files-only', 'home:copied');
    const bytes = readFileSync(local('source/noise'));
    expect(JSON.parse(stdout)).toMatchObject([
      {
        Path: 'noise',
        Hashes: {
          md5: createHash('md5').update(bytes).digest('hex'),
          sha1: createHash('sha1').update(bytes).digest('hex'),
        },
      },
    ]);
  });

  it('df, which rclone reads where there is no statvfs, says the same as about', async () => {
    const { stdout } = await must(
      run('ssh', [...server.sshOptions, '-p', String(server.port), 'alice@127.0.0.1', 'df -k /']),
    );
    // As rclone reads it: the words of the second line, six of them; total, used and free in KiB.
    const words = stdout.split('\n')[1]?.trim().split(/\s+/) ?? [];
    expect(words).toHaveLength(6);
    const about = JSON.parse((await rclone.done('about', '--json', 'home:')).stdout) as {
      readonly total: number;
      readonly free: number;
    };
    expect(Number(words[1])).toBe(Math.floor(about.total / 1024));
    expect(Math.abs(Number(words[3]) - about.free / 1024)).toBeLessThan(64 * 1024);
  });
});

const awkward = [
  "it's",
  'with  two spaces',
  'a "quoted" name',
  '$(echo hit) `echo hit`',
  '-rf',
  '*',
  '[a]?',
  'a\\nb',
  '中文 名字',
  '😀👩‍💻',
  '#~&|;<>()',
];

/** Different for each name, so that no hash stands for another file's. */
function content(name: ByteString): string {
  return `content of ${toText(name)} ${Buffer.from(name, 'latin1').toString('hex')}`;
}
