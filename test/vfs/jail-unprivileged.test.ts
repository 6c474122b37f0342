import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathThreads } from '../../src/vfs/path-threads.js';
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

jailAttacks('an unprivileged user', () => threads);
