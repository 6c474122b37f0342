import { expect, it } from 'vitest';
import { accountsOnDisk, cheapHash } from './accounts-on-disk.js';

const full = `
accounts:
  - { name: alice, password: correct horse, quota: 5MB, files: 10, role: admin, expires: 2099-01-01, state: locked }
  - { name: bob, passwordHash: '${cheapHash('of bob')}', home: shared, readOnly: true }
  - { name: carol, password: of carol, home: shared }
`;

it('changes nothing the second time, passwords and shared homes included', async () => {
  const { apply, plan, store, root } = accountsOnDisk();
  expect(await apply(full)).toEqual([
    `add alice home ${root.homes}/alice`,
    `add bob home ${root.path}/shared`,
    `add carol home ${root.path}/shared`,
  ]);
  const before = await store.list();
  expect(await plan(full)).toEqual([]);
  expect(await store.list()).toEqual(before);
  expect(before.map(({ name, role, state, readOnly }) => [name, role, state, readOnly])).toEqual([
    ['alice', 'admin', 'locked', false],
    ['bob', 'user', 'active', true],
    ['carol', 'user', 'active', false],
  ]);
  expect(before[1]?.home).toEqual(before[2]?.home);
});

it('leaves alone what the file does not say', async () => {
  const { apply, accounts, store } = accountsOnDisk();
  await apply(full);
  await accounts.set('bob', { state: 'locked', bytesLimit: 7 });
  expect(await apply('accounts: [{ name: bob, readOnly: false }]')).toEqual(['change bob may write']);
  expect(await store.byName('bob')).toMatchObject({ state: 'locked', home: { bytesLimit: 7 } });
});

it('gives an account exactly the keys that are listed', async () => {
  const { apply, store } = accountsOnDisk();
  const one = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8iywG3Cs2jQJZ2K6i3T1XPa1tbn9NRmuhTqAVmwBT0 one';
  const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea other';
  await apply(`accounts: [{ name: alice, keys: ["${one}"] }]`);
  const changes = await apply(`accounts: [{ name: alice, keys: ["${other}"] }]`);
  expect(changes).toEqual([
    expect.stringMatching(/^change alice key SHA256:\S+ added key SHA256:\S+ removed$/),
  ]);
  expect((await store.byName('alice'))?.keys.map(({ comment }) => comment)).toEqual(['other']);
});

it('gives a shared home one line, whatever the order of those who state it', async () => {
  const { apply, plan, store } = accountsOnDisk();
  const pair = (first: string, second: string): string =>
    `accounts: [{ name: z, password: secret, home: shared${first} }, { name: a, password: secret, home: shared${second} }]`;
  await apply(pair(', quota: 1MB', ', quota: 1MB'));
  expect(await apply(pair(', quota: 2MB', ', quota: 2MB'))).toEqual(['change z line 2 MB']);
  const swapped = 'accounts: [{ name: a, quota: 3MB }, { name: z, quota: 3MB }]';
  expect(await apply(swapped)).toEqual(['change z line 3 MB']);
  expect((await store.byName('a'))?.home.bytesLimit).toBe(3_000_000);
  await expect(plan(pair(', quota: 4MB', ', quota: 5MB'))).rejects.toThrow(
    "account 'a': shares its home with 'z', which has another line",
  );
  await expect(plan(pair('', ', quota: 5MB'))).rejects.toThrow("account 'a': the home is shared with 'z'");
});

it.each([
  ['homes inside each other', '{ name: b, password: secret, home: homes/a/in }', "account 'b': "],
  ['a home that J5 refuses', '{ name: b, password: secret, home: var/b }', "account 'b': "],
  ['a name that is none', '{ name: "../b", password: secret }', "account '../b': an account name has"],
  ['an account that could never log in', '{ name: b }', "account 'b': is new and could never log in"],
  [
    'a hash that is none',
    '{ name: b, passwordHash: tops3cret }',
    "account 'b': the passwordHash is not like",
  ],
])('refuses %s before anything is changed', async (_what, second, sentence) => {
  const { plan, store } = accountsOnDisk();
  await expect(plan(`accounts: [{ name: a, password: secret }, ${second}]`)).rejects.toThrow(sentence);
  expect(await store.list()).toEqual([]);
});

it('prunes first, so that what they leave can be taken', async () => {
  const { apply, store } = accountsOnDisk();
  await apply('accounts: [{ name: old, password: secret, home: homes/x/in }]');
  const file = 'accounts: [{ name: new, password: secret, home: homes/x }]';
  await expect(apply(file)).rejects.toThrow("account 'new': ");
  expect((await apply(file, true)).map((one) => one.split(' ')[0])).toEqual(['remove', 'add']);
  expect((await store.list()).map(({ name }) => name)).toEqual(['new']);
});
