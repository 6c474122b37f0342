import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pathThreads, type PathThreads } from '../../src/vfs/path-threads.js';
import { homeFolder, type HomeFolder } from './home-folder.js';

let threads: PathThreads;
let busy: HomeFolder;
let other: HomeFolder;

beforeEach(async () => {
  threads = pathThreads(2);
  busy = await homeFolder({ threads });
  other = await homeFolder({ threads });
  // One look-up of this path is thousands of system calls.
  mkdirSync(join(busy.root, 'd/'.repeat(300)), { recursive: true });
  symlinkSync(`${'d/'.repeat(300)}${'../'.repeat(300)}`, join(busy.root, 'slow'));
  // Both threads are started: how long that takes is not what is measured here.
  await Promise.all([busy, other].map(({ vfs }) => vfs.stat('/', { follow: true })));
});
afterEach(async () => {
  await busy.close();
  await other.close();
  await threads.close();
});

test('a home that floods the threads does not keep another from its answer', async () => {
  let answered = 0;
  const flood = Array.from({ length: 40 }, () =>
    busy.vfs.stat('/slow', { follow: true }).then(() => {
      answered++;
    }),
  );
  await other.vfs.stat('/', { follow: true });
  expect(answered).toBeLessThan(20);
  await Promise.all(flood);
  expect(answered).toBe(40);
});

test('two homes in one thread take turns', async () => {
  const single = pathThreads(1);
  const [a, b] = [await homeFolder({ threads: single }), await homeFolder({ threads: single })];
  mkdirSync(join(a.root, 'd/'.repeat(300)), { recursive: true });
  symlinkSync(`${'d/'.repeat(300)}${'../'.repeat(300)}`, join(a.root, 'slow'));
  let answered = 0;
  const flood = Array.from({ length: 40 }, () =>
    a.vfs.stat('/slow', { follow: true }).then(() => {
      answered++;
    }),
  );
  await b.vfs.stat('/', { follow: true });
  expect(answered).toBeLessThan(20);
  await Promise.all(flood);
  await a.close();
  await b.close();
  await single.close();
});

test('changes of names in one home run one after another, in the order they came', async () => {
  const { vfs } = other;
  await vfs.mkdir('/0', 0o755);
  const moves = Array.from({ length: 100 }, (_, index) =>
    vfs.rename(`/${index}`, `/${index + 1}`, { replace: false }),
  );
  await Promise.all(moves);
  expect((await vfs.stat('/100', { follow: true })).kind).toBe('folder');
});

test('closing cancels what waits and lets finish what runs', async () => {
  const fates = Array.from({ length: 40 }, () =>
    busy.vfs.stat('/slow', { follow: true }).then(
      () => 'answered',
      (thrown: unknown) => (thrown as { code: string }).code,
    ),
  );
  await threads.close();
  const all = await Promise.all(fates);
  expect(new Set(all)).toEqual(new Set(['answered', 'cancelled']));
  await expect(other.vfs.stat('/', { follow: true })).rejects.toMatchObject({ code: 'cancelled' });
});

test('a filesystem closed under a running walk waits for it, and takes no more', async () => {
  const running = busy.vfs.stat('/slow', { follow: true });
  const closing = busy.vfs.close();
  await expect(busy.vfs.stat('/', { follow: true })).rejects.toMatchObject({ code: 'cancelled' });
  await expect(running).resolves.toMatchObject({ kind: 'folder' });
  await closing;
});
