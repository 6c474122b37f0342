import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { diskVfs } from '../../src/vfs/disk.js';
import { rejects } from '../contract/vfs-requests.js';
import { scale } from '../scale.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import { homeFolder, type HomeFolder } from './home-folder.js';
import { mountOrSkip } from './mounting.js';

let home: HomeFolder;
const threads = pathThreads(4);
beforeEach(async () => {
  home = await homeFolder({ threads });
});
afterAll(() => threads.close());
afterEach(() => home.close());
const host = (name: string): string => join(home.root, name);

test('a home must be a folder that exists', async () => {
  const { threads, inodes } = home;
  writeFileSync(host('f'), '');
  await rejects(diskVfs({ root: host('none'), threads, inodes, umask: 0 }), 'not-found');
  await rejects(diskVfs({ root: host('f'), threads, inodes, umask: 0 }), 'not-a-folder');
});

test('J6: modes come from the setting, not from the umask of the process', async () => {
  const strict = await homeFolder({ umask: 0o027, threads });
  const before = process.umask(0o077);
  try {
    for (const [vfs, file, folder] of [
      [home.vfs, 0o644, 0o755],
      [strict.vfs, 0o640, 0o750],
    ] as const) {
      await (await vfs.open('/f', { write: true, create: true })).close();
      await vfs.mkdir('/d', 0o777);
      expect((await vfs.stat('/f', { follow: true })).mode).toBe(file);
      expect((await vfs.stat('/d', { follow: true })).mode).toBe(folder);
      await (await vfs.open('/g', { write: true, create: true, mode: 0o4600 })).close();
      expect((await vfs.stat('/g', { follow: true })).mode).toBe(0o600);
    }
  } finally {
    process.umask(before);
    await strict.close();
  }
});

test('a folder that is renamed without replacing takes its new name in one step: no inode comes with it [L1]', async () => {
  mkdirSync(host('d'));
  const seen: (string | null)[] = [];
  const watcher = watch(home.root, (_event, name) => void seen.push(name));
  try {
    await home.vfs.rename('/d', '/e', { replace: false });
    mkdirSync(host('last'));
    await expect.poll(() => seen).toContain('last');
    expect(seen).toEqual(['d', 'e', 'last']);
  } finally {
    watcher.close();
  }
});

test('a hard link that the operator made to a file elsewhere is just a file', async () => {
  const elsewhere = join(home.around, 'elsewhere');
  writeFileSync(elsewhere, 'shared');
  linkSync(elsewhere, host('f'));
  expect(await home.vfs.stat('/f', { follow: true })).toMatchObject({ kind: 'file', nlink: 2 });
  expect(await home.vfs.remove('/f')).toMatchObject({ linksLeft: 1 });
  expect(readFileSync(elsewhere, 'utf8')).toBe('shared');
});

