import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/accounts.js';
import type { UsageFigures } from '../../src/store/usage.js';
import { newAccount } from './account-store.js';

/** Figures that all differ, so that none can stand for another. */
export function someFigures(more: Partial<UsageFigures> = {}): UsageFigures {
  return { counted: true, bytes: 11, files: 12, bytesCeiling: 13, filesCeiling: 14, ...more };
}

const neverOwned = {
  owner: null,
  epoch: 0,
  counted: false,
  bytes: 0,
  files: 0,
  bytesCeiling: 0,
  filesCeiling: 0,
};

const most = Number.MAX_SAFE_INTEGER;

/** What the `UsageStore` of every `Store` does, whatever it is made of. `open` gives an empty store. */
export function usageStoreContract(name: string, open: () => Promise<Store>): void {
  describe(`${name} keeps the contract of UsageStore`, () => {
    let store: Store;
    let accountId: number;
    let homeId: number;
    beforeEach(async () => {
      store = await open();
      const account = await store.accounts.add(newAccount('alice'));
      accountId = account.id;
      homeId = account.home.id;
    });
    afterEach(() => store.close());

    const row = () => store.usage.get(homeId);

    it('has a row of zeros for each home that nobody has owned yet', async () => {
      const bob = (await store.accounts.add(newAccount('bob'))).home.id;
      expect(await row()).toEqual({ homeId, ...neverOwned });
      expect(await store.usage.all()).toEqual([
        { homeId, ...neverOwned },
        { homeId: bob, ...neverOwned },
      ]);
      await store.usage.take(bob, 0, 'p');
      expect((await store.usage.all()).map(({ owner }) => owner)).toEqual([null, 'p']);
      expect(await row()).toEqual({ homeId, ...neverOwned });
    });

    it('gives a home to its first owner, and to the next by the epoch it read', async () => {
      expect(await store.usage.take(homeId, 0, 'one')).toBe(true);
      expect(await row()).toEqual({ homeId, ...neverOwned, owner: 'one', epoch: 1 });
      expect(await store.usage.take(homeId, 1, 'two')).toBe(true);
      expect(await row()).toMatchObject({ owner: 'two', epoch: 2 });
    });

    it('refuses a home by an epoch that it has not, whether it was ever owned or not', async () => {
      for (const epoch of [-1, 1, 7, most]) {
        expect(await store.usage.take(homeId, epoch, 'early')).toBe(false);
      }
      expect(await row()).toEqual({ homeId, ...neverOwned });
      await store.usage.take(homeId, 0, 'one');
      await store.usage.take(homeId, 1, 'two');
      for (const epoch of [0, 1, 3]) expect(await store.usage.take(homeId, epoch, 'late')).toBe(false);
      expect(await row()).toMatchObject({ owner: 'two', epoch: 2 });
    });

    it('gives a home to one of many who ask at once, the first time and later', async () => {
      for (const epoch of [0, 1, 2]) {
        const owners = Array.from({ length: 20 }, (_, index) => `${epoch}.${index}`);
        const taken = await Promise.all(owners.map((owner) => store.usage.take(homeId, epoch, owner)));
        expect(taken.filter(Boolean)).toHaveLength(1);
        expect(await row()).toMatchObject({ owner: owners[taken.indexOf(true)], epoch: epoch + 1 });
      }
    });

    it('keeps the figures of its owner, and whoever takes the home finds them', async () => {
      await store.usage.take(homeId, 0, 'one');
      expect(await store.usage.save(homeId, 1, someFigures())).toBe(true);
      expect(await row()).toEqual({ homeId, owner: 'one', epoch: 1, ...someFigures() });
      const next = someFigures({ counted: false, bytes: 1, files: 2, bytesCeiling: 3, filesCeiling: 4 });
      expect(await store.usage.save(homeId, 1, next)).toBe(true);
      await store.usage.take(homeId, 1, 'two');
      expect(await row()).toEqual({ homeId, owner: 'two', epoch: 2, ...next });
    });

    it('keeps figures to the last byte, up to the largest', async () => {
      await store.usage.take(homeId, 0, 'one');
      const large = { bytes: most, files: most - 1, bytesCeiling: most, filesCeiling: most - 2 };
      for (const figures of [
        someFigures(large),
        someFigures({ bytes: 2 ** 31, bytesCeiling: 2 ** 32 + 1 }),
      ]) {
        await store.usage.save(homeId, 1, figures);
        expect(await row()).toMatchObject(figures);
      }
    });

    it('writes the figures and nothing else, even if it is given a whole row', async () => {
      await store.usage.take(homeId, 0, 'one');
      const whole = { ...someFigures(), homeId: homeId + 1, owner: 'nobody', epoch: 9 };
      expect(await store.usage.save(homeId, 1, whole)).toBe(true);
      expect(await row()).toEqual({ homeId, owner: 'one', epoch: 1, ...someFigures() });
    });

    it('has no owner after a release, and the epoch goes on from there', async () => {
      await store.usage.take(homeId, 0, 'one');
      expect(await store.usage.release(homeId, 1, someFigures())).toBe(true);
      expect(await row()).toEqual({ homeId, owner: null, epoch: 1, ...someFigures() });
      expect(await store.usage.take(homeId, 0, 'late')).toBe(false);
      expect(await store.usage.take(homeId, 1, 'two')).toBe(true);
      expect(await row()).toEqual({ homeId, owner: 'two', epoch: 2, ...someFigures() });
    });

    it('refuses what a former owner writes, after the next one took the home and after its release (L6)', async () => {
      await store.usage.take(homeId, 0, 'one');
      await store.usage.take(homeId, 1, 'two');
      const before = await row();
      for (const epoch of [0, 1, 3]) {
        expect(await store.usage.save(homeId, epoch, someFigures())).toBe(false);
        expect(await store.usage.release(homeId, epoch, someFigures())).toBe(false);
      }
      expect(await row()).toEqual(before);
      await store.usage.release(homeId, 2, someFigures());
      expect(await store.usage.save(homeId, 2, someFigures({ bytes: 99 }))).toBe(false);
      expect(await store.usage.release(homeId, 2, someFigures({ bytes: 99 }))).toBe(false);
      expect(await row()).toEqual({ homeId, owner: null, epoch: 2, ...someFigures() });
    });

    it('refuses figures of a home that nobody owns', async () => {
      expect(await store.usage.save(homeId, 0, someFigures())).toBe(false);
      expect(await store.usage.release(homeId, 0, someFigures())).toBe(false);
      expect(await row()).toEqual({ homeId, ...neverOwned });
    });

    it('forgets a home with its last account, and refuses all that comes for it', async () => {
      await store.usage.take(homeId, 0, 'one');
      await store.usage.setLinks(homeId, 5, 2);
      await store.accounts.remove(accountId);
      await expect(store.usage.get(homeId)).rejects.toMatchObject({
        code: 'not-found',
        message: 'no such home',
      });
      expect(await store.usage.all()).toEqual([]);
      expect(await store.usage.save(homeId, 1, someFigures())).toBe(false);
      expect(await store.usage.release(homeId, 1, someFigures())).toBe(false);
      for (const epoch of [0, 1]) expect(await store.usage.take(homeId, epoch, 'late')).toBe(false);
      await store.usage.setLinks(homeId, 6, 2);
      await store.usage.replaceLinks(homeId, new Map([[7, 2]]));
      for (const inode of [5, 6, 7]) expect(await store.usage.links(homeId, inode)).toBeNull();
      // A home at the same path is another one, and counted anew.
      const again = await store.accounts.add(newAccount('alice'));
      expect(await store.usage.get(again.home.id)).toEqual({ homeId: again.home.id, ...neverOwned });
      expect(await store.usage.links(again.home.id, 5)).toBeNull();
    });

    it('keeps the row of a home that others share, and drops it with the last', async () => {
      const bob = await store.accounts.add(newAccount('bob', { homePath: '/srv/alice' }));
      await store.usage.take(homeId, 0, 'one');
      await store.accounts.remove(accountId);
      expect(await store.usage.save(homeId, 1, someFigures())).toBe(true);
      await store.accounts.update(bob.id, { homePath: '/srv/bob' });
      expect(await store.usage.save(homeId, 1, someFigures())).toBe(false);
    });

    it('notes the names of inodes, each home its own', async () => {
      const bob = (await store.accounts.add(newAccount('bob'))).home.id;
      expect(await store.usage.links(homeId, 5)).toBeNull();
      await store.usage.setLinks(homeId, 5, 2);
      await store.usage.setLinks(homeId, 5, 3);
      await store.usage.setLinks(homeId, 6, 1);
      await store.usage.setLinks(bob, 5, 7);
      expect(await store.usage.links(homeId, 5)).toBe(3);
      expect(await store.usage.links(homeId, 6)).toBe(1);
      expect(await store.usage.links(bob, 5)).toBe(7);
      await store.usage.setLinks(homeId, 5, null);
      await store.usage.setLinks(homeId, 5, null);
      expect(await store.usage.links(homeId, 5)).toBeNull();
      expect(await store.usage.links(bob, 5)).toBe(7);
    });

    it('notes inodes by large numbers, some above 2^53 as the filesystem gives them', async () => {
      for (const inode of [2 ** 31, most, 2 ** 60, 2 ** 62 + 2 ** 20]) {
        await store.usage.setLinks(homeId, inode, 2);
        expect(await store.usage.links(homeId, inode)).toBe(2);
        await store.usage.replaceLinks(homeId, new Map([[inode, 3]]));
        expect(await store.usage.links(homeId, inode)).toBe(3);
        await store.usage.setLinks(homeId, inode, null);
        expect(await store.usage.links(homeId, inode)).toBeNull();
      }
    });

    it('replaces all that is noted of a home, and leaves the others', async () => {
      const bob = (await store.accounts.add(newAccount('bob'))).home.id;
      await store.usage.setLinks(bob, 1, 9);
      const many = new Map(Array.from({ length: 2500 }, (_, index) => [index, 2 + (index % 3)] as const));
      await store.usage.replaceLinks(homeId, many);
      for (const [inode, links] of [...many].filter((_, index) => index % 100 === 0 || index > 2490)) {
        expect(await store.usage.links(homeId, inode)).toBe(links);
      }
      await store.usage.replaceLinks(homeId, new Map([[3, 8]]));
      expect(await store.usage.links(homeId, 3)).toBe(8);
      for (const gone of [0, 499, 500, 2499]) expect(await store.usage.links(homeId, gone)).toBeNull();
      await store.usage.replaceLinks(homeId, new Map());
      expect(await store.usage.links(homeId, 3)).toBeNull();
      expect(await store.usage.links(bob, 1)).toBe(9);
    });

    it('is no change that version shows (A3)', async () => {
      const version = store.accounts.version();
      await store.usage.take(homeId, 0, 'one');
      await store.usage.save(homeId, 1, someFigures());
      await store.usage.setLinks(homeId, 5, 2);
      await store.usage.replaceLinks(homeId, new Map([[6, 2]]));
      await store.usage.release(homeId, 1, someFigures());
      expect(store.accounts.version()).toBe(version);
    });
  });
}
