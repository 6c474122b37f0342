import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, Migrator } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/accounts.js';
import { openDatabase } from '../../src/store/database.js';
import { migrations } from '../../src/store/migrations/all.js';
import { openStore } from '../../src/store/open-store.js';
import { sqliteDialect } from '../../src/store/sqlite-dialect.js';
import { sqliteFault } from '../../src/store/sqlite-fault.js';
import { sqliteMarks } from '../../src/store/sqlite-marks.js';
import { sqliteUsage } from '../../src/store/sqlite-usage.js';
import { contractClock, newAccount } from '../contract/account-store.js';
import { someFigures, usageStoreContract } from '../contract/usage-store.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-usage-'));
let files = 0;

function newPath(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two connections to one new file that has one home, as two processes have them. */
async function twoStores(): Promise<{
  one: Store;
  two: Store;
  homeId: number;
  close: () => Promise<unknown>;
}> {
  const path = newPath();
  const [one, two] = [await openStore(path), await openStore(path)];
  const { home } = await one.accounts.add(newAccount('alice'));
  return { one, two, homeId: home.id, close: () => Promise.all([one.close(), two.close()]) };
}

/** Many inodes with two names each. */
function manyLinks(count: number, from = 0): ReadonlyMap<number, number> {
  return new Map(Array.from({ length: count }, (_, index) => [from + index, 2] as const));
}

usageStoreContract('openStore', () => openStore(newPath(), { now: contractClock }));

describe('usage in SQLite', () => {
  it('gives a home to one of two processes that take it at once, each time (L6)', async () => {
    const { one, two, homeId, close } = await twoStores();
    for (let epoch = 0; epoch < 50; epoch += 1) {
      const [first, second] = epoch % 2 === 0 ? [one, two] : [two, one];
      const taken = await Promise.all([
        first.usage.take(homeId, epoch, 'first'),
        second.usage.take(homeId, epoch, 'second'),
      ]);
      expect(taken.filter(Boolean)).toHaveLength(1);
      const owner = taken[0] ? 'first' : 'second';
      expect(await one.usage.get(homeId)).toMatchObject({ owner, epoch: epoch + 1 });
    }
    await close();
  });

  it('shows at once to one process what another wrote, and refuses the one that lost the home', async () => {
    const { one, two, homeId, close } = await twoStores();
    await one.usage.take(homeId, 0, 'one');
    await one.usage.save(homeId, 1, someFigures());
    await one.usage.setLinks(homeId, 5, 2);
    expect(await two.usage.get(homeId)).toMatchObject({ owner: 'one', ...someFigures() });
    expect(await two.usage.links(homeId, 5)).toBe(2);
    await two.usage.take(homeId, 1, 'two');
    expect(await one.usage.save(homeId, 1, someFigures({ bytes: 0 }))).toBe(false);
    expect(await one.usage.release(homeId, 1, someFigures({ bytes: 0 }))).toBe(false);
    expect(await two.usage.get(homeId)).toMatchObject({ owner: 'two', ...someFigures() });
    await close();
  });

  it('shows all links that were noted before or all that are, to other processes and in its own', async () => {
    const { one, two, homeId, close } = await twoStores();
    await one.usage.replaceLinks(homeId, manyLinks(3000));
    const state = { done: false };
    const replaced = one.usage
      .replaceLinks(homeId, manyLinks(3000, 10_000))
      .finally(() => (state.done = true));
    const own = one.usage.links(homeId, 10_000);
    let looks = 0;
    for (; !state.done; looks += 1) {
      const [before, after] = [await two.usage.links(homeId, 2999), await two.usage.links(homeId, 10_000)];
      // They are read one after the other, and the change may come in between.
      expect(before === 2 || after === 2).toBe(true);
      await new Promise(setImmediate);
    }
    expect(looks).toBeGreaterThan(3);
    await replaced;
    expect(await own).toBe(2);
    expect(await two.usage.links(homeId, 2999)).toBeNull();
    expect(await two.usage.links(homeId, 12_999)).toBe(2);
    await close();
  });

  it('lets the event loop turn while it notes many links (P1)', async () => {
    const { one, homeId, close } = await twoStores();
    for (const from of [0, 1_000_000]) {
      let turns = 0;
      let watching = true;
      const turn = (): void => {
        turns += 1;
        if (watching) setImmediate(turn);
      };
      setImmediate(turn);
      await one.usage.replaceLinks(homeId, manyLinks(20_000, from));
      watching = false;
      expect(turns).toBeGreaterThanOrEqual(20);
    }
    await close();
  });

  it('waits in its own process for links that are being noted, and loses nothing', async () => {
    const { one, homeId, close } = await twoStores();
    await one.usage.take(homeId, 0, 'one');
    const noting = one.usage.replaceLinks(homeId, manyLinks(5000));
    const others = await Promise.all([
      one.usage.save(homeId, 1, someFigures()),
      one.usage.setLinks(homeId, 77, 9),
      one.accounts.add(newAccount('bob')),
    ]);
    await noting;
    expect(others[0]).toBe(true);
    expect(await one.usage.get(homeId)).toMatchObject(someFigures());
    expect(await one.usage.links(homeId, 77)).toBe(9);
    expect(await one.accounts.byName('bob')).not.toBeNull();
    await close();
  });

  it('says no-space when the disk is full, keeps what was there, and goes on', async () => {
    const path = newPath();
    const store = await openStore(path);
    const { home } = await store.accounts.add(newAccount('alice'));
    await store.usage.take(home.id, 0, 'one');
    await store.usage.replaceLinks(home.id, manyLinks(10));
    const database = await openDatabase(path);
    const full = sqliteUsage(database);
    // SQLite fails with the same code as on a full disk.
    const pages = database.raw.pragma('page_count', { simple: true }) as number;
    database.raw.pragma(`max_page_count = ${pages}`);
    const refusal = { code: 'no-space', message: 'no space is left for the account database' };
    await expect(full.replaceLinks(home.id, manyLinks(5000, 100))).rejects.toMatchObject(refusal);
    expect(await full.links(home.id, 9)).toBe(2);
    expect(await full.links(home.id, 100)).toBeNull();
    expect(await full.save(home.id, 1, someFigures())).toBe(true);
    expect(await store.usage.get(home.id)).toMatchObject(someFigures());
    database.raw.pragma('max_page_count = 1000000');
    await full.replaceLinks(home.id, manyLinks(5000, 100));
    expect(await store.usage.links(home.id, 5099)).toBe(2);
    await Promise.all([database.close(), store.close()]);
  });

  it('says no-space where SQLite itself rolled back the transaction', async () => {
    const database = await openDatabase(newPath());
    const marks = sqliteMarks(database);
    await marks.set('small', 'kept');
    database.raw.pragma(`max_page_count = ${database.raw.pragma('page_count', { simple: true }) as number}`);
    await expect(marks.set('large', 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'no-space' });
    expect(await marks.get('large')).toBeNull();
    expect(await marks.get('small')).toBe('kept');
    await database.close();
  });

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_NOSPC', 'SQLITE_IOERR_SHMSIZE'])(
    'takes %s for a full disk: the last is what a full one gives when the database is opened',
    (code) => {
      const thrown = Object.assign(new Error('disk I/O error'), { code });
      expect(sqliteFault(thrown)).toMatchObject({ code: 'no-space', cause: thrown });
    },
  );

  it('refuses figures that are no whole numbers, and keeps those before', async () => {
    const { one, homeId, close } = await twoStores();
    await one.usage.take(homeId, 0, 'one');
    await one.usage.save(homeId, 1, someFigures());
    for (const bytes of [0.5, NaN, Infinity]) {
      await expect(one.usage.save(homeId, 1, someFigures({ bytes }))).rejects.toMatchObject({
        code: 'failure',
      });
    }
    expect(await one.usage.get(homeId)).toMatchObject(someFigures());
    await close();
  });

  it('adds itself to a database of accounts alone, and keeps the accounts', async () => {
    const path = newPath();
    const raw = new Sqlite(path);
    const old = new Kysely<unknown>({ dialect: sqliteDialect(raw) });
    const first = { '0001-accounts': migrations['0001-accounts'] };
    const { error } = await new Migrator({
      db: old,
      provider: { getMigrations: () => Promise.resolve(first) },
    }).migrateToLatest();
    expect(error).toBeUndefined();
    raw.exec(`insert into homes (path, bytes_limit) values ('/srv/alice', 5);
      insert into accounts (name, role, state, home_id, read_only, password_version, created_at)
      values ('alice', 'user', 'active', 1, 0, 0, 0)`);
    await old.destroy();
    const [store, other] = await Promise.all([openStore(path), openStore(path)]);
    const { home } = (await store.accounts.byName('alice')) ?? {};
    expect(home).toMatchObject({ path: '/srv/alice', bytesLimit: 5 });
    expect(await store.usage.all()).toMatchObject([
      { homeId: home?.id, owner: null, epoch: 0, counted: false },
    ]);
    expect(await other.usage.take(home?.id ?? 0, 0, 'one')).toBe(true);
    expect(await store.usage.save(home?.id ?? 0, 1, someFigures())).toBe(true);
    await Promise.all([store.close(), other.close()]);
  });
});
