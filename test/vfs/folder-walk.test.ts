import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { surplusAt } from '../../src/vfs/folder-route.js';
import { FolderWalk } from '../../src/vfs/folder-walk.js';
import { measure } from '../../src/vfs/measure.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import type { Listing } from '../../src/vfs/vfs.js';
import { scale } from '../scale.js';
import { homeFolder } from './home-folder.js';

const threads = pathThreads(2);
afterAll(() => threads.close());

/** A chain of folders far below where paths end, in each of them a second folder with a file in it. */
function makeChain(root: string, depth: number): void {
  let folder = openSync(root, 'r');
  for (let level = 0; level < depth; level++) {
    const at = `/proc/self/fd/${folder}`;
    mkdirSync(`${at}/aside`);
    writeFileSync(`${at}/aside/file`, 'x');
    mkdirSync(`${at}/deeper`);
    const next = openSync(`${at}/deeper`, 'r');
    closeSync(folder);
    folder = next;
  }
  closeSync(folder);
}

describe('a chain of folders deeper than paths go', () => {
  test('is counted in full, with a bounded number of descriptors, and not in quadratic time', async () => {
    const home = await homeFolder({ threads, inMemory: true });
    const depth = scale('deepFolders');
    let entered = 0;
    let most = 0;
    class Counted extends DelegatingVfs {
      override async list(path: string): Promise<Listing> {
        return counted(await super.list(path));
      }
    }
    function counted(listing: Listing): Listing {
      return {
        path: '',
        inode: listing.inode,
        next: (count) => listing.next(count),
        enter: async (name) => {
          if (++entered % 100 === 0) most = Math.max(most, readdirSync('/proc/self/fd').length);
          if (!listing.enter) throw new Error('it has');
          return counted(await listing.enter(name));
        },
        close: () => listing.close(),
      };
    }
    // The threads start now, and what they hold is not the walk's.
    expect(await measure(home.vfs)).toEqual({ bytes: 0, files: 0 });
    const before = readdirSync('/proc/self/fd').length;
    makeChain(home.root, depth);
    expect(await measure(new Counted(home.vfs))).toEqual({ bytes: depth, files: 3 * depth });
    expect(most - before).toBeLessThan(128);
    expect(entered).toBeLessThan(2 * depth * Math.log2(depth));
    expect(readdirSync('/proc/self/fd').length).toBe(before);
    // Neither Node nor the test's own cleaning can remove what has so long a path.
    execFileSync('rm', ['-rf', home.root]);
    await home.close();
  }, 300_000);
});

test('what stays open thins out with the distance', () => {
  const open = new Set<number>();
  let missing = 0;
  let most = 0;
  for (let depth = 0; depth < 100_000; depth++) {
    open.add(depth);
    const surplus = surplusAt(depth);
    if (surplus !== null) {
      missing += open.delete(surplus) && surplus > 0 ? 0 : 1;
    }
    most = Math.max(most, open.size);
  }
  expect(missing).toBe(0);
  expect(most).toBeLessThanOrEqual(3 + 2 * Math.ceil(Math.log2(100_000)));
  for (const distance of [1, 10, 100, 1_000, 10_000]) {
    const above = Math.max(...[...open].filter((depth) => depth <= 99_999 - distance));
    expect(99_999 - distance - above).toBeLessThanOrEqual(distance);
  }
});

test('a filesystem whose listings cannot be entered is walked by its paths', async () => {
  const inner = memoryVfs();
  await inner.mkdir('/a', 0o755);
  await inner.mkdir('/a/b', 0o755);
  await inner.symlink('/a/b/c', '/a');
  await (await inner.open('/a/b/f', { write: true, create: true })).write([Buffer.from('abc')], 0);
  class OnlyPaths extends DelegatingVfs {
    override async list(path: string): Promise<Listing> {
      const listing = await super.list(path);
      return { path, next: (count) => listing.next(count), close: () => listing.close() };
    }
  }
  expect(await measure(new OnlyPaths(inner))).toEqual({ bytes: 3, files: 4 });
});

test.each([300, 1_000])(
  'of %i folders that are too many to keep, all are found by reading again',
  async (width) => {
    const home = await homeFolder({ threads, inMemory: true });
    const wide = join(home.root, 'a/b/c');
    for (let index = 0; index < width; index++) {
      mkdirSync(join(wide, `${index}`, index % 100 === 0 ? 'e/f/g/h/i/j/k' : ''), { recursive: true });
    }
    let met = 0;
    let asked = 0;
    class Counted extends DelegatingVfs {
      override async list(path: string): Promise<Listing> {
        return counted(await super.list(path));
      }
    }
    function counted(listing: Listing): Listing {
      return {
        path: listing.path,
        inode: listing.inode,
        next: (count) => {
          if (listing.path === '/a/b/c') asked++;
          return listing.next(count);
        },
        enter: async (name) => counted((await listing.enter?.(name)) ?? listing),
        close: () => listing.close(),
      };
    }
    await new FolderWalk({ vfs: new Counted(home.vfs), meet: () => met++, namesBudget: 0 }).run();
    expect(met).toBe(3 + width + (width / 100) * 7);
    expect(asked).toBeGreaterThanOrEqual(2 * Math.ceil(width / 128 + 1));
    await home.close();
  },
);
