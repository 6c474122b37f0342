import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
} from 'kysely';

/**
 * Kysely's SQLite with two differences. Transactions take the write lock when they begin: one that reads first and
 * writes later fails with SQLITE_BUSY_SNAPSHOT where another process wrote in between, and no waiting helps it. And
 * migrations run in one such transaction, so that a process killed in the middle leaves the schema it found, and two
 * that start together take turns.
 */
export function sqliteDialect(database: SqliteDatabase): SqliteDialect {
  return new ImmediateDialect(database);
}

class ImmediateDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver({ database: this.#database });
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
