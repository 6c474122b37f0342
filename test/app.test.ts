import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startApp, type App } from '../src/app.js';
import { createPasswords } from '../src/auth/passwords.js';
import { createEvents } from '../src/observe/events.js';
import { loadHostKeys } from '../src/ssh/host-key-files.js';
import { memoryStore } from '../src/store/memory-store.js';
import { disk } from '../src/vfs/disk-calls.js';
import { newAccount } from './contract/account-store.js';
import { RawClient } from './ssh/raw-client.js';
import { settingsWith } from './ssh/test-server.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'plimsoll-app-'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function started(): Promise<{ readonly app: App; readonly port: number }> {
  const store = memoryStore();
  const passwords = createPasswords({ cost: 10 });
  const passwordHash = await passwords.hash('secret');
  await passwords.close();
  await store.accounts.add(newAccount('alice', { homePath: join(root, 'homes/alice'), passwordHash }));
  const app = await startApp({
    root,
    settings: settingsWith({ listen: ['127.0.0.1:0'] }),
    events: createEvents(),
    store,
    hostKeys: await loadHostKeys(join(root, 'keys')),
    version: '0',
  });
  return { app, port: app.addresses[0]?.port ?? 0 };
}

it('serves whom the store knows, and ends when it is told to', async () => {
  const { app, port } = await started();
  const client = await RawClient.loggedIn(port);
  await client.sftp();
  expect(app.live.list()).toMatchObject([{ account: 'alice', method: 'password' }]);
  client.socket.destroy();
  await app.stop(0);
  await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
});

it('ends also when a request hangs in a disk, and says so (P1)', async () => {
  const { app, port } = await started();
  const client = await RawClient.loggedIn(port);
  const close = disk.close.bind(disk);
  vi.spyOn(disk, 'close').mockImplementationOnce(async (descriptor) => {
    await close(descriptor);
    await new Promise(() => undefined);
  });
  const begun = Date.now();
  await expect(app.stop(0)).rejects.toMatchObject({
    code: 'busy',
    message: 'not everything came to its end: there are requests that hang in a disk',
  });
  expect(Date.now() - begun).toBeLessThan(5000);
  client.socket.destroy();
});
