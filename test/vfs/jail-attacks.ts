import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.js';
import { diskVfs } from '../../src/vfs/disk.js';
import type { PathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { everyRequest, rejects } from '../contract/vfs-requests.js';
import { scale } from '../scale.js';
import { homeFolder, type HomeFolder } from './home-folder.js';
import { hostilePaths, hostPaths } from './jail-paths.js';
import { Outside } from './outside.js';
import { swapping } from './swapping.js';

/** The battery of attacks on the jail (J1-J4), for whichever user the process is. */
export function jailAttacks(who: string, threads: () => PathThreads): void {
  describe(`the jail holds, as ${who}`, () => {
    let home: HomeFolder;
    let vfs: Vfs;
    let outside: Outside;
    const host = (name: string): string => join(home.root, name);

    beforeEach(async () => {
      home = await homeFolder({ threads: threads() });
      vfs = home.vfs;
      outside = new Outside(home.around, home.root);
    });
    afterEach(async () => {
      outside.expectUntouched();
      await home.close();
    });

    function sow(): void {
      for (const name of readdirSync(home.root, { encoding: 'buffer' })) {
        rmSync(Buffer.concat([Buffer.from(`${home.root}/`), name]), { recursive: true, force: true });
      }
      mkdirSync(host('a/b'), { recursive: true });
      for (const file of ['f', 'a/f', 'a/b/f', 'other']) writeFileSync(host(file), 'ours');
      const links = {
        rel: '../jail-outside',
        abs: outside.folder,
        canary: outside.canary,
        self: '.',
        up: '..',
        own: home.root,
        loop: 'loop',
        deep: '../../../../jail-outside',
        'a/up': '../../jail-outside/canary.txt',
      };
      for (const [name, target] of Object.entries(links)) symlinkSync(target, host(name));
      execFileSync('mkfifo', [host('fifo')]);
    }

    test('J1: against every path of the battery in every request', async () => {
      const paths = hostilePaths(scale('jailPaths'), 20_240_607);
      let answered = 0;
      for (const path of paths) {
        if (answered % 500 < 25) sow();
        for (const request of everyRequest(vfs, path, '/other')) {
          await outside.ask(request);
          answered++;
        }
      }
      expect(answered).toBe(paths.length * everyRequest(vfs, '', '').length);
    }, 120_000);

    test('J1: symlinks out lead to nothing, absolute and relative ones', async () => {
      sow();
      for (const path of [
        '/rel',
        '/abs',
        '/canary',
        '/deep',
        '/a/up',
        '/abs/canary.txt',
        '/up/jail-outside',
      ]) {
        await rejects(vfs.open(path, { read: true }), 'not-found');
        await rejects(vfs.stat(path, { follow: true }), 'not-found');
      }
      expect((await vfs.stat('/up/f', { follow: true })).ino).toBe(lstatSync(host('f')).ino);
    });

    test('J1: nothing of the host itself is to be seen', async () => {
      const links = {
        out: '/',
        toproc: '/proc/self',
        tofd: '/proc/self/fd',
        todev: '/dev/stdin',
        passwd: '/etc/passwd',
        climb: `${'../'.repeat(30)}etc`,
      };
      for (const [name, target] of Object.entries(links)) symlinkSync(target, host(name));
      const inside = new Set([home.root, ...Object.keys(links).map(host)].map((path) => lstatSync(path).ino));
      for (const path of hostPaths) {
        await rejects(vfs.open(path, { read: true }), 'not-found', 'is-a-folder');
        for (const follow of [true, false]) {
          const seen = await outside.ask(() => vfs.stat(path, { follow }));
          if (!(seen instanceof Fault)) expect(inside).toContain((seen as { readonly ino: number }).ino);
        }
        const names = await outside.ask(async () => {
          const listing = await vfs.list(path);
          return (await listing.next(100).finally(() => listing.close())).map(({ name }) => name);
        });
        if (!(names instanceof Fault)) expect((names as string[]).sort()).toEqual(Object.keys(links).sort());
        await outside.ask(() => vfs.realpath(path));
        await outside.ask(() => vfs.space(path));
      }
    });

    test('J1: a file made through a symlink that points out is made inside', async () => {
      symlinkSync(join(outside.folder, 'made'), host('l'));
      await rejects(vfs.open('/l', { write: true, create: true }), 'not-found');
      mkdirSync(host(outside.folder), { recursive: true });
      const handle = await vfs.open('/l', { write: true, create: true });
      await handle.close();
      expect(readdirSync(host(outside.folder))).toEqual(['made']);
    });

    test('J1: a symlink moved up, so that it would point out, still counts from the root', async () => {
      await vfs.mkdir('/d', 0o755);
      await vfs.mkdir('/d/e', 0o755);
      await vfs.symlink('/d/e/l', '../../jail-outside/canary.txt');
      await rejects(vfs.open('/d/e/l', { read: true }), 'not-found');
      await vfs.rename('/d/e/l', '/l', { replace: false });
      await rejects(vfs.open('/l', { read: true }), 'not-found');
      expect(await vfs.readlink('/l')).toBe('../../jail-outside/canary.txt');
    });

    test('J2: no real path in READLINK and REALPATH, cut only where a name ends', async () => {
      symlinkSync(home.root, host('l1'));
      symlinkSync(`${home.root}/a/b`, host('l2'));
      symlinkSync(`${home.root}2/canary.txt`, host('l3'));
      expect(await vfs.readlink('/l1')).toBe('/');
      expect(await vfs.readlink('/l2')).toBe('/a/b');
      expect(await vfs.readlink('/l3')).toBe(`${home.root}2/canary.txt`);
      await rejects(vfs.open('/l3', { read: true }), 'not-found');
      expect(await vfs.realpath('/l1/../l1/x')).toBe('/x');
    });

    test('J1: FIFOs and sockets are never opened and never block; they can be listed, moved, removed', async () => {
      execFileSync('mkfifo', [host('fifo')]);
      const server = createServer();
      // A socket's address holds 107 bytes, which the path of a temporary folder may pass.
      const folder = openSync(home.root, 'r');
      await new Promise<void>((resolve) => server.listen(`/proc/self/fd/${folder}/socket`, resolve));
      await vfs.symlink('/l', 'fifo');
      for (const path of ['/fifo', '/socket', '/l']) {
        for (const options of [
          { read: true },
          { write: true },
          { write: true, create: true, truncate: true },
          { append: true },
        ]) {
          await rejects(vfs.open(path, options), 'not-a-file');
        }
        await rejects(vfs.set(path, { size: 0 }, { follow: true }), 'not-a-file');
      }
      await rejects(vfs.link('/fifo', '/other'), 'not-a-file');
      const listing = await vfs.list('/');
      const kinds = (await listing.next(10)).map(({ name, stats }) => `${name} ${stats.kind}`);
      await listing.close();
      expect(kinds.sort()).toEqual(['fifo fifo', 'l symlink', 'socket socket']);
      await vfs.set('/fifo', { mode: 0o600, times: { atime: 1, mtime: 2 } }, { follow: true });
      expect(await vfs.rename('/fifo', '/moved', { replace: false })).toMatchObject({
        kind: 'fifo',
        bytesAfter: 0,
      });
      expect(await vfs.remove('/moved')).toMatchObject({ kind: 'fifo', linksLeft: 0 });
      expect(await vfs.remove('/socket')).toMatchObject({ kind: 'socket', bytesBefore: 0 });
      await new Promise((resolve) => server.close(resolve));
      closeSync(folder);
    });

    test('J1: a client cannot make a hard link to the outside', async () => {
      sow();
      for (const path of ['/canary', '/abs/canary.txt', '/../jail-outside/canary.txt', '/a/up']) {
        await rejects(vfs.link(path, '/mine'), 'not-found', 'not-a-file');
      }
      for (const path of ['/rel/mine', '/../jail-outside/mine', '/abs/mine']) {
        await rejects(vfs.link('/f', path), 'not-found');
      }
      expect(readdirSync(home.root)).not.toContain('mine');
    });

    test('J1: the home itself is neither moved, replaced nor removed', async () => {
      await vfs.mkdir('/d', 0o755);
      for (const path of ['/', '', '.', '/..', '/d/..', '/../jail-home', '/d/../../jail-home']) {
        for (const replace of [false, true]) {
          await outside.ask(() => vfs.rename(path, '/x', { replace }));
          await outside.ask(() => vfs.rename('/d', path, { replace }));
          await vfs.rename('/jail-home', '/d', { replace }).catch(() => undefined);
        }
        await outside.ask(() => vfs.rmdir(path));
        await outside.ask(() => vfs.remove(path));
      }
      expect(lstatSync(home.root).isDirectory()).toBe(true);
      expect((await vfs.stat('/', { follow: true })).ino).toBe(lstatSync(home.root).ino);
    });

    test('J4: other filesystems below the root are shown where they are, and not entered', async () => {
      const whole = await diskVfs({ root: '/', threads: threads(), inodes: home.inodes, umask: 0o022 });
      try {
        expect((await whole.stat('/proc', { follow: true })).kind).toBe('folder');
        await rejects(whole.list('/proc'), 'denied');
        const root = await whole.list('/');
        await rejects(root.enter?.('proc') ?? Promise.resolve(), 'denied');
        await root.close();
        await rejects(whole.open('/proc/self/environ', { read: true }), 'denied');
        await rejects(whole.stat('/proc/self/root/etc', { follow: true }), 'denied');
      } finally {
        await whole.close();
      }
    });

    test('J1: `..` counts from where the walk is, however deep, and ends at the root', async () => {
      const deep = '/d'.repeat(300);
      mkdirSync(host(deep), { recursive: true });
      writeFileSync(host('f'), 'ours');
      const { ino } = await vfs.stat('/f', { follow: true });
      expect((await vfs.stat(`${deep}${'/..'.repeat(300)}/f`, { follow: true })).ino).toBe(ino);
      expect((await vfs.stat(`${deep}${'/..'.repeat(700)}/f`, { follow: true })).ino).toBe(ino);
      expect(await vfs.realpath(`${deep}${'/..'.repeat(100)}`)).toBe('/d'.repeat(200));
    });

    test('J1: no walk costs more than so many steps, whatever its symlinks make of it', async () => {
      mkdirSync(host('/d'.repeat(680)), { recursive: true });
      symlinkSync(`${'d/'.repeat(680)}${'../'.repeat(680)}`, host('l'));
      await vfs.stat('/l', { follow: true });
      const fault = await vfs.stat('/l'.repeat(40), { follow: true }).catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: 'loop', message: 'the path takes too many steps to resolve' });
    });

    interface Race {
      readonly name: string;
      /** Makes `d`, and `d.other` that it is swapped with. */
      readonly set: () => void;
      readonly requests: () => readonly (() => Promise<unknown>)[];
    }

    const races: readonly Race[] = [
      {
        name: 'a folder and a symlink to the outside',
        set: () => {
          mkdirSync(host('d/sub'), { recursive: true });
          writeFileSync(host('d/canary.txt'), 'ours');
          writeFileSync(host('d/sub/inside'), 'ours');
          symlinkSync(outside.folder, host('d.other'));
        },
        requests: () => [
          ...everyRequest(vfs, '/d/canary.txt', '/d/other'),
          ...everyRequest(vfs, '/d/sub/inside', '/other'),
          ...everyRequest(vfs, '/d/sub/../canary.txt', '/d/sub/other'),
          () => vfs.mkdir('/d/sub', 0o755),
          () => vfs.open('/d/canary.txt', { write: true, create: true }).then((handle) => handle.close()),
        ],
      },
      {
        name: 'a file and a symlink to a file outside',
        set: () => {
          writeFileSync(host('d'), 'ours');
          symlinkSync('../jail-outside/canary.txt', host('d.other'));
        },
        // Nothing that would take the two away from whoever swaps them.
        requests: () => everyRequest(vfs, '/d', '/other').slice(0, 14),
      },
      {
        name: 'a file and a FIFO',
        set: () => {
          writeFileSync(host('d'), 'ours');
          execFileSync('mkfifo', [host('d.other')]);
        },
        requests: () => everyRequest(vfs, '/d', '/other').slice(0, 14),
      },
      {
        name: 'a folder near the root and one deep below, under a walk that climbs',
        set: () => {
          mkdirSync(host('d/x/y'), { recursive: true });
          mkdirSync(host('deep/er/x/y'), { recursive: true });
          mkdirSync(host('jail-outside'));
          symlinkSync('deep/er', host('d.other'));
        },
        requests: () =>
          [
            '/d/x/y/../../../../jail-outside/canary.txt',
            '/d/x/../../jail-outside/canary.txt',
            '/d/../../jail-outside',
          ].flatMap((path) => everyRequest(vfs, path, '/other').slice(0, 14)),
      },
    ];

    for (const race of races) {
      test(`J1: while ${race.name} are swapped in a tight loop`, async () => {
        const wanted = scale('jailSwaps');
        race.set();
        const swap = swapping(host('d'), host('d.one'), host('d.other'));
        const seen = new Set<string>();
        let asked = 0;
        let over = false;
        try {
          const session = async (): Promise<void> => {
            while (!over && (swap.swaps() < wanted || asked < 2000)) {
              for (const request of race.requests()) {
                const reply = await outside.ask(request);
                asked++;
                seen.add(reply instanceof Fault ? reply.code : 'answered');
              }
            }
          };
          await Promise.all([session(), session(), session(), session()]);
        } finally {
          over = true;
          await swap.stop();
        }
        expect(swap.swaps()).toBeGreaterThanOrEqual(wanted);
        expect(asked).toBeGreaterThanOrEqual(2000);
        // Both sides of the swap were met, otherwise nothing was raced against.
        expect(seen.size).toBeGreaterThan(1);
        expect(seen).toContain('answered');
      }, 120_000);
    }

    test('J1: a client that swaps by its own renames gets no further', async () => {
      await vfs.mkdir('/d', 0o755);
      await vfs.symlink('/l', outside.folder);
      let swaps = 0;
      const done = (async () => {
        for (; swaps < 1000; swaps++) {
          await vfs.rename('/d', '/e', { replace: false });
          await vfs.rename('/l', '/d', { replace: true });
          await vfs.rename('/d', '/l', { replace: true });
          await vfs.rename('/e', '/d', { replace: false });
        }
      })();
      while (swaps < 1000) {
        await outside.ask(() => vfs.open('/d/canary.txt', { read: true }));
        await outside.ask(() => vfs.stat('/d/canary.txt', { follow: true }));
        await outside.ask(() => vfs.remove('/d/canary.txt'));
        await outside.ask(() => vfs.symlink('/d/new', 'x'));
        await outside.ask(() => vfs.rename('/d/sub', '/d/moved', { replace: true }));
      }
      await done;
    }, 60_000);

    test('every descriptor is closed, on whatever way a request ends', async () => {
      sow();
      const open = (): number => readdirSync('/proc/self/fd').length;
      const round = async (): Promise<void> => {
        for (const path of [
          '/a/b/f',
          '/none/x',
          '/f/x',
          '/loop',
          '/abs/x',
          '/a/../..',
          '/fifo',
          '/a\0b',
          '/self/a',
        ]) {
          for (const request of everyRequest(vfs, path, '/a/f')) await request().catch(() => undefined);
        }
      };
      await round();
      const before = open();
      const inodesBefore = home.inodes.size;
      for (let index = 0; index < 15; index++) {
        sow();
        await round();
      }
      expect(open()).toBe(before);
      expect(home.inodes.size).toBe(inodesBefore);
      expect(readlinkSync('/proc/self/fd/0')).toBeDefined();
    }, 60_000);
  });
}
