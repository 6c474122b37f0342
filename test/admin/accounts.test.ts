import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountsOnDisk } from './accounts-on-disk.js';

const now = new Date('2026-06-01T00:00:00Z');

describe('accounts', () => {
  it('shows lock before expiry, and expiry from its very moment', async () => {
    const { accounts } = accountsOnDisk(() => now);
    await accounts.add('alice', { password: 'secret', expires: now });
    expect((await accounts.show('alice')).state).toBe('expired');
    await accounts.set('alice', { expires: new Date(now.getTime() + 1) });
    expect((await accounts.show('alice')).state).toBe('active');
    await accounts.set('alice', { state: 'locked' });
    expect((await accounts.show('alice')).state).toBe('locked');
  });

  it('counts what a home holds: each inode once, sparse files in full', async () => {
    const { accounts, root } = accountsOnDisk();
    const { account } = await accounts.add('alice', { password: 'secret' });
    expect(account.home).toBe(join(root.homes, 'alice'));
    mkdirSync(join(account.home, 'folder'));
    writeFileSync(join(account.home, 'file'), 'x'.repeat(1000));
    linkSync(join(account.home, 'file'), join(account.home, 'folder', 'again'));
    symlinkSync('/etc', join(account.home, 'link'));
    writeFileSync(join(account.home, 'sparse'), '');
    truncateSync(join(account.home, 'sparse'), 5_000_000);
    expect((await accounts.show('alice')).usage).toEqual({ bytes: 5_001_000, files: 4 });
  });

  it('records each change for the audit, without secrets', async () => {
    const { accounts, changes } = accountsOnDisk();
    await accounts.add('alice', { password: 'secret one' });
    await accounts.set('alice', { password: 'secret two', readOnly: true });
    await accounts.rename('alice', 'bob');
    await accounts.remove('bob', { deleteHome: false });
    expect(changes).toEqual([
      'test: alice added',
      'test: alice read-only',
      'test: alice password changed',
      'test: alice renamed to bob',
      'test: bob removed',
    ]);
  });

  it('deletes a home of many files, and none of what links point at (J1)', async () => {
    const { accounts, root } = accountsOnDisk();
    const { account } = await accounts.add('alice', { password: 'secret' });
    const outside = join(root.path, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    symlinkSync(outside, join(account.home, 'link'));
    for (let number = 0; number < 600; number++) writeFileSync(join(account.home, `file ${number}`), '');
    await accounts.remove('alice', { deleteHome: true });
    expect(existsSync(account.home)).toBe(false);
    expect(existsSync(join(outside, 'kept'))).toBe(true);
  });

  it('deletes a home with a tree deeper than a path is long', async () => {
    const { accounts } = accountsOnDisk();
    const { account } = await accounts.add('alice', { password: 'secret' });
    let folder = openSync(account.home, 'r');
    for (let depth = 0; depth < 40; depth++) {
      const name = `/proc/self/fd/${folder}/${'d'.repeat(200)}`;
      mkdirSync(name);
      writeFileSync(`/proc/self/fd/${folder}/${'f'.repeat(255)}`, '');
      const next = openSync(name, 'r');
      closeSync(folder);
      folder = next;
    }
    closeSync(folder);
    await accounts.remove('alice', { deleteHome: true });
    expect(existsSync(account.home)).toBe(false);
  });

  it('refuses, before a server starts, a home that became a forbidden one, naming the account (J5)', async () => {
    const { accounts, store, root } = accountsOnDisk();
    const nobody = { role: 'user', readOnly: false, expires: null, passwordHash: null, keys: [] } as const;
    await store.add({ ...nobody, name: 'fine', homePath: join(root.homes, 'fine') });
    await accounts.assertHomesAllowed();
    const inside = await store.add({ ...nobody, name: 'inside', homePath: join(root.homes, 'fine', 'in') });
    await expect(accounts.assertHomesAllowed()).rejects.toThrow(
      `the home of 'inside', ${root.homes}/fine/in, lies inside the home of 'fine'`,
    );
    await store.remove(inside.id);
    await store.add({ ...nobody, name: 'thief', homePath: root.keys });
    await expect(accounts.assertHomesAllowed()).rejects.toThrow("account 'thief': ");
  });

  it.each(['keys', 'var', 'etc', '.', '/', 'keys/../var/deep', 'homes/fine/in', 'homes'])(
    'refuses, before a server starts, %s as the home of anonymous users (J5)',
    async (home) => {
      const env = { PLIMSOLL_ANONYMOUS_ENABLED: 'true', PLIMSOLL_ANONYMOUS_HOME: home };
      const { accounts, store, root } = accountsOnDisk(() => now, env);
      const nobody = { role: 'user', readOnly: false, expires: null, passwordHash: null, keys: [] } as const;
      await store.add({ ...nobody, name: 'fine', homePath: join(root.homes, 'fine') });
      await expect(accounts.assertHomesAllowed()).rejects.toThrow('anonymous.home: ');
    },
  );

  it('refuses them the keys by another name, too, and lets them share a home (J5)', async () => {
    const enabled = { PLIMSOLL_ANONYMOUS_ENABLED: 'true' };
    const sly = accountsOnDisk(() => now, { ...enabled, PLIMSOLL_ANONYMOUS_HOME: 'homes/pub' });
    symlinkSync(sly.root.keys, join(sly.root.homes, 'pub'));
    await expect(sly.accounts.assertHomesAllowed()).rejects.toThrow('anonymous.home: ');
    const shared = accountsOnDisk(() => now, enabled);
    await shared.accounts.add('owner', { password: 'secret', home: 'homes/anonymous' });
    await shared.accounts.assertHomesAllowed();
  });
});
