import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { firstStart } from '../../src/admin/first-start.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { accountsOnDisk } from './accounts-on-disk.js';

type Addresses = readonly { readonly host: string; readonly port: number }[];

function start(addresses: Addresses, running: () => Addresses = () => []) {
  const on = accountsOnDisk();
  const { marks } = memoryStore();
  const run = (own = addresses) =>
    firstStart({
      root: on.root,
      cwd: '/elsewhere',
      program: 'plimsoll',
      addresses: own,
      running: () => Promise.resolve(running()),
      accounts: on.accounts,
      marks,
      knownHosts: (host, port) => [`[${host}]:${port} key`],
    });
  return { ...on, run };
}

it('makes demo once, and never again after it was removed', async () => {
  const { run, accounts, store } = start([{ host: '127.0.0.1', port: 2222 }]);
  const [first] = await run();
  expect(first).toMatch(/Its password, shown this once: ([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  expect(await store.byName('demo')).toMatchObject({ role: 'user', home: { bytesLimit: 'default' } });
  expect((await run())[0]).toMatch(/^How to try the account 'demo' stands in /);
  await accounts.remove('demo', { deleteHome: true });
  expect((await run()).join('\n')).toContain('plimsoll --root');
  expect(await store.list()).toEqual([]);
});

it('tells how to see the line at work, as it is now, unless that takes long', async () => {
  const { run, accounts, root } = start([{ host: '127.0.0.1', port: 2222 }]);
  const lines = (text: readonly string[]) => text.filter((line) => /line at work|truncate/.test(line));
  const [said, truncate] = lines(await run());
  expect(said).toContain('an upload stops at 100 MB with a sentence');
  expect(truncate).toBe('  !truncate -s 101MB larger');
  const again = async (bytesLimit: number | null): Promise<readonly string[]> => {
    await accounts.set('demo', { bytesLimit });
    await run();
    return lines(readFileSync(join(root.path, 'var', 'first-start.txt'), 'utf8').split('\n'));
  };
  expect((await again(1_234_567))[1]).toBe('  !truncate -s 1246913 larger');
  expect((await again(0))[1]).toBe('  !truncate -s 1 larger');
  expect(await again(5e9)).toEqual([]);
  expect(await again(null)).toEqual([]);
});

it('makes no demo where anybody else could connect', async () => {
  const { run, store } = start([
    { host: '127.0.0.1', port: 1 },
    { host: '0.0.0.0', port: 2 },
  ]);
  expect((await run())[0]).toContain('There is no account yet');
  expect(await store.list()).toEqual([]);
});

it('says nothing where the operator made accounts', async () => {
  const { run, accounts } = start([{ host: '127.0.0.1', port: 2222 }]);
  await accounts.add('alice', { password: 'secret' });
  expect(await run()).toEqual([]);
});

it('prints a line for IPv6 too, and knows the host by all its local names', async () => {
  const { run, root } = start([{ host: '::1', port: 4000 }]);
  const text = (await run()).join('\n');
  expect(text).toContain(`sftp -P 4000 -o UserKnownHostsFile=${root.path}/var/known_hosts demo@[::1]`);
  const known = readFileSync(join(root.path, 'var', 'known_hosts'), 'utf8');
  expect(known).toBe('[127.0.0.1]:4000 key\n[::1]:4000 key\n[localhost]:4000 key\n');
});

it('makes demo once when two servers start together, and knows the host by the ports of both', async () => {
  const first = { host: '127.0.0.1', port: 4000 };
  const second = { host: '127.0.0.1', port: 4001 };
  // The second comes up while the first writes.
  const asked = [[first], [first, second], [first, second]];
  const { run, root } = start([first], () => asked.shift() ?? []);
  const known = () => readFileSync(join(root.path, 'var', 'known_hosts'), 'utf8').match(/(?<=0\.1\]:)\d+/g);
  await run();
  expect(known()).toEqual(['4000', '4001']);

  const both = start([first]);
  const texts = await Promise.all([both.run([first]), both.run([second])]);
  expect(texts.filter(([line]) => line?.includes('Its password'))).toHaveLength(1);
  expect(texts.filter(([line]) => line?.startsWith("How to try the account 'demo'"))).toHaveLength(1);
});
