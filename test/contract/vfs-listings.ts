import { expect, test } from 'vitest';
import type { Listing } from '../../src/vfs/vfs.js';
import { rejects } from './vfs-requests.js';
import type { VfsWork } from './vfs-work.js';

/** Folders that are opened from folders, whatever their names are by then. */
export function listingContract(work: VfsWork): void {
  const { at, put } = work;

  function enter(listing: Listing, name: string): Promise<Listing> {
    if (!listing.enter) throw new Error('no filesystem of the product leaves it out');
    return listing.enter(name);
  }

  async function rest(listing: Listing): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const entries = await listing.next(100);
      if (entries.length === 0) return found.sort();
      found.push(...entries.map(({ name }) => name));
    }
  }

  test('a listing tells which folder it is', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    for (const path of ['/', '/d']) {
      const listing = await work.vfs.list(at(path));
      const { dev, ino } = await work.vfs.stat(at(path), { follow: true });
      expect(listing.inode).toEqual({ dev, ino });
      await listing.close();
    }
  });

  test('a folder is entered from its parent, before and after that was read to its end', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await work.vfs.mkdir(at('/d/e'), 0o755);
    await put('/d/e/f', 'F');
    const root = await work.vfs.list(at('/'));
    const early = await enter(root, 'd');
    expect(early.path).toBe(at('/d'));
    expect(await rest(root)).toEqual(['d']);
    expect(await rest(root)).toEqual([]);
    const d = await enter(root, 'd');
    expect(d.inode).toEqual(early.inode);
    await root.close();
    expect(await rest(early)).toEqual(['e']);
    const e = await enter(d, 'e');
    await early.close();
    await d.close();
    expect(await rest(e)).toEqual(['f']);
    const { ino } = await work.vfs.stat(at('/d/e'), { follow: true });
    expect(e.inode?.ino).toBe(ino);
    await e.close();
    await rejects(enter(e, 'x'), 'bad-handle');
  });

  test('what is entered stays the folder that was opened, whatever its name is', async () => {
    await work.vfs.mkdir(at('/a'), 0o755);
    await work.vfs.mkdir(at('/a/sub'), 0o755);
    await put('/a/sub/f', 'F');
    const a = await work.vfs.list(at('/a'));
    await work.vfs.rename(at('/a'), at('/b'), { replace: false });
    await work.vfs.mkdir(at('/a'), 0o755);
    const sub = await enter(a, 'sub');
    expect(await rest(sub)).toEqual(['f']);
    await work.vfs.rename(at('/b/sub'), at('/c'), { replace: false });
    await rejects(enter(a, 'sub'), 'not-found');
    await a.close();
    await sub.close();
  });

  test('no symlink is followed, and only one name is taken (J1)', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await work.vfs.mkdir(at('/d/e'), 0o755);
    await put('/f', 'F');
    await work.vfs.symlink(at('/l'), 'd');
    await work.vfs.symlink(at('/abs'), '/');
    const root = await work.vfs.list(at('/'));
    for (const name of ['f', 'l', 'abs']) await rejects(enter(root, name), 'not-a-folder');
    await rejects(enter(root, 'none'), 'not-found');
    for (const name of ['', '.', '..', '/', 'd/', '/d', 'd/e', 'd/..', 'a\0b', '../x']) {
      await rejects(enter(root, name), 'bad-name');
    }
    await rejects(enter(root, 'n'.repeat(256)), 'name-too-long');
    await root.close();
  });
}
