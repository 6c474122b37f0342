import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { measure } from '../../src/vfs/measure.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { scale } from '../scale.js';
import { homeFolder } from '../vfs/home-folder.js';
import { CountedHome, StoppingVfs, type Moment } from './counted-home.js';

const threads = pathThreads(2);
afterAll(() => threads.close());

/** Folders end with a slash; files get as many bytes as their path has letters. */
async function filled(vfs: Vfs, paths: readonly string[]): Promise<Vfs> {
  for (const path of paths) {
    if (path.endsWith('/')) await vfs.mkdir(path, 0o755);
    else {
      const handle = await vfs.open(path, { write: true, create: true });
      await handle.set({ size: path.length });
      await handle.close();
    }
  }
  return vfs;
}

interface During {
  readonly tree: readonly string[];
  /** Where the walk is stopped, the first time it comes there. */
  readonly at: Moment;
  readonly path: string;
  readonly change: (home: CountedHome) => Promise<void>;
}

/** Counts while something is changed at one moment of the walk, and compares with what is there afterwards. */
async function during({ tree, at, path, change }: During): Promise<CountedHome> {
  const vfs = await filled(memoryVfs(), tree);
  let stopped = false;
  const home: CountedHome = new CountedHome(vfs, {
    walked: new StoppingVfs(vfs, async (moment, where) => {
      if (stopped || moment !== at || where !== path) return;
      stopped = true;
      await change(home);
      home.tell();
    }),
  });
  await home.scan.run();
  expect(stopped).toBe(true);
  expect(await home.total()).toEqual(await measure(vfs));
  return home;
}

// The walk goes into the last folder of a listing first: /b is listed before /a.
const tree = ['/a/', '/a/x', '/a/sub/', '/a/sub/deep', '/b/', '/b/y', '/b/sub/', '/b/sub/deep'];
const moments = (['before-next', 'after-next'] as const).flatMap((at) =>
  ['/', '/a', '/b', '/b/sub'].map((path) => ({ at, path })),
);

describe.each(moments)('changes made $at of $path are counted once (L7):', (moment) => {
  const check = (change: During['change']): Promise<CountedHome> => during({ tree, ...moment, change });

  test('a file that is made, grows, shrinks', async () => {
    await check(async (home) => {
      for (const path of ['/a/new', '/b/new']) {
        await home.create(path);
        await home.resize(path, 1000);
        await home.resize(path, 10);
      }
    });
  });

  test('files that were there grow, shrink, are removed', async () => {
    await check(async (home) => {
      await home.resize('/a/x', 1000);
      await home.resize('/b/y', 0);
      await home.remove('/a/sub/deep');
      await home.resize('/b/sub/deep', 7);
      await home.remove('/b/sub/deep');
      await home.rmdir('/b/sub');
    });
  });

  test('files that are renamed, both ways and over each other', async () => {
    await check(async (home) => {
      await home.rename('/a/x', '/b/x');
      await home.rename('/b/y', '/a/y');
      await home.rename('/a/sub/deep', '/b/sub/deep');
    });
  });

  test('folders that are renamed, both ways, into each other and back', async () => {
    await check(async (home) => {
      await home.rename('/a/sub', '/b/moved');
      await home.rename('/b/sub', '/a/moved');
      await home.rename('/a', '/c');
      await home.rename('/b', '/c/b');
      await home.rename('/c/b/moved', '/d');
    });
  });

  test('a folder that is renamed and changes before the walk comes to it', async () => {
    await check(async (home) => {
      await home.rename('/a/sub', '/s');
      await home.create('/s/new');
      await home.resize('/s/deep', 99);
      await home.rename('/b/sub', '/s/sub');
      await home.remove('/s/sub/deep');
      await home.mkdir('/s/sub/made');
      await home.rename('/s/sub', '/s/again');
    });
  });
});

test('an inode number that comes free is another file', async () => {
  const home = await homeFolder({ threads });
  await filled(home.vfs, ['/d/', '/d/f']);
  const inodes = new Set<number>();
  const counted: CountedHome = new CountedHome(home.vfs, {
    walked: new StoppingVfs(home.vfs, async (moment, path) => {
      if (moment !== 'after-next' || path !== '/d') return;
      for (let round = 0; round < 5; round++) {
        inodes.add((await home.vfs.stat('/d/f', { follow: false })).ino);
        await counted.remove('/d/f');
        await counted.create('/d/f');
        await counted.resize('/d/f', round);
      }
    }),
  });
  await counted.scan.run();
  expect(await counted.total()).toEqual(await measure(home.vfs));
  await home.close();
});

