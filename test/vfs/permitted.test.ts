import { afterEach, beforeEach, expect, test } from 'vitest';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permitted } from '../../src/vfs/permitted.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { everyRequest, rejects } from '../contract/vfs-requests.js';
import { homeFolder, type HomeFolder } from './home-folder.js';

let home: HomeFolder;
let vfs: Vfs;
let readOnly: boolean;
beforeEach(async () => {
  home = await homeFolder();
  readOnly = true;
  vfs = permitted(home.vfs, () => ({ readOnly }));
  writeFileSync(join(home.root, 'f'), 'content');
});
afterEach(() => home.close());

function state(): string {
  const { size, mtimeMs, ctimeMs, mode } = statSync(join(home.root, 'f'));
  const content = readFileSync(join(home.root, 'f'), 'utf8');
  return [...readdirSync(home.root), size, mtimeMs, ctimeMs, mode, content].join(' ');
}

test('whatever a read-only account asks for, the disk stays as it was', async () => {
  const before = state();
  for (const path of ['/f', '/new', '/', '/none/x']) {
    for (const request of everyRequest(vfs, path, '/f')) await request().catch(() => undefined);
  }
  expect(state()).toBe(before);
});

test('reading works, everything else is refused as read-only, also what would change nothing', async () => {
  const handle = await vfs.open('/f', { read: true });
  expect(await handle.read(Buffer.alloc(7), 0)).toBe(7);
  await handle.sync();
  await rejects(handle.set({}), 'read-only');
  await handle.close();
  for (const options of [
    { write: true },
    { append: true },
    { read: true, create: true },
    { read: true, truncate: true },
    { read: true, write: true, create: true },
  ]) {
    await rejects(vfs.open('/f', options), 'read-only');
  }
  await rejects(vfs.set('/f', {}, { follow: true }), 'read-only');
  await rejects(vfs.rename('/f', '/f', { replace: false }), 'read-only');
});

test('A3: a change of the permissions acts at the next request, on open handles too', async () => {
  readOnly = false;
  const handle = await vfs.open('/f', { write: true });
  await handle.write([Buffer.from('C')], 0);
  readOnly = true;
  await rejects(handle.write([Buffer.from('X')], 0), 'read-only');
  await rejects(handle.set({ size: 0 }), 'read-only');
  readOnly = false;
  await handle.write([Buffer.from('K')], 0);
  await handle.close();
  expect(readFileSync(join(home.root, 'f'), 'utf8')).toBe('Kontent');
});
