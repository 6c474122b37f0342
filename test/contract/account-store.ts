import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizedKey, NewAccount, Store } from '../../src/store/accounts.js';

const epoch = new Date('2026-05-01T12:00:00.000Z');

/** The clock an implementation is given by its test. */
export const contractClock = (): Date => epoch;

export function newAccount(name: string, more: Partial<NewAccount> = {}): NewAccount {
  return {
    name,
    role: 'user',
    homePath: `/srv/${name}`,
    readOnly: false,
    expires: null,
    passwordHash: null,
    keys: [],
    ...more,
  };
}

export function someKey(text: string): AuthorizedKey {
  const blob = Buffer.from(`blob of ${text}`);
  return { fingerprint: `SHA256:${text}`, type: 'ssh-ed25519', blob, comment: `key ${text}` };
}

/** What every `Store` does, whatever it is made of. `open` gives an empty one whose clock is `contractClock`. */
export function accountStoreContract(name: string, open: () => Promise<Store>): void {
  describe(`${name} keeps the contract of AccountStore`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    it('returns what was added, by id and by name regardless of case', async () => {
      const expires = new Date('2027-01-02T03:04:05.678Z');
      const keys = [someKey('b'), someKey('a')];
      const added = await store.accounts.add(
        newAccount('Alice', { role: 'admin', readOnly: true, expires, passwordHash: '$x', keys }),
      );
      expect(added).toMatchObject({
        name: 'Alice',
        role: 'admin',
        state: 'active',
        readOnly: true,
        expires,
        passwordHash: '$x',
        home: { path: '/srv/Alice', bytesLimit: 'default', filesLimit: 'default' },
        createdAt: epoch,
        lastLoginAt: null,
      });
      expect(added.keys).toEqual(keys);
      expect(await store.accounts.byId(added.id)).toEqual(added);
      for (const spelling of ['Alice', 'alice', 'ALICE']) {
        expect(await store.accounts.byName(spelling)).toEqual(added);
      }
    });

    it('finds nothing under names and ids that are not there, hostile ones too', async () => {
      const { id } = await store.accounts.add(newAccount('kim'));
      const names = ['', 'ki', 'kim ', 'kim\0', '\u212aim', '%', "' or 1=1 --", 'k'.repeat(100_000)];
      for (const absent of names) expect(await store.accounts.byName(absent)).toBeNull();
      for (const absent of [0, -1, id + 1, 2 ** 53 - 1]) expect(await store.accounts.byId(absent)).toBeNull();
    });

    it('keeps names unique regardless of case, and a refused account leaves nothing behind', async () => {
      await store.accounts.add(newAccount('alice'));
      const version = store.accounts.version();
      const double = newAccount('ALICE', { homePath: '/srv/other', keys: [someKey('a')] });
      await expect(store.accounts.add(double)).rejects.toMatchObject({ code: 'exists' });
      const twice = newAccount('bob', { keys: [someKey('a'), someKey('a')] });
      await expect(store.accounts.add(twice)).rejects.toMatchObject({ code: 'exists' });
      expect((await store.accounts.list()).map((account) => account.name)).toEqual(['alice']);
      expect((await store.accounts.homes()).map((home) => home.path)).toEqual(['/srv/alice']);
      expect(store.accounts.version()).toBe(version);
    });

    it('lists all by name, each with its own keys', async () => {
      for (const one of ['b', 'C', 'a']) await store.accounts.add(newAccount(one, { keys: [someKey(one)] }));
      const list = await store.accounts.list();
      expect(list.map((account) => account.name)).toEqual(['a', 'b', 'C']);
      expect(list.map((account) => account.keys[0]?.fingerprint)).toEqual([
        'SHA256:a',
        'SHA256:b',
        'SHA256:C',
      ]);
    });

    it('changes what is asked and nothing else', async () => {
      const before = await store.accounts.add(newAccount('alice', { passwordHash: 'old', expires: epoch }));
      const locked = await store.accounts.update(before.id, { state: 'locked' });
      expect(locked).toEqual({ ...before, state: 'locked' });
      const more = await store.accounts.update(before.id, {
        name: 'Alicia',
        role: 'admin',
        state: 'active',
        readOnly: true,
        expires: null,
      });
      expect(more).toEqual({ ...before, name: 'Alicia', role: 'admin', readOnly: true, expires: null });
      expect(await store.accounts.byName('alice')).toBeNull();
      expect(await store.accounts.update(before.id, {})).toEqual(more);
      expect(await store.accounts.byId(before.id)).toEqual(more);
    });

    it('changes the case of a name, and refuses one that is taken', async () => {
      const { id } = await store.accounts.add(newAccount('alice'));
      await store.accounts.add(newAccount('bob'));
      expect((await store.accounts.update(id, { name: 'ALICE' })).name).toBe('ALICE');
      await expect(store.accounts.update(id, { name: 'Bob' })).rejects.toMatchObject({ code: 'exists' });
      expect((await store.accounts.byId(id))?.name).toBe('ALICE');
    });

    it('raises passwordVersion with each password and only then', async () => {
      const { id, passwordVersion } = await store.accounts.add(newAccount('alice'));
      const first = await store.accounts.update(id, { passwordHash: 'a' });
      const same = await store.accounts.update(id, { passwordHash: 'a' });
      const other = await store.accounts.update(id, { readOnly: true });
      expect(first.passwordVersion).toBeGreaterThan(passwordVersion);
      expect(same.passwordVersion).toBeGreaterThan(first.passwordVersion);
      expect(other.passwordVersion).toBe(same.passwordVersion);
    });

    it('shares the row of a home, and drops it with the last account', async () => {
      const a = await store.accounts.add(newAccount('a', { homePath: '/srv/shared' }));
      const b = await store.accounts.add(newAccount('b', { homePath: '/srv/shared' }));
      expect(b.home.id).toBe(a.home.id);
      const moved = await store.accounts.update(a.id, { homePath: '/srv/alone' });
      expect(moved.home.path).toBe('/srv/alone');
      expect((await store.accounts.homes()).map((home) => home.path)).toEqual(['/srv/alone', '/srv/shared']);
      await store.accounts.remove(b.id);
      expect(await store.accounts.homes()).toEqual([moved.home]);
      await store.accounts.update(a.id, { homePath: '/srv/alone' });
      expect(await store.accounts.homes()).toEqual([moved.home]);
    });

    it("makes the row of a home that is no account's, once, and shares it with whoever comes", async () => {
      const home = await store.accounts.homeAt('/srv/open');
      expect(home).toMatchObject({ path: '/srv/open', bytesLimit: 'default', filesLimit: 'default' });
      const version = store.accounts.version();
      expect(await store.accounts.homeAt('/srv/open')).toEqual(home);
      expect(store.accounts.version()).toBe(version);
      const { id } = (await store.accounts.add(newAccount('a', { homePath: '/srv/open' }))).home;
      expect(id).toBe(home.id);
    });

    it('sets the lines of a home for all who share it', async () => {
      const a = await store.accounts.add(newAccount('a', { homePath: '/srv/shared' }));
      const b = await store.accounts.add(newAccount('b', { homePath: '/srv/shared' }));
      await store.accounts.setLines(a.home.id, { bytesLimit: 2 ** 53 - 1 });
      expect((await store.accounts.byId(b.id))?.home).toMatchObject({
        bytesLimit: 2 ** 53 - 1,
        filesLimit: 'default',
      });
      await store.accounts.setLines(a.home.id, { bytesLimit: null, filesLimit: 0 });
      expect(await store.accounts.homes()).toMatchObject([{ bytesLimit: null, filesLimit: 0 }]);
      await store.accounts.setLines(a.home.id, { bytesLimit: 'default' });
      await store.accounts.setLines(a.home.id, {});
      expect(await store.accounts.homes()).toMatchObject([{ bytesLimit: 'default', filesLimit: 0 }]);
    });

    it('finds a home by its id, with its lines, and nothing under ids that are not there', async () => {
      const { id, home } = await store.accounts.add(newAccount('alice'));
      await store.accounts.add(newAccount('bob'));
      await store.accounts.setLines(home.id, { bytesLimit: 7, filesLimit: null });
      expect(await store.accounts.homeById(home.id)).toEqual({
        id: home.id,
        path: '/srv/alice',
        bytesLimit: 7,
        filesLimit: null,
      });
      for (const absent of [0, -1, home.id + 100, 2 ** 53 - 1]) {
        expect(await store.accounts.homeById(absent)).toBeNull();
      }
      await store.accounts.remove(id);
      expect(await store.accounts.homeById(home.id)).toBeNull();
    });

    it('adds and removes keys', async () => {
      const { id } = await store.accounts.add(newAccount('alice', { keys: [someKey('a')] }));
      const { id: other } = await store.accounts.add(newAccount('bob', { keys: [someKey('a')] }));
      await store.accounts.addKey(id, someKey('b'));
      await expect(store.accounts.addKey(id, someKey('b'))).rejects.toMatchObject({ code: 'exists' });
      await store.accounts.removeKey(id, 'SHA256:a');
      await expect(store.accounts.removeKey(id, 'SHA256:a')).rejects.toMatchObject({ code: 'not-found' });
      expect((await store.accounts.byId(id))?.keys).toEqual([someKey('b')]);
      expect((await store.accounts.byId(other))?.keys).toEqual([someKey('a')]);
    });

    it('never gives the id of a removed account or home to another', async () => {
      const gone = await store.accounts.add(newAccount('alice', { keys: [someKey('a')] }));
      await store.accounts.remove(gone.id);
      expect(await store.accounts.byId(gone.id)).toBeNull();
      const next = await store.accounts.add(newAccount('alice'));
      expect(next.id).not.toBe(gone.id);
      expect(next.home.id).not.toBe(gone.home.id);
      expect(next.keys).toEqual([]);
    });

    it('says not-found for accounts and homes that are gone', async () => {
      const { id, home } = await store.accounts.add(newAccount('alice'));
      await store.accounts.remove(id);
      const gone = { code: 'not-found' };
      await expect(store.accounts.remove(id)).rejects.toMatchObject(gone);
      await expect(store.accounts.update(id, { readOnly: true })).rejects.toMatchObject(gone);
      await expect(store.accounts.addKey(id, someKey('a'))).rejects.toMatchObject(gone);
      await expect(store.accounts.removeKey(id, 'SHA256:a')).rejects.toMatchObject(gone);
      await expect(store.accounts.setLines(home.id, { bytesLimit: 1 })).rejects.toMatchObject(gone);
      await store.accounts.recordLogin(id, epoch);
    });

    it('records logins, which are no change that version shows', async () => {
      const { id } = await store.accounts.add(newAccount('alice'));
      const version = store.accounts.version();
      const at = new Date(epoch.getTime() + 1);
      await store.accounts.recordLogin(id, at);
      expect((await store.accounts.byId(id))?.lastLoginAt).toEqual(at);
      expect(store.accounts.version()).toBe(version);
    });

    it('shows each change in version, once (A3)', async () => {
      const { id, home } = await store.accounts.add(newAccount('alice'));
      const changes: readonly (() => Promise<unknown>)[] = [
        () => store.accounts.add(newAccount('bob')),
        () => store.accounts.update(id, { state: 'locked' }),
        () => store.accounts.update(id, { passwordHash: 'x' }),
        () => store.accounts.setLines(home.id, { bytesLimit: 1 }),
        () => store.accounts.addKey(id, someKey('a')),
        () => store.accounts.removeKey(id, 'SHA256:a'),
        () => store.accounts.remove(id),
      ];
      let version = store.accounts.version();
      for (const change of changes) {
        await change();
        const next = store.accounts.version();
        expect(next).not.toBe(version);
        expect(store.accounts.version()).toBe(next);
        version = next;
      }
    });

    it('gives one name to one of many who ask at once', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          store.accounts.add(newAccount('x', { homePath: `/srv/${index}` })),
        ),
      );
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      expect(await store.accounts.homes()).toHaveLength(1);
    });

    it('keeps marks', async () => {
      expect(await store.marks.get('clean-end')).toBeNull();
      await store.marks.set('clean-end', '1');
      await store.marks.set('clean-end', '2');
      expect(await store.marks.get('clean-end')).toBe('2');
      await store.marks.remove('clean-end');
      await store.marks.remove('clean-end');
      expect(await store.marks.get('clean-end')).toBeNull();
    });
  });
}