test('names of inodes with several are told, and each inode counts once', async () => {
  const vfs = await filled(memoryVfs(), ['/d/', '/f']);
  await vfs.link('/f', '/d/g');
  await vfs.link('/f', '/d/h');
  const { ino } = await vfs.stat('/f', { follow: false });
  const { scan } = new CountedHome(vfs);
  await scan.run();
  expect(scan.untouched).toEqual({ bytes: 2, files: 2 });
  expect(scan.links).toEqual(new Map([[ino, 3]]));
  expect([scan.hasMet(ino), scan.isTouched(ino)]).toEqual([true, false]);
  scan.touch(ino, 2);
  scan.touch(ino, 2);
  expect(scan.untouched).toEqual({ bytes: 0, files: 1 });
  expect(scan.isTouched(ino)).toBe(true);
});

test('a folder that moved and is back before the walk comes to it is listed once', async () => {
  const home = await during({
    tree: ['/a/', '/d/', '/d/f'],
    at: 'after-next',
    path: '/',
    change: async (counted) => {
      await counted.rename('/d', '/e');
      await counted.rename('/e', '/d');
    },
  });
  expect(home.told.at(-1)).toBe(3);
});

test('a folder that moves once the walk is over is counted before `moved` resolves', async () => {
  const vfs = await filled(memoryVfs(), ['/a/']);
  const outside = await filled(memoryVfs(), ['/in/', '/in/f']);
  const { scan } = new CountedHome(vfs);
  await scan.run();
  expect(scan.untouched.files).toBe(1);
  // Another filesystem stands for what the walk has not seen; its inodes have numbers of their own.
  await scan.moved(await outside.list('/'));
  expect(scan.untouched).toEqual({ bytes: 5, files: 3 });
});

test('more folders move at once than can be held open, and all are counted', async () => {
  const folders = Array.from({ length: 200 }, (_, index) => [`/d${index}/`, `/d${index}/f`]).flat();
  await during({
    tree: ['/z/', ...folders],
    at: 'before-next',
    path: '/',
    change: async (home) => {
      for (let index = 0; index < 200; index++) await home.rename(`/d${index}`, `/z/e${index}`);
    },
  });
});

test.each([0, 100])('folders far above the walk move, told of at once or late (%i)', async (keep) => {
  const deep = (level: number): string => '/deeper'.repeat(level);
  const tree = Array.from({ length: 40 }, (_, level) => [
    `${deep(level)}/aside/`,
    `${deep(level)}/aside/f`,
    `${deep(level + 1)}/`,
  ]).flat();
  const vfs = await filled(memoryVfs(), tree);
  let stopped = false;
  const home: CountedHome = new CountedHome(vfs, {
    walked: new StoppingVfs(vfs, async (moment, path) => {
      if (stopped || moment !== 'before-next' || path !== deep(40)) return;
      stopped = true;
      await home.rename(deep(11), '/m');
      await home.rename(`/m${deep(10)}`, '/n');
      await home.rename(deep(5), '/n/o');
      // Another folder by the old name is not the one that the walk has to come back to.
      await home.mkdir(deep(5));
      await home.rename('/m', '/n/m');
      await home.create('/n/m/aside/new');
      home.tell(keep);
    }),
  });
  await home.scan.run();
  expect(stopped).toBe(true);
  expect(await home.total()).toEqual(await measure(vfs));
});

test('it can be called off, fails as its folders fail, and closes what it holds', async () => {
  const abort = new AbortController();
  const vfs = await filled(memoryVfs(), tree);
  let open = 0;
  const stop = (fail: boolean): Vfs =>
    new StoppingVfs(vfs, (moment, path) => {
      if (moment === 'after-enter') open++;
      if (moment === 'before-next' && path === '/a/sub') {
        if (fail) return Promise.reject(new Error('EIO'));
        abort.abort();
      }
      return Promise.resolve();
    });
  await expect(new CountedHome(vfs, { walked: stop(true) }).scan.run()).rejects.toThrow('EIO');
  const cancelled = new CountedHome(vfs, { walked: stop(false), signal: abort.signal });
  await expect(cancelled.scan.run()).rejects.toMatchObject({ code: 'cancelled' });
  expect(open).toBeGreaterThan(0);
  const late = await vfs.list('/a');
  await cancelled.scan.moved(late);
  await expect(late.next(1)).rejects.toMatchObject({ code: 'bad-handle' });
});