test('T2: several handles append to one file, whole pieces one after another', async () => {
  const handles = await Promise.all(
    Array.from({ length: 4 }, () => home.vfs.open('/log', { append: true, create: true })),
  );
  const pieces = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(4, '0')}\n`);
  const changes = await Promise.all(
    pieces.map((piece, index) => (handles[index % 4] ?? expect.fail()).write([Buffer.from(piece)], 0)),
  );
  for (const handle of handles) await handle.close();
  expect(readFileSync(host('log'), 'utf8').split('\n').filter(Boolean).sort()).toEqual(
    pieces.map((piece) => piece.trim()),
  );
  expect(new Set(changes.map(({ bytesBefore }) => bytesBefore)).size).toBe(200);
  expect(home.inodes.size).toBe(0);
});

test('a write that meets a full disk says so, and what fitted stays and is counted', async (context) => {
  const mount = host('small');
  mkdirSync(mount);
  mountOrSkip(context, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount);
  try {
    const { threads, inodes } = home;
    const vfs = await diskVfs({ root: mount, threads, inodes, umask: 0o022 });
    const handle = await vfs.open('/f', { write: true, create: true });
    await rejects(handle.write([Buffer.alloc(700_000), Buffer.alloc(700_000)], 0), 'no-space');
    const { size } = await handle.stat();
    expect(size).toBeGreaterThan(700_000);
    expect(inodes.get(handle.inode)?.size).toBe(size);
    expect(await handle.set({ size: 0 })).toMatchObject({ bytesBefore: size, bytesAfter: 0 });
    await handle.close();
    await vfs.close();
    // J4: seen from the home around it, the same folder is another filesystem.
    await rejects(home.vfs.list('/small'), 'denied');
    await rejects(home.vfs.open('/small/f', { read: true }), 'denied');
    await rejects(home.vfs.rename('/small', '/moved', { replace: false }), 'denied', 'busy');
    await rejects(home.vfs.rmdir('/small'), 'denied', 'busy');
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});

test('an error of the disk reaches whoever closes, and the descriptor is given back all the same', async () => {
  const handle = await home.vfs.open('/f', { write: true, create: true });
  const mine = readdirSync('/proc/self/fd').find((fd) => {
    try {
      return statSync(`/proc/self/fd/${fd}`).ino === handle.inode.ino;
    } catch {
      return false;
    }
  });
  closeSync(Number(mine));
  await rejects(handle.close(), 'failure');
  expect(home.inodes.size).toBe(0);
});

test('closing waits for the writes that are under way', async () => {
  const handle = await home.vfs.open('/f', { write: true, create: true });
  const writes = Array.from({ length: 50 }, (_, index) =>
    handle.write([Buffer.alloc(10_000, 1)], index * 10_000),
  );
  await handle.close();
  await Promise.all(writes);
  expect((await home.vfs.stat('/f', { follow: true })).size).toBe(500_000);
});

test('handles outlive the filesystem they were opened in', async () => {
  const vfs = await diskVfs({ root: home.root, threads: home.threads, inodes: home.inodes, umask: 0 });
  const handle = await vfs.open('/f', { read: true, write: true, create: true });
  await vfs.close();
  await handle.write([Buffer.from('later')], 0);
  await rejects(vfs.stat('/', { follow: true }), 'cancelled');
  await handle.close();
  expect(readFileSync(host('f'), 'utf8')).toBe('later');
});

test('of several handles racing with truncation by path, every change is told exactly', async () => {
  const handles = await Promise.all([1, 2, 3].map(() => home.vfs.open('/f', { write: true, create: true })));
  let known = 0;
  for (let round = 0; round < 30; round++) {
    const changes = await Promise.all([
      ...handles.map((handle, index) => handle.write([Buffer.alloc(1000)], index * 1000 + round)),
      home.vfs.set('/f', { size: round * 10 }, { follow: true }),
      home.vfs
        .open('/f', { write: true, truncate: true })
        .then((handle) => handle.close().then(() => handle.opened)),
    ]);
    known += changes.reduce((sum, { bytesBefore, bytesAfter }) => sum + bytesAfter - bytesBefore, 0);
    expect(statSync(host('f')).size).toBe(known);
  }
  for (const handle of handles) await handle.close();
});

test('rename falls back to an empty claim where there can be no more hard links', async () => {
  writeFileSync(host('f'), 'many');
  mkdirSync(host('links'));
  // ext4 allows 65,000 names of one inode, btrfs fewer in one folder; other filesystems are not asked so much.
  let made = 0;
  try {
    for (; made < 70_000; made++) linkSync(host('f'), host(`links/${made}`));
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'EMLINK' });
  }
  await home.vfs.rename('/f', '/g', { replace: false });
  await rejects(home.vfs.rename('/links/0', '/g', { replace: false }), 'exists');
  expect(readFileSync(host('g'), 'utf8')).toBe('many');
  expect(readdirSync(home.root).sort()).toEqual(['g', 'links']);
}, 60_000);

test('a folder of very many entries is listed as a stream', async () => {
  const count = scale('listedEntries');
  const roomy = await homeFolder({ threads, inMemory: true });
  const folder = join(roomy.root, 'many');
  mkdirSync(folder);
  for (let index = 0; index < count; index++) closeSync(openSync(`${folder}/entry-number-${index}`, 'w'));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const listing = await roomy.vfs.list('/many');
  const before = held();
  let listed = 0;
  let most = 0;
  for (;;) {
    const entries = await listing.next(100);
    if (entries.length === 0) break;
    listed += entries.length;
    if (listed % 20_000 === 0) most = Math.max(most, held() - before);
  }
  await listing.close();
  await roomy.close();
  expect(listed).toBe(count);
  expect(most).toBeLessThan(8 * 2 ** 20);
}, 120_000);

test('entries that vanish while a folder is listed are left out, the rest is not', async () => {
  for (let index = 0; index < 1000; index++) writeFileSync(host(`f${index}`), '');
  const listing = await home.vfs.list('/');
  const names = (await listing.next(10)).map(({ name }) => name);
  for (const name of readdirSync(home.root))
    if (!names.includes(name) && name !== 'f500') await home.vfs.remove(`/${name}`);
  for (;;) {
    const entries = await listing.next(50);
    if (entries.length === 0) break;
    names.push(...entries.map(({ name }) => name));
  }
  await listing.close();
  expect(names).toContain('f500');
  expect(names.length).toBeLessThan(20);
});
