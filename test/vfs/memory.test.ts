import { expect, test } from 'vitest';
import { memoryVfs } from '../../src/vfs/memory.js';
import { rejects } from '../contract/vfs-requests.js';

const follow = { follow: true };

test('the clock is given', async () => {
  let now = 1_000_000;
  const vfs = memoryVfs({ now: () => new Date(now) });
  const handle = await vfs.open('/f', { write: true, create: true });
  expect(await handle.stat()).toMatchObject({ atime: 1000, mtime: 1000 });
  now = 2_999_999;
  await handle.write([Buffer.from('x')], 0);
  expect((await handle.stat()).mtime).toBe(2999);
});

test('memory is bounded: what does not fit is refused, what is freed fits again', async () => {
  const vfs = memoryVfs({ bytes: 1_000_000 });
  const handle = await vfs.open('/f', { write: true, create: true });
  await handle.write([Buffer.alloc(900_000)], 0);
  await rejects(handle.write([Buffer.alloc(200_000)], 900_000), 'no-space');
  const small = await vfs.open('/g', { write: true, create: true });
  await small.write([Buffer.from('holes cost nothing')], 2 ** 45);
  expect((await vfs.space('/')).bytesFree).toBeLessThan(100_000);
  await vfs.remove('/f');
  expect((await vfs.space('/')).bytesFree).toBeLessThan(100_000);
  await handle.close();
  expect((await vfs.space('/')).bytesFree).toBeGreaterThan(900_000);
});

test('bytes cut off do not come back when the file grows again', async () => {
  const vfs = memoryVfs();
  const handle = await vfs.open('/f', { read: true, write: true, create: true });
  await handle.write([Buffer.alloc(200_000, 1)], 0);
  await handle.set({ size: 100 });
  await handle.set({ size: 200_000 });
  const into = Buffer.alloc(200_000, 2);
  expect(await handle.read(into, 0)).toBe(200_000);
  expect(into.subarray(0, 100).every((byte) => byte === 1)).toBe(true);
  expect(into.subarray(100).every((byte) => byte === 0)).toBe(true);
  expect((await vfs.stat('/f', follow)).size).toBe(200_000);
});
