import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { Kysely, Migrator } from 'kysely';
import { Fault } from '../fault.js';
import { migrations } from './migrations/all.js';
import { retryWhileBusy, type Patience } from './retry-busy.js';
import type { Tables } from './rows.js';
import { sqliteDialect } from './sqlite-dialect.js';
import { sqliteFault } from './sqlite-fault.js';

/** One connection to the database file, migrated. */
export interface Database {
  /** For the few calls that must be synchronous and cheap. */
  readonly raw: Sqlite.Database;
  /** Runs queries outside a transaction, again while the database is busy. @throws Fault */
  read<T>(queries: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** Runs queries in one transaction that holds the write lock, again while the database is busy. @throws Fault */
  write<T>(queries: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const realPatience: Patience = { sleep: (milliseconds) => sleep(milliseconds), random: () => Math.random() };

/**
 * Opens the file, made with mode 0600 where it is missing, and brings its schema up to date. Any number of processes
 * may do this at once.
 * @throws Fault with a sentence for the operator: not a database, somebody else's, damaged, of a newer version, ...
 */
export async function openDatabase(path: string, patience: Patience = realPatience): Promise<Database> {
  const attempt = <T>(operation: () => Promise<T>): Promise<T> =>
    retryWhileBusy(operation, patience).catch((thrown: unknown) => {
      throw sqliteFault(thrown);
    });
  makePrivate(path);
  const raw = await attempt(() => Promise.resolve().then(() => connect(path)));
  const db = new Kysely<Tables>({ dialect: sqliteDialect(raw) });
  try {
    await attempt(() => migrate(raw, db));
  } catch (thrown) {
    raw.close();
    throw thrown;
  }
  return {
    raw,
    read: (queries) => attempt(() => queries(db)),
    write: (queries) => attempt(() => db.transaction().execute(queries)),
    async close() {
      await db.destroy();
      // Kysely closes only what it has used.
      raw.close();
    },
  };
}

/**
 * SQLite gives its `-wal` and `-shm` files the mode of the database. A file that is there is never opened here: closing
 * any descriptor of it drops every lock that this process's SQLite holds on it (fcntl locks belong to the process).
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw unusable(thrown);
    try {
      if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    } catch (cause) {
      throw unusable(cause);
    }
  }
}

function unusable(cause: unknown): Fault {
  const text = 'the account database cannot be opened: its folder is missing or closed to this user';
  return new Fault('denied', text, { cause });
}

function connect(path: string): Sqlite.Database {
  // `timeout` is SQLite's busy handler: it would sleep inside the event loop.
  const raw = new Sqlite(path, { timeout: 0 });
  try {
    raw.pragma('trusted_schema = OFF');
    raw.pragma('foreign_keys = ON');
    if (raw.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
      throw new Fault('failure', 'the account database needs a local filesystem (SQLite refuses WAL here)');
    }
    raw.pragma('synchronous = NORMAL');
    return raw;
  } catch (thrown) {
    raw.close();
    throw thrown;
  }
}

async function migrate(raw: Sqlite.Database, db: Kysely<Tables>): Promise<void> {
  const done = executedMigrations(raw);
  const newer = done.find((name) => !Object.hasOwn(migrations, name));
  if (newer !== undefined) {
    throw new Fault(
      'failure',
      `the account database was written by a newer version of plimsoll (it has '${newer.slice(0, 64)}'): use that version`,
    );
  }
  if (done.length === Object.keys(migrations).length) return;
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('migration failed', { cause: error });
}

/** @throws Fault when the file holds tables of another program */
function executedMigrations(raw: Sqlite.Database): readonly string[] {
  const tables = raw.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[];
  if (tables.includes('kysely_migration')) {
    return raw.prepare('select name from kysely_migration').pluck().all() as string[];
  }
  if (tables.length === 0) return [];
  throw new Fault('failure', "the account database is another program's SQLite file: move it away");
}
