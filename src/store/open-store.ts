import type { Store } from './accounts.js';
import { openDatabase } from './database.js';
import type { Patience } from './retry-busy.js';
import { sqliteAccounts } from './sqlite-accounts.js';
import { sqliteMarks } from './sqlite-marks.js';
import { sqliteUsage } from './sqlite-usage.js';

export interface StoreOptions {
  /** Read for the time an account is made; the host's clock if absent. */
  readonly now?: () => Date;
  readonly patience?: Patience;
}

/**
 * The store in an SQLite file, made with mode 0600 where it is missing. The folder must be on a local filesystem (WAL).
 * @throws Fault with a sentence for the operator; it names no path
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  const database = await openDatabase(path, options.patience);
  return {
    accounts: sqliteAccounts(database, options.now ?? (() => new Date())),
    marks: sqliteMarks(database),
    usage: sqliteUsage(database),
    close: () => database.close(),
  };
}
