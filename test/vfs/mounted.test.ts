import { beforeEach, expect, test } from 'vitest';
import { Fault } from '../../src/fault.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { mounted } from '../../src/vfs/mounted.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { rejects } from '../contract/vfs-requests.js';

const follow = { follow: true };
let homes: Map<string, Vfs>;
let version: number;
let opened: string[];
let vfs: Vfs;

beforeEach(() => {
  homes = new Map([
    ['alice', memoryVfs()],
    ['bob', memoryVfs()],
  ]);
  version = 1;
  opened = [];
  vfs = mounted({
    homes: {
      list: () => Promise.resolve([...homes.keys()]),
      open: (name) => {
        opened.push(name);
        const home = homes.get(name);
        return home ? Promise.resolve(home) : Promise.reject(new Fault('not-found'));
      },
      version: () => version,
    },
  });
});

async function names(path: string): Promise<string[]> {
  const listing = await vfs.list(path);
  const entries = await listing.next(100);
  expect(await listing.next(100)).toEqual([]);
  await listing.close();
  return entries.map(({ name, stats }) => `${name} ${stats.kind}`);
}

test('virtual folders are listed and looked at', async () => {
  expect(await names('/')).toEqual(['homes folder']);
  expect(await names('/homes/')).toEqual(['alice folder', 'bob folder']);
  expect(await names('/homes/alice')).toEqual([]);
  for (const path of ['/', '', '/homes', '/homes/.', '/homes/alice/..']) {
    expect((await vfs.stat(path, follow)).kind).toBe('folder');
  }
  const [root, folder] = [await vfs.stat('/', follow), await vfs.stat('/homes', follow)];
  expect(root.ino).not.toBe(folder.ino);
  await rejects(vfs.stat('/other', follow), 'not-found');
  await rejects(vfs.stat('/homes/carol', follow), 'not-found');
  await rejects(vfs.stat('/homes/carol/x', follow), 'not-found');
});

test('virtual folders are never changed', async () => {
  for (const path of ['/', '/homes', '/homes/alice/..', '/homes/alice/../..']) {
    await rejects(vfs.mkdir(path, 0o755), 'denied');
    await rejects(vfs.rmdir(path), 'denied');
    await rejects(vfs.remove(path), 'denied');
    await rejects(vfs.set(path, { mode: 0o700 }, follow), 'denied');
    await rejects(vfs.symlink(path, 'x'), 'denied');
    await rejects(vfs.rename(path, '/homes/alice/x', { replace: true }), 'denied');
    await rejects(vfs.rename('/homes/alice/x', path, { replace: true }), 'denied');
    await rejects(vfs.link('/homes/alice/x', path), 'denied');
    await rejects(vfs.open(path, { write: true, create: true }), 'is-a-folder');
  }
  for (const path of ['/new', '/homes/carol']) {
    await rejects(vfs.mkdir(path, 0o755), 'denied');
    await rejects(vfs.symlink(path, 'x'), 'denied');
    await rejects(vfs.open(path, { write: true, create: true }), 'denied');
    await rejects(vfs.rename('/homes/alice/x', path, { replace: false }), 'denied');
    await rejects(vfs.open(path, { read: true }), 'not-found');
    await rejects(vfs.remove(path), 'not-found');
  }
  await rejects(vfs.mkdir('/homes/carol/x', 0o755), 'not-found');
  await rejects(vfs.rmdir('/homes/alice'), 'denied');
  await rejects(vfs.rename('/homes/alice', '/homes/alice/x', { replace: false }), 'denied');
});

test('`..` leads out of a mount to its virtual parent, and inside a mount it is left to the mount', async () => {
  await vfs.mkdir('/homes/bob/d', 0o755);
  await vfs.mkdir('/homes/bob/d/e', 0o755);
  await vfs.symlink('/homes/bob/l', 'd/e');
  expect(await vfs.realpath('/homes/alice/../bob/d')).toBe('/homes/bob/d');
  expect(await vfs.realpath('/homes/alice/x/../../bob')).toBe('/homes/bob');
  expect(await vfs.realpath('/homes/bob/../../../homes/bob/l')).toBe('/homes/bob/d/e');
  expect(await vfs.realpath('/homes/bob/l/..')).toBe('/homes/bob/d');
  expect(await vfs.realpath('/homes/alice/..')).toBe('/homes');
  expect(await vfs.realpath('/homes/alice/../../..')).toBe('/');
});

test('symlinks of one home never lead into another', async () => {
  await (await vfs.open('/homes/bob/secret', { write: true, create: true })).close();
  for (const target of ['../bob/secret', '/homes/bob/secret', '../../homes/bob/secret']) {
    await vfs.symlink('/homes/alice/l', target);
    await rejects(vfs.stat('/homes/alice/l', follow), 'not-found');
    expect(await vfs.readlink('/homes/alice/l')).toBe(target);
    await vfs.remove('/homes/alice/l');
  }
});

test('renames and links across homes are refused by name', async () => {
  await (await vfs.open('/homes/alice/f', { write: true, create: true })).close();
  await rejects(vfs.rename('/homes/alice/f', '/homes/bob/f', { replace: true }), 'different-home');
  await rejects(vfs.link('/homes/alice/f', '/homes/bob/f'), 'different-home');
  await vfs.rename('/homes/alice/f', '/homes/bob/../alice/g', { replace: false });
  expect(await names('/homes/alice')).toEqual(['g file']);
});

test('new homes appear, removed and changed ones go, without a new session', async () => {
  await vfs.stat('/homes/alice', follow);
  await vfs.stat('/homes/alice', follow);
  expect(opened).toEqual(['alice']);
  await rejects(vfs.stat('/homes/carol', follow), 'not-found');
  const other = memoryVfs();
  await other.mkdir('/moved', 0o755);
  homes.set('carol', memoryVfs());
  homes.set('alice', other);
  homes.delete('bob');
  version++;
  expect((await vfs.stat('/homes/carol', follow)).kind).toBe('folder');
  expect(await names('/homes/alice')).toEqual(['moved folder']);
  await rejects(vfs.stat('/homes/bob', follow), 'not-found');
});

test('a closed tree opens nothing more', async () => {
  await vfs.stat('/homes/alice', follow);
  await vfs.close();
  await rejects(vfs.stat('/homes/alice', follow), 'cancelled');
});

test('of many mounts only so many stay open, the ones used last', async () => {
  let open = 0;
  const counted = mounted({
    homes: {
      list: () => Promise.resolve([]),
      open: () => {
        const home = memoryVfs();
        open++;
        home.close = () => {
          open--;
          return Promise.resolve();
        };
        return Promise.resolve(home);
      },
    },
  });
  const often = await counted.open('/homes/often/f', { write: true, create: true });
  await Promise.all(Array.from({ length: 200 }, (_, index) => counted.stat(`/homes/h${index}`, follow)));
  for (let index = 0; index < 200; index++) {
    await counted.stat(`/homes/h${index}`, follow);
    await counted.stat('/homes/often', follow);
  }
  await often.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(open).toBe(64);
  await counted.close();
  expect(open).toBe(0);
});
