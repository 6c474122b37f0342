import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
} from 'kysely';

interface Database extends SqliteDatabase {
  readonly inTransaction: boolean;
}

/**
 * Kysely's SQLite with three differences. Transactions take the write lock when they begin: one that reads first and
 * writes later fails with SQLITE_BUSY_SNAPSHOT where another process wrote in between, and no waiting helps it.
 * Migrations run in one such transaction, so that a process killed in the middle leaves the schema it found, and two
 * that start together take turns. And a transaction that SQLite itself rolled back, as it may when the disk is full,
 * fails with that reason, and not because there is nothing left to roll back.
 */
export function sqliteDialect(database: Database): SqliteDialect {
  return new ImmediateDialect(database);
}

class ImmediateDialect extends SqliteDialect {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