test('it says how far it is, and pauses with what it took', async () => {
  const vfs = await filled(memoryVfs(), tree);
  const told: number[] = [];
  const { scan } = new CountedHome(vfs, {
    walked: new StoppingVfs(vfs, () => new Promise((resolve) => setTimeout(resolve, 3))),
    progress: (entries) => told.push(entries),
    pause: (milliseconds) => {
      expect(milliseconds).toBeGreaterThanOrEqual(2);
      return Promise.resolve();
    },
  });
  await scan.run();
  expect(told.length).toBeGreaterThan(3);
  expect(told.at(-1)).toBe(tree.length);
});

const pick = fc.nat(1000);
const operation = fc.record({
  kind: fc.constantFrom('create', 'mkdir', 'resize', 'remove', 'rename', 'rename', 'rename'),
  a: pick,
  b: pick,
  name: fc.constantFrom('p', 'q', 'r'),
  size: fc.nat(100),
});

/** Takes whatever the home holds at the moment; what the filesystem refuses changes nothing. */
async function act(
  home: CountedHome,
  vfs: Vfs,
  { kind, a, b, name, size }: typeof operation extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const all = await everything(vfs);
  const folders = ['', ...all.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1))];
  const one = all[a % all.length];
  const target = `${folders[b % folders.length] ?? ''}/${name}`;
  if (kind === 'create') return home.create(target);
  if (kind === 'mkdir') return home.mkdir(target);
  if (one === undefined) return;
  const path = one.replace(/\/$/, '');
  if (kind === 'rename') return home.rename(path, target);
  if (kind === 'resize') return home.resize(path, size);
  return one.endsWith('/') ? home.rmdir(path) : home.remove(path);
}

async function everything(vfs: Vfs, path = ''): Promise<string[]> {
  const listing = await vfs.list(path === '' ? '/' : path);
  const entries = await listing.next(1000);
  await listing.close();
  const found = await Promise.all(
    entries.map(async ({ name, stats }) =>
      stats.kind === 'folder'
        ? [`${path}/${name}/`, ...(await everything(vfs, `${path}/${name}`))]
        : [`${path}/${name}`],
    ),
  );
  return found.flat();
}

const refused = (thrown: unknown): void => {
  expect(thrown).toHaveProperty('code');
};

const plan = fc.record({
  /** Pairs of parent and kind, of which the tree is made. */
  tree: fc.array(fc.tuple(pick, fc.boolean()), { maxLength: 60 }),
  /** Of how many folders the parent is one, the last made first: few make a deep tree, of which much is let go. */
  among: fc.constantFrom(2, 3, 100),
  changes: fc.array(fc.array(operation, { maxLength: 3 }), { maxLength: 200 }),
  after: fc.array(operation, { maxLength: 5 }),
  /** How many of the folders that moved last are not told of yet. */
  lag: fc.constantFrom(0, 0, 1, 3),
});

async function holds(
  vfs: Vfs,
  { tree: shape, among, changes, after, lag }: typeof plan extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const folders = [''];
  for (const [index, [parent, folder]] of shape.entries()) {
    const above = folders.slice(-among);
    const path = `${above[parent % above.length] ?? ''}/n${index}`;
    await filled(vfs, [folder ? `${path}/` : path]);
    if (folder) folders.push(path);
  }
  const left = [...changes];
  const home: CountedHome = new CountedHome(vfs, {
    walked: new StoppingVfs(vfs, async () => {
      for (const one of left.shift() ?? []) await act(home, vfs, one).catch(refused);
      home.tell(lag);
    }),
  });
  await home.scan.run();
  expect(await home.total()).toEqual(await measure(vfs));
  for (const one of after) await act(home, vfs, one).catch(refused);
  expect(await home.total()).toEqual(await measure(vfs));
}

test('whatever changes while it runs, the count is what is there (L7): in memory', async () => {
  await fc.assert(
    fc.asyncProperty(plan, (one) => holds(memoryVfs(), one)),
    { numRuns: 3 * scale('propertyRuns') },
  );
}, 300_000);

test('whatever changes while it runs, the count is what is there (L7): on disk', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (one) => {
      const home = await homeFolder({ threads, inMemory: true });
      await holds(home.vfs, one).finally(() => home.close());
    }),
    { numRuns: Math.ceil(scale('propertyRuns') / 5) },
  );
}, 300_000);
