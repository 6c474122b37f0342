import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measure } from '../../src/vfs/measure.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { homeFolder } from './home-folder.js';

test('each inode once, sparse files in full, everything else as a file of 0 bytes', async () => {
  const home = await homeFolder();
  const host = (name: string): string => join(home.root, name);
  mkdirSync(host('d/e'), { recursive: true });
  writeFileSync(host('d/f'), '12345');
  linkSync(host('d/f'), host('d/e/g'));
  writeFileSync(host('sparse'), '');
  truncateSync(host('sparse'), 2 ** 30);
  symlinkSync('/', host('l'));
  execFileSync('mkfifo', [host('fifo')]);
  expect(await measure(home.vfs)).toEqual({ bytes: 5 + 2 ** 30, files: 6 });
  await home.close();
});

test('an empty one is nothing, and counting can be called off', async () => {
  expect(await measure(memoryVfs())).toEqual({ bytes: 0, files: 0 });
  const aborted = AbortSignal.abort();
  await expect(measure(memoryVfs(), aborted)).rejects.toMatchObject({ code: 'cancelled' });
});
