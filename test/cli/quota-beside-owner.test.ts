import { existsSync, mkdtempSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { QuotaView, ScanView } from '../../src/admin/quota-view.js';
import { makeRoot, type Root } from '../../src/admin/root.js';
import { lazyQuotas, type LazyQuotas } from '../../src/cli/lazy-quotas.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { createEvents } from '../../src/observe/events.js';
import type { Home, Store } from '../../src/store/accounts.js';
import { openStore } from '../../src/store/open-store.js';
import { diskVfs } from '../../src/vfs/disk.js';
import { OpenInodes } from '../../src/vfs/open-inodes.js';
import { pathThreads, type PathThreads } from '../../src/vfs/path-threads.js';
import type { Handle, Vfs } from '../../src/vfs/vfs.js';
import { newAccount } from '../contract/account-store.js';
import { commandsOn } from './in-process.js';

// A command beside a process that keeps the ledger, as a server does; between the two are real sockets.
let root: Root;
let store: Store;
let owner: LazyQuotas;
let threads: PathThreads;
let home: Home;
let files: Vfs;

beforeEach(async () => {
  root = makeRoot(join(realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-quota-'))), 'root'));
  store = await openStore(root.database);
  const { settings } = await loadSettings({ root: root.path, env: {} });
  owner = lazyQuotas({ root, settings, store, events: createEvents() });
  threads = pathThreads(1);
  ({ home } = await store.accounts.add(newAccount('ann', { homePath: join(root.homes, 'ann') })));
  await store.accounts.add(newAccount('bob', { homePath: join(root.homes, 'bob') }));
  const quotas = await owner.get();
  await quotas.scan(home, { check: false });
  const inodes = new OpenInodes();
  const inner = await diskVfs({ root: home.path, threads, umask: 0o022, inodes });
  files = quotas.limited(home, inner);
});

afterEach(async () => {
  await files.close();
  await owner.close();
  await threads.close();
  await store.close();
});

interface Answer<View> {
  readonly status: number | null;
  readonly views: readonly View[];
}

async function answer(...args: readonly string[]): Promise<Answer<unknown>> {
  const { status, stdout } = await commandsOn(root.path)(['quota', ...args, '--json']);
  return { status, views: JSON.parse(stdout) as readonly unknown[] };
}

const lines = (...args: readonly string[]) => answer(...args) as Promise<Answer<QuotaView>>;
const scans = (...args: readonly string[]) => answer('scan', ...args) as Promise<Answer<ScanView>>;

function thousand(): readonly Buffer[] {
  return [Buffer.alloc(1000, 'x')];
}

it('shows what is used at this moment, with files open and growth lent out', async () => {
  const file = await files.open('/file', { write: true, create: true });
  await file.write(thousand(), 0);
  expect((await store.usage.get(home.id)).owner, 'the row alone would not do').not.toBeNull();
  const bob = { name: 'bob', bytes: { used: 0, limit: 100_000_000 }, files: { used: 0, limit: null } };
  const ann = (bytes: number) => ({
    name: 'ann',
    bytes: { used: bytes, limit: 100_000_000 },
    files: { used: 1, limit: null },
  });
  expect((await lines('show')).views).toEqual([ann(1000), bob]);
  await file.write(thousand(), 1000);
  expect((await lines('show', 'ann')).views).toEqual([ann(2000)]);
  const listed = await commandsOn(root.path)(['user', 'list', '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ usage: { bytes: 2000, files: 1 } }, { name: 'bob' }]);
  await file.close();
});

it('has the owner scan, which goes on changing files meanwhile', async () => {
  const file = await files.open('/file', { write: true, create: true });
  await file.write(thousand(), 0);
  expect(await scans('--check', 'ann')).toMatchObject({
    status: 0,
    views: [{ drift: { bytes: 0, files: 0 } }],
  });
  writeFileSync(join(home.path, 'behind its back'), 'x'.repeat(500));
  const drift = { drift: { bytes: 500, files: 1 } };
  expect(await scans('--check', 'ann')).toMatchObject({ status: 1, views: [drift] });
  expect(await scans('ann')).toMatchObject({ status: 0, views: [drift] });
  await file.write(thousand(), 1000);
  expect((await lines('show', 'ann')).views).toMatchObject([{ bytes: { used: 2500 }, files: { used: 2 } }]);
  await file.close();
});

/** Grows a file byte by byte until that is refused, which a new line has to do within a second (A3). */
async function refusal(file: Handle, size: number): Promise<string> {
  let end = size;
  let sentence = '';
  await vi.waitFor(async () => {
    await expect(
      file.write([Buffer.alloc(1)], end++).catch((thrown: unknown) => {
        sentence = String(thrown);
        throw thrown;
      }),
    ).rejects.toMatchObject({ code: 'quota' });
  });
  return sentence;
}

it('puts a line in force for files that are open', async () => {
  const file = await files.open('/file', { write: true, create: true });
  await file.write(thousand(), 0);
  await lines('set', 'ann', '1000');
  expect(await refusal(file, 1000)).toContain('of 1 KB used, 1 B more needed');
  await file.set({ size: 1000 });
  const { views } = await lines('set', 'ann', '2000');
  expect(views).toMatchObject([{ bytes: { used: 1000, limit: 2000 } }]);
  await vi.waitFor(() => file.write(thousand(), 1000));
  await file.close();
});

it('refuses growth above the line, and nothing else', async () => {
  const file = await files.open('/file', { write: true, create: true });
  await file.write(thousand(), 0);
  const set = await commandsOn(root.path)(['quota', 'set', 'ann', '100']);
  expect(set.stdout).toContain('ann is over that line by 900 B: nothing can grow');
  expect(await refusal(file, 1000)).toContain('of 100 B used');
  await file.write(thousand(), 0);
  await file.set({ size: 50 });
  await file.write([Buffer.alloc(50)], 50);
  await file.close();
});

it('leaves nothing of itself, and its ledgers handed back', async () => {
  await lines('show');
  await scans();
  const rows = new Map((await store.usage.all()).map((row) => [row.homeId, row]));
  const bob = await store.accounts.byName('bob');
  expect(rows.get(bob?.home.id ?? 0)).toMatchObject({ owner: null, counted: true });
  expect(readdirSync(join(root.var, 'peers')), 'only the socket of the owner').toHaveLength(1);
});

it('counts the home of an owner that died, and takes none for dead that lives', async () => {
  await files.close();
  await owner.close();
  const { epoch } = await store.usage.get(home.id);
  writeFileSync(join(home.path, 'file'), 'x'.repeat(700));
  await store.usage.take(home.id, epoch, 'a process that is gone');
  expect((await lines('show', 'ann')).views).toMatchObject([{ bytes: { used: 700 }, files: { used: 1 } }]);
  expect(await store.usage.get(home.id)).toMatchObject({ owner: null, counted: true, bytes: 700 });
});

it('forgets what an account used with its home', async () => {
  const plimsoll = commandsOn(root.path);
  await plimsoll(['user', 'set', 'bob', '--home', 'homes/robert']);
  writeFileSync(join(root.homes, 'robert', 'file'), 'x'.repeat(300));
  expect((await lines('show', 'bob')).views).toMatchObject([{ bytes: { used: 300 } }]);
  await plimsoll(['user', 'remove', 'bob', '--delete-home', '--yes']);
  expect(existsSync(join(root.homes, 'robert'))).toBe(false);
  await plimsoll(['user', 'add', 'bob', '--home', 'homes/robert', '--password-stdin'], { input: 'secret' });
  expect((await lines('show', 'bob')).views).toMatchObject([{ bytes: { used: 0 } }]);
  expect((await store.usage.all()).length).toBe(2);
});
