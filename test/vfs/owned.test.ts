import { expect, test } from 'vitest';
import { memoryVfs } from '../../src/vfs/memory.js';
import { owned } from '../../src/vfs/owned.js';
import { rejects } from '../contract/vfs-requests.js';

const follow = { follow: true };

async function filled(ignoreChown: boolean) {
  const inner = memoryVfs();
  const vfs = owned(inner, { uid: 1001, gid: 1002, ignoreChown });
  const handle = await vfs.open('/f', { write: true, create: true });
  return { inner, vfs, handle };
}

test('J6: one virtual owner in every reply', async () => {
  const { inner, vfs, handle } = await filled(false);
  const shown = { uid: 1001, gid: 1002 };
  expect(await vfs.stat('/f', follow)).toMatchObject(shown);
  expect(await handle.stat()).toMatchObject(shown);
  const listing = await vfs.list('/');
  expect((await listing.next(1))[0]?.stats).toMatchObject(shown);
  expect(await inner.stat('/f', follow)).toMatchObject({ uid: 0, gid: 0 });
});

test('J6: a chown to what is shown succeeds and does nothing, the rest of the request is done', async () => {
  const { inner, vfs, handle } = await filled(false);
  for (const owner of [
    { uid: 1001, gid: 1002 },
    { uid: 0xffffffff, gid: 1002 },
    { uid: 0xffffffff, gid: 0xffffffff },
  ]) {
    await vfs.set('/f', { owner, mode: 0o600 }, follow);
    await handle.set({ owner });
  }
  expect(await inner.stat('/f', follow)).toMatchObject({ uid: 0, gid: 0, mode: 0o600 });
  await rejects(vfs.set('/none', { owner: { uid: 1001, gid: 1002 } }, follow), 'not-found');
});

test('J6: any other chown is denied whole, or ignored by a setting', async () => {
  const strict = await filled(false);
  const owner = { uid: 1001, gid: 0 };
  await rejects(strict.vfs.set('/f', { owner, size: 9 }, follow), 'denied');
  await rejects(strict.handle.set({ owner, size: 9 }), 'denied');
  expect((await strict.inner.stat('/f', follow)).size).toBe(0);
  const lax = await filled(true);
  await lax.vfs.set('/f', { owner, size: 9 }, follow);
  expect(await lax.inner.stat('/f', follow)).toMatchObject({ uid: 0, gid: 0, size: 9 });
});
