import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskVfs } from '../../src/vfs/disk.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { PartialFault } from '../../src/vfs/partial-fault.js';
import type { Change, Vfs } from '../../src/vfs/vfs.js';
import { rejects } from '../contract/vfs-requests.js';
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
const growth = ({ bytesBefore, bytesAfter }: Change): number => bytesAfter - bytesBefore;

const resizer = `
const { ftruncateSync, openSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const file = openSync(workerData.path, 'r+');
for (let size = 0; Atomics.load(workerData.over, 0) === 0; size = (size + 1) % 5000) ftruncateSync(file, size);
`;

/** Changes the size of a file without end, from another thread. */
function resizing(path: string): { stop(): Promise<void> } {
  const over = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(resizer, { eval: true, workerData: { path, over } });
  return {
    stop: () =>
      new Promise((resolve) => {
        worker.once('exit', () => resolve());
        Atomics.store(over, 0, 1);
      }),
  };
}

describe('changes stay exact', () => {
  test('when an inode number is used again while its last handle closes', async () => {
    for (let round = 0; round < 200; round++) {
      const old = await home.vfs.open('/old', { write: true, create: true });
      await old.write([Buffer.alloc(1000)], 0);
      await home.vfs.remove('/old');
      const closing = old.close();
      const fresh = await home.vfs.open('/new', { write: true, create: true });
      expect(fresh.opened).toMatchObject({ created: true, bytesBefore: 0, bytesAfter: 0, linksLeft: 1 });
      expect(await fresh.write([Buffer.alloc(10)], 0)).toMatchObject({ bytesBefore: 0, bytesAfter: 10 });
      await Promise.all([closing, fresh.close()]);
      await home.vfs.remove('/new');
    }
  });

  test('when somebody else writes while names and attributes change', async () => {
    writeFileSync(host('f'), '');
    const writing = resizing(host('f'));
    try {
      for (let round = 0; round < 1000; round++) {
        const changes = await Promise.all([
          home.vfs.set('/f', { mode: 0o644, times: { atime: 1, mtime: 1 } }, { follow: true }),
          home.vfs.link('/f', '/g'),
          home.vfs.rename('/g', '/h', { replace: false }),
          home.vfs.rename('/h', '/i', { replace: true }),
          home.vfs.remove('/i'),
        ]);
        expect(changes.map(growth)).toEqual([0, 0, 0, 0, 0]);
      }
    } finally {
      await writing.stop();
    }
  });

  test('when a write ends half done: the fault carries what it did', async (context) => {
    const small = host('small');
    mkdirSync(small);
    mountOrSkip(context, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small);
    const { threads, inodes } = home;
    let vfs: Vfs | null = null;
    try {
      vfs = await diskVfs({ root: small, threads, inodes, umask: 0o022 });
      await expectHalf(vfs, () => statSync(join(small, 'f')).size);
    } finally {
      await vfs?.close();
      execFileSync('umount', ['-l', small]);
    }
  });

  test('when a write ends half done in memory', async () => {
    const vfs = memoryVfs({ bytes: 2 ** 20 });
    await expectHalf(vfs, async () => (await vfs.stat('/f', { follow: true })).size);
  });

  async function expectHalf(vfs: Vfs, size: () => number | Promise<number>): Promise<void> {
    const handle = await vfs.open('/f', { write: true, create: true });
    try {
      const half = await handle
        .write([Buffer.alloc(700_000), Buffer.alloc(700_000)], 0)
        .catch((e: unknown) => e);
      expect(half).toMatchObject({ code: 'no-space', change: { bytesBefore: 0, bytesAfter: await size() } });
      expect(await size()).toBeGreaterThanOrEqual(700_000);
      const none = await handle.write([Buffer.alloc(700_000)], 2 ** 20).catch((e: unknown) => e);
      expect(none).toMatchObject({ code: 'no-space' });
      expect(none).not.toHaveProperty('change');
    } finally {
      await handle.close();
    }
  }

  test('when a size was set and what came with it was refused', async () => {
    const handle = await home.vfs.open('/f', { write: true, create: true });
    const half = await handle
      .set({ size: 100, owner: { uid: 2 ** 33, gid: 0 } })
      .catch((thrown: unknown) => thrown);
    expect(half).toBeInstanceOf(PartialFault);
    expect(half).toMatchObject({ change: { bytesBefore: 0, bytesAfter: 100 } });
    const times = { atime: 1e20, mtime: 1e20 };
    await rejects(handle.set({ size: 7, times }), 'invalid');
    await rejects(home.vfs.set('/f', { mode: 0o777, times }, { follow: true }), 'invalid');
    expect(await handle.stat()).toMatchObject({ size: 100, mode: 0o644 });
    await handle.close();
  });
});

test('a file opened to be emptied only can be read too', async () => {
  writeFileSync(host('f'), 'old');
  const handle = await home.vfs.open('/f', { truncate: true });
  expect(await handle.read(Buffer.alloc(10), 0)).toBe(0);
  await handle.close();
});

test('a folder that is removed while it is listed ends, and one that is moved goes on', async () => {
  for (const name of ['gone', 'moved']) {
    mkdirSync(host(name));
    for (let index = 0; index < 300; index++) writeFileSync(host(`${name}/${index}`), '');
  }
  const gone = await home.vfs.list('/gone');
  const moved = await home.vfs.list('/moved');
  expect((await gone.next(10)).length).toBe(10);
  for (const name of readdirSync(host('gone'))) await home.vfs.remove(`/gone/${name}`);
  await home.vfs.rmdir('/gone');
  await home.vfs.rename('/moved', '/elsewhere', { replace: false });
  expect(await gone.next(1000)).toEqual([]);
  expect((await moved.next(1000)).length).toBe(300);
  await gone.close();
  await moved.close();
});
