import type { Kysely } from 'kysely';
import { accountFaults } from './account-faults.js';
import { accountOf, homeOf, keyRow, linesOf, updateOf } from './account-rows.js';
import type { Account, AccountStore } from './accounts.js';
import type { Database } from './database.js';
import { revision } from './revision.js';
import type { KeyRow, Tables } from './rows.js';

type Db = Kysely<Tables>;

/** `now` is written as the time of creation. */
export function sqliteAccounts(database: Database, now: () => Date): AccountStore {
  const changes = revision(database);

  async function write<T>(queries: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await database.write(queries);
    } finally {
      changes.touched();
    }
  }

  return {
    byName: (name) => database.read((db) => find(db, 'name', name)),
    byId: (id) => database.read((db) => find(db, 'id', id)),
    list: () =>
      database.read(async (db) => {
        const keys = new Map<number, KeyRow[]>();
        for (const key of await db.selectFrom('keys').selectAll().orderBy('id').execute()) {
          const same = keys.get(key.account_id);
          if (same) same.push(key);
          else keys.set(key.account_id, [key]);
        }
        const rows = await accountsWithHomes(db).orderBy('accounts.name').execute();
        return rows.map((row) => accountOf(row, keys.get(row.id) ?? []));
      }),

    add: (account) =>
      write(async (db) => {
        await assertFree(db, account.name, null);
        const { id } = await db
          .insertInto('accounts')
          .values({
            name: account.name,
            role: account.role,
            state: 'active',
            home_id: await homeAt(db, account.homePath),
            read_only: account.readOnly ? 1 : 0,
            expires: account.expires?.getTime() ?? null,
            password_hash: account.passwordHash,
            password_version: account.passwordHash === null ? 0 : 1,
            created_at: now().getTime(),
            last_login_at: null,
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        for (const key of account.keys) await addKey(db, id, key);
        return get(db, id);
      }),

    update: (id, change) =>
      write(async (db) => {
        const before = await get(db, id);
        if (change.name !== undefined) await assertFree(db, change.name, id);
        const homeId = change.homePath === undefined ? before.home.id : await homeAt(db, change.homePath);
        await db
          .updateTable('accounts')
          .set({
            ...updateOf(change),
            home_id: homeId,
            password_version: before.passwordVersion + (change.passwordHash === undefined ? 0 : 1),
          })
          .where('id', '=', id)
          .execute();
        await removeIfUnused(db, before.home.id);
        return get(db, id);
      }),

    remove: (id) =>
      write(async (db) => {
        const { home } = await get(db, id);
        await db.deleteFrom('accounts').where('id', '=', id).execute();
        await removeIfUnused(db, home.id);
      }),

    addKey: (id, key) =>
      write(async (db) => {
        await get(db, id);
        await addKey(db, id, key);
      }),

    removeKey: (id, fingerprint) =>
      write(async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('keys')
          .where('account_id', '=', id)
          .where('fingerprint', '=', fingerprint)
          .executeTakeFirst();
        if (numDeletedRows === 0n) throw accountFaults.noKey();
      }),

    recordLogin: async (id, at) => {
      await database.write((db) =>
        db.updateTable('accounts').set({ last_login_at: at.getTime() }).where('id', '=', id).execute(),
      );
    },

    homes: () =>
      database.read(async (db) => {
        const rows = await db.selectFrom('homes').selectAll().orderBy('path').execute();
        return rows.map(homeOf);
      }),

    homeAt: async (path) => {
      const row = await database.read((db) =>
        db.selectFrom('homes').selectAll().where('path', '=', path).executeTakeFirst(),
      );
      if (row) return homeOf(row);
      return write(async (db) => {
        const id = await homeAt(db, path);
        return homeOf(
          await db.selectFrom('homes').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
        );
      });
    },

    homeById: (id) =>
      database.read(async (db) => {
        const row = await db.selectFrom('homes').selectAll().where('id', '=', id).executeTakeFirst();
        return row ? homeOf(row) : null;
      }),

    setLines: (homeId, lines) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('homes')
          .set({ id: homeId, ...linesOf(lines) })
          .where('id', '=', homeId)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) throw accountFaults.noHome();
      }),

    version: () => changes.current(),
  };
}

function accountsWithHomes(db: Db) {
  return db
    .selectFrom('accounts')
    .innerJoin('homes', 'homes.id', 'accounts.home_id')
    .selectAll('accounts')
    .select(['homes.path', 'homes.bytes_limit', 'homes.files_limit']);
}

async function find(db: Db, column: 'id' | 'name', value: string | number): Promise<Account | null> {
  const row = await accountsWithHomes(db).where(`accounts.${column}`, '=', value).executeTakeFirst();
  if (!row) return null;
  const keys = await db
    .selectFrom('keys')
    .selectAll()
    .where('account_id', '=', row.id)
    .orderBy('id')
    .execute();
  return accountOf(row, keys);
}

async function get(db: Db, id: number): Promise<Account> {
  const account = await find(db, 'id', id);
  if (!account) throw accountFaults.noAccount();
  return account;
}

async function assertFree(db: Db, name: string, except: number | null): Promise<void> {
  const row = await db.selectFrom('accounts').select('id').where('name', '=', name).executeTakeFirst();
  if (row && row.id !== except) throw accountFaults.nameTaken(name);
}

async function addKey(db: Db, id: number, key: Account['keys'][number]): Promise<void> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('keys')
    .values(keyRow(id, key))
    .onConflict((conflict) => conflict.columns(['account_id', 'fingerprint']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw accountFaults.keyTaken(key.fingerprint);
}

/** The id of the home's row, made if it is not there. */
async function homeAt(db: Db, path: string): Promise<number> {
  const row = await db.selectFrom('homes').select('id').where('path', '=', path).executeTakeFirst();
  if (row) return row.id;
  const made = await db
    .insertInto('homes')
    .values({ path, bytes_limit: null, files_limit: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  return made.id;
}

async function removeIfUnused(db: Db, homeId: number): Promise<void> {
  await db
    .deleteFrom('homes')
    .where('id', '=', homeId)
    .where((where) =>
      where.not(
        where.exists(where.selectFrom('accounts').select('id').whereRef('accounts.home_id', '=', 'homes.id')),
      ),
    )
    .execute();
}
