import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathThreads } from '../../src/vfs/path-threads.js';
import { rejects } from '../contract/vfs-requests.js';
import { homeFolder } from './home-folder.js';
import { jailAttacks } from './jail-attacks.js';

const nobody = 65534;
const threads = pathThreads(4);

// Each test file has a process of its own, which here stops being root for good before the first attack. The path
// threads are started before that: afterwards the checkout may be out of reach.
beforeAll(async () => {
  const homes = await Promise.all([homeFolder({ threads }), homeFolder({ threads })]);
  const stats = homes.flatMap(({ vfs }) => Array.from({ length: 50 }, () => vfs.stat('/', { follow: true })));
  await Promise.all(stats);
  for (const home of homes) await home.close();
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
});
afterAll(() => threads.close());

test('this process, with all its threads, is not root', () => {
  expect(process.getuid?.()).not.toBe(0);
  expect(process.geteuid?.()).not.toBe(0);
  expect(() => process.setuid?.(0)).toThrow();
  expect(() => readFileSync('/etc/shadow')).toThrow();
});

test('a move whose old name may not go leaves no second name behind', async () => {
  const home = await homeFolder({ threads });
  const folder = join(home.root, 'kept');
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'f'), 'mine');
    chmodSync(folder, 0o555);
    await rejects(home.vfs.rename('/kept/f', '/g', { replace: false }), 'denied');
    expect(readdirSync(home.root)).toEqual(['kept']);
    expect(await home.vfs.stat('/kept/f', { follow: true })).toMatchObject({ nlink: 1 });
  } finally {
    chmodSync(folder, 0o755);
    await home.close();
  }
});

jailAttacks('an unprivileged user', () => threads);
