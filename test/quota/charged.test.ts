import { describe, expect, it } from 'vitest';
import type { Handle, Vfs } from '../../src/vfs/vfs.js';
import { Fleet } from './fleet.js';

const create = { write: true, create: true } as const;

/** One of something that a method does, and what that adds to what a home uses; `null` where it changes nothing. */
type Cost = readonly [bytes: number, files: number] | null;

interface Done<T> {
  readonly costs: Cost;
  readonly does: (what: T) => Promise<unknown>;
}

/** Every method of the interface: a new one does not compile until it is said here what it costs. */
const ofVfs = {
  open: { costs: [0, 1], does: async (vfs) => (await vfs.open('/new', create)).close() },
  list: { costs: null, does: async (vfs) => (await vfs.list('/')).close() },
  stat: { costs: null, does: (vfs) => vfs.stat('/file', { follow: true }) },
  set: { costs: [90, 0], does: (vfs) => vfs.set('/file', { size: 100 }, { follow: true }) },
  mkdir: { costs: [0, 1], does: (vfs) => vfs.mkdir('/made', 0o755) },
  rmdir: { costs: [0, -1], does: (vfs) => vfs.rmdir('/folder') },
  remove: { costs: [-10, -1], does: (vfs) => vfs.remove('/file') },
  rename: { costs: [-10, -1], does: (vfs) => vfs.rename('/small', '/file', { replace: true }) },
  link: { costs: [0, 0], does: (vfs) => vfs.link('/file', '/again') },
  symlink: { costs: [0, 1], does: (vfs) => vfs.symlink('/symlink', 'file') },
  readlink: { costs: null, does: (vfs) => vfs.readlink('/link') },
  realpath: { costs: null, does: (vfs) => vfs.realpath('/link') },
  space: { costs: null, does: (vfs) => vfs.space('/') },
  close: { costs: null, does: () => Promise.resolve() },
} as const satisfies Readonly<Record<keyof Vfs, Done<Vfs>>>;

const ofHandle = {
  path: { costs: null, does: () => Promise.resolve() },
  inode: { costs: null, does: () => Promise.resolve() },
  opened: { costs: null, does: () => Promise.resolve() },
  read: { costs: null, does: (handle) => handle.read(Buffer.alloc(5), 0) },
  write: { costs: [40, 0], does: (handle) => handle.write([Buffer.alloc(5)], 45) },
  stat: { costs: null, does: (handle) => handle.stat() },
  set: { costs: [-7, 0], does: (handle) => handle.set({ size: 3 }) },
  sync: { costs: null, does: (handle) => handle.sync() },
  space: { costs: null, does: (handle) => handle.space() },
  close: { costs: null, does: () => Promise.resolve() },
} as const satisfies Readonly<Record<keyof Handle, Done<Handle>>>;

/** A home with a file of 10 bytes, an empty one, an empty folder and a symlink; what a session's work has cost there. */
async function cost(work: (vfs: Vfs) => Promise<unknown>): Promise<Cost> {
  const fleet = await Fleet.launch({ line: { bytes: 1000, files: 10 } });
  const ship = fleet.ship();
  const vfs = ship.session();
  const file = await vfs.open('/file', create);
  await file.write([Buffer.alloc(10)], 0);
  await file.close();
  await (await vfs.open('/small', create)).close();
  await vfs.mkdir('/folder', 0o755);
  await vfs.symlink('/link', 'file');
  const before = await ship.quotas.usage(fleet.home);
  await work(vfs);
  const after = await ship.quotas.usage(fleet.home);
  expect(after).toMatchObject(fleet.tree.used);
  await vfs.close();
  await fleet.end();
  return [after.bytes - before.bytes, after.files - before.files];
}

describe('what each request costs [L1, L3]', () => {
  it.each(Object.entries<Done<Vfs>>(ofVfs))('%s', async (_name, { costs, does }) => {
    expect(await cost(does)).toEqual(costs ?? [0, 0]);
  });

  it.each(Object.entries<Done<Handle>>(ofHandle))('%s of a handle', async (_name, { costs, does }) => {
    const done = cost(async (vfs) => {
      const handle = await vfs.open('/file', { read: true, write: true });
      await does(handle);
      await handle.close();
    });
    expect(await done).toEqual(costs ?? [0, 0]);
  });
});
