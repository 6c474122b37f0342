import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { auditLines } from './audit.js';
import { awaited } from './awaited.js';
import { sha256, writeNoise } from './bytes.js';
import { cannotMount, mountHome, type Mount } from './mount.js';
import { missing, run, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const commits = scale('mountedCommits');
const files = scale('mountedFiles');

/** A busy machine takes its time for the thousands of small requests of git. */
const gitTimeout = 120_000;

/** What people do in a mount, by the programs they do it with. */
describe.skipIf(cannotMount() || missing('git', 'make', 'gcc', 'ar', 'flock'))(
  'work in a mount of sshfs',
  () => {
    let server: TestServer;
    let environment: Readonly<Record<string, string | undefined>>;

    beforeAll(async () => {
      server = await startServer();
      const empty = join(server.work, 'empty');
      mkdirSync(empty);
      const person = { NAME: 'Alice', EMAIL: 'alice@example.com', DATE: '2026-01-02T03:04:05Z' };
      environment = {
        PATH: process.env['PATH'],
        HOME: empty,
        GIT_CONFIG_NOSYSTEM: '1',
        ...Object.fromEntries(
          Object.entries(person).flatMap(([key, value]) => [
            [`GIT_AUTHOR_${key}`, value],
            [`GIT_COMMITTER_${key}`, value],
          ]),
        ),
      };
      await makeRepository(join(server.work, 'origin'));
    });
    afterAll(async () => {
      await server.stop();
      expect(server.log()).not.toContain('request.failed');
    });

    function done(folder: string, command: string, ...args: readonly string[]): Promise<Result> {
      return must(run(command, args, { cwd: folder, env: environment }));
    }

    async function makeRepository(folder: string): Promise<void> {
      mkdirSync(join(folder, 'deep/er'), { recursive: true });
      await done(folder, 'git', 'init', '--quiet', '--initial-branch=main');
      for (let index = 0; index < files; index++)
        writeFileSync(join(folder, `file-${index}`), `${index}\n`.repeat(index));
      await writeNoise(join(folder, 'deep/er/binary'), 300_000);
      for (let index = 0; index < commits; index++) {
        writeFileSync(join(folder, 'deep/changing'), `version ${index}\n`);
        await done(folder, 'git', 'add', '.');
        await done(folder, 'git', 'commit', '--quiet', '--message', `commit ${index}`);
      }
    }

    describe.each([
      { name: 'one connection', options: ['idmap=user'] },
      { name: 'four connections and no cache', options: ['idmap=user', 'max_conns=4', 'dir_cache=no'] },
    ])('$name', ({ name, options }) => {
      let mounted: Mount;
      let folder: string;
      const inMount = (path: string): string => join(folder, path);
      const onDisk = (path: string): string => join(server.home('alice'), name, path);

      beforeAll(async () => {
        mounted = await mountHome(server, `mount of ${name}`, options);
        folder = join(mounted.path, name);
        mkdirSync(folder);
      });
      afterAll(() => mounted.unmount());

      it(
        'git: clone, commit, branch, merge, gc, fsck',
        async () => {
          await done(
            folder,
            'git',
            'clone',
            '--quiet',
            '--no-hardlinks',
            join(server.work, 'origin'),
            'clone',
          );
          const clone = inMount('clone');
          expect((await done(clone, 'git', 'status', '--porcelain')).stdout).toBe('');
          await done(clone, 'git', 'checkout', '--quiet', '-b', 'side');
          writeFileSync(join(clone, 'file-1'), 'changed here');
          expect((await done(clone, 'git', 'status', '--porcelain')).stdout).toBe(' M file-1\n');
          await done(clone, 'git', 'commit', '--quiet', '--all', '--message', 'aside');
          await done(clone, 'git', 'mv', 'file-2', 'deep/moved');
          await done(clone, 'git', 'commit', '--quiet', '--message', 'moved');
          await done(clone, 'git', 'checkout', '--quiet', 'main');
          await done(clone, 'git', 'merge', '--quiet', '--no-ff', '--message', 'merged', 'side');
          await done(clone, 'git', 'gc', '--quiet', '--prune=now');
          await done(clone, 'git', 'fsck', '--full', '--strict');
          expect((await done(clone, 'git', 'rev-list', '--count', 'HEAD')).stdout).toBe(`${commits + 3}\n`);
          expect((await done(clone, 'git', 'status', '--porcelain')).stdout).toBe('');
          const packs = readdirSync(onDisk('clone/.git/objects/pack'));
          expect(packs.filter((pack) => pack.endsWith('.pack'))).toHaveLength(1);
          // The repository is whole on the server's own disk too, where nothing of the mount is between.
          await done(onDisk('clone'), 'git', '-c', 'safe.directory=*', 'fsck', '--full', '--strict');
        },
        gitTimeout,
      );

      it(
        'git clone out of the mount, and a push into it',
        async () => {
          const out = join(server.work, `out of ${name}`);
          await done(
            server.work,
            'git',
            'init',
            '--quiet',
            '--bare',
            '--initial-branch=main',
            inMount('bare'),
          );
          await done(join(server.work, 'origin'), 'git', 'push', '--quiet', inMount('bare'), 'main');
          await done(server.work, 'git', 'clone', '--quiet', inMount('bare'), out);
          expect(await sha256(join(out, 'deep/er/binary'))).toBe(
            await sha256(join(server.work, 'origin/deep/er/binary')),
          );
        },
        gitTimeout,
      );

      it('a C program: built, run, and nothing to do the second time; then only what changed', async () => {
        const source = inMount('program');
        mkdirSync(source);
        for (const [file, text] of Object.entries(program)) writeFileSync(join(source, file), text);
        const built = await done(source, 'make', '-j2');
        expect(built.stdout).toContain('ar rcs');
        expect((await done(source, join(source, 'answer'))).stdout).toBe('42\n');
        expect((await done(source, 'make', '--question')).status).toBe(0);

        // Version 3 tells whole seconds: what is built in the second of the change would not look older than it.
        const hourAgo = Math.floor(Date.now() / 1000) - 3600;
        for (const file of readdirSync(source)) utimesSync(join(source, file), hourAgo, hourAgo);
        writeFileSync(join(source, 'two.c'), 'int two(void) { return 3; }\n');
        const { stdout } = await done(source, 'make');
        expect(stdout).toContain('-o two.o');
        expect(stdout).not.toContain('-o forty.o');
        expect((await done(source, join(source, 'answer'))).stdout).toBe('43\n');
      });

      it('a shared library of the mount is mapped by the program that runs', async () => {
        writeFileSync(inMount('shared.c'), 'int shared(void) { return 7; }\n');
        writeFileSync(inMount('user.c'), 'int shared(void);\nint main(void) { return shared(); }\n');
        await done(folder, 'gcc', '-shared', '-fPIC', '-o', 'libshared.so', 'shared.c');
        await done(folder, 'gcc', '-o', 'user', 'user.c', '-L.', '-lshared', '-Wl,-rpath,$ORIGIN');
        expect((await run(inMount('user'), [], { env: environment })).status).toBe(7);
      });

      it('a file moved over one that is open: the open one goes on, the name is the new one', () => {
        writeFileSync(inMount('open'), 'old content');
        writeFileSync(inMount('next'), 'new');
        const descriptor = openSync(inMount('open'), 'r');
        renameSync(inMount('next'), inMount('open'));
        const text = Buffer.alloc(20);
        expect(text.toString('latin1', 0, readSync(descriptor, text, 0, 20, 0))).toBe('old content');
        closeSync(descriptor);
        expect(readFileSync(inMount('open'), 'utf8')).toBe('new');
        expect(readFileSync(onDisk('open'), 'utf8')).toBe('new');
      });

      it('a file removed while it is open can be written and read to its end', () => {
        const descriptor = openSync(inMount('removed'), 'w+');
        writeSync(descriptor, 'kept');
        unlinkSync(inMount('removed'));
        writeSync(descriptor, ' on');
        const text = Buffer.alloc(20);
        expect(text.toString('latin1', 0, readSync(descriptor, text, 0, 20, 0))).toBe('kept on');
        closeSync(descriptor);
        expect(readdirSync(folder).filter((entry) => entry.includes('removed'))).toEqual([]);
      });

      it('times and sizes are seen at once', () => {
        writeFileSync(inMount('dated'), 'x');
        utimesSync(inMount('dated'), 1_000_000_000, 1_100_000_000);
        expect(statSync(inMount('dated')).mtimeMs).toBe(1_100_000_000_000);
        const descriptor = openSync(inMount('dated'), 'r+');
        writeSync(descriptor, 'longer than before', 0);
        expect(fstatSync(descriptor).size).toBe(18);
        closeSync(descriptor);
        expect(statSync(inMount('dated')).size).toBe(18);
        expect(Date.now() - statSync(inMount('dated')).mtimeMs).toBeLessThan(60_000);
        truncateSync(inMount('dated'), 5);
        expect(statSync(inMount('dated')).size).toBe(5);
        expect(statSync(onDisk('dated')).size).toBe(5);
      });

      it('locks hold between the programs of a mount', async () => {
        writeFileSync(inMount('lock'), '');
        const holds = await open(inMount('lock'), 'r+');
        const script = 'flock --nonblock 9 && ! flock --nonblock "$0" true';
        await done(folder, 'sh', '-c', `exec 9>>lock; ${script}`, inMount('lock'));
        await holds.close();
        await done(folder, 'flock', '--nonblock', 'lock', 'true');
      });

      it('many writers at once, each at random places of its own file', async () => {
        await Promise.all(
          Array.from({ length: 12 }, async (_, index) => {
            const local = join(server.work, `${name} noise ${index}`);
            await writeNoise(local, 13 * 33_333, index + 1);
            const bytes = readFileSync(local);
            const file = await open(inMount(`noise ${index}`), 'w+');
            const places = Array.from({ length: 13 }, (_, place) => ((place * 5 + index) % 13) * 33_333);
            for (const place of places) await file.write(bytes, place, 33_333, place);
            await file.close();
            expect(await sha256(onDisk(`noise ${index}`))).toBe(await sha256(local));
          }),
        );
      });

      it('df shows what statvfs says', async () => {
        const { stdout } = await must(server.sftp('alice', 'df'));
        const [total = 0, , free = 0] = (stdout.trim().split('\n').at(-1) ?? '')
          .trim()
          .split(/\s+/)
          .map(Number);
        const shown = (await done(server.work, 'df', '-k', '--output=size,avail', mounted.path)).stdout;
        const [shownTotal = 0, shownFree = 0] = (shown.trim().split('\n').at(-1) ?? '')
          .trim()
          .split(/\s+/)
          .map(Number);
        expect(total).toBeGreaterThan(0);
        expect(shownTotal).toBe(total);
        // Where no line is nearer the disk is shown, and others write to it meanwhile.
        expect(Math.abs(shownFree - free)).toBeLessThan(64 * 1024);
        expect(statfsSync(mounted.path).bsize).toBe(512);
      });
    });

    it('max_conns=4 logs in more than once', async () => {
      const began = new Date().toISOString();
      const mounted = await mountHome(server, 'mount with logins', ['max_conns=4']);
      try {
        const files = await Promise.all(
          ['a', 'b', 'c', 'd'].map((name) => open(join(mounted.path, `login ${name}`), 'w')),
        );
        await Promise.all(files.map((file) => file.write('x')));
        await Promise.all(files.map((file) => file.close()));
        const logins = (): number =>
          auditLines(server).filter(({ event, time }) => event === 'login.succeeded' && time >= began).length;
        await awaited(
          () => `a second login, after ${logins()}`,
          () => logins() > 1,
        );
      } finally {
        mounted.unmount();
      }
    });
  },
);

const program: Readonly<Record<string, string>> = {
  'forty.c': '#include "numbers.h"\nint forty(void) { return 40; }\n',
  'two.c': '#include "numbers.h"\nint two(void) { return 2; }\n',
  'main.c':
    '#include <stdio.h>\n#include "numbers.h"\nint main(void) { printf("%d\\n", forty() + two()); return 0; }\n',
  'numbers.h': 'int forty(void);\nint two(void);\n',
  Makefile: [
    'CFLAGS = -O1 -g',
    'answer: main.o libnumbers.a',
    '\t$(CC) -o $@ main.o -L. -lnumbers',
    'libnumbers.a: forty.o two.o',
    '\tar rcs $@ $^',
    'main.o forty.o two.o: numbers.h',
    '%.o: %.c',
    '\t$(CC) $(CFLAGS) -c -o $@ $<',
    '',
  ].join('\n'),
};
