import type { Database } from './database.js';
import { isBusy, sqliteFault } from './sqlite-fault.js';

/**
 * Reads the number that changes with accounts, keys and lines. `PRAGMA data_version` tells whether anybody else
 * committed anything (4 us); only then is the number read, so that the many writes of the ledger in the same file do not
 * look like changes of accounts.
 */
export interface Revision {
  current(): number;
  /** This connection committed something, which `data_version` does not count. */
  touched(): void;
}

export function revision(database: Database): Revision {
  const dataVersion = database.raw.prepare('PRAGMA data_version').pluck();
  const number = database.raw.prepare('select number from revision').pluck();
  let seen: unknown = null;
  let last = 0;
  return {
    current() {
      // In a transaction of our own the number is one that may yet be rolled back and then stand for another change.
      if (database.raw.inTransaction) return last;
      try {
        const version = dataVersion.get();
        if (version !== seen) {
          last = number.get() as number;
          seen = version;
        }
      } catch (thrown) {
        // Another process may be recovering the WAL for a moment; the caller asks again soon.
        if (!isBusy(thrown)) throw sqliteFault(thrown);
      }
      return last;
    },
    touched() {
      seen = null;
    },
  };
}
