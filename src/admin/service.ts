import { createPasswords, type Passwords } from '../auth/passwords.js';
import type { Settings } from '../config/settings.js';
import type { Events } from '../observe/events.js';
import { lineOf } from '../quota/line.js';
import type { Quotas } from '../quota/quotas.js';
import type { Store } from '../store/accounts.js';
import { Accounts, type Homes } from './accounts.js';
import { planApply, type Step } from './apply.js';
import type { WantedAccount } from './apply-file.js';
import { diskHomes } from './disk-homes.js';
import { HomeUsages } from './home-usage.js';
import { LineUse } from './quotas.js';
import type { Root } from './root.js';

export interface ServiceParts {
  readonly root: Root;
  readonly settings: Settings;
  readonly store: Store;
  readonly events: Events;
  /** Asked for when a home's ledger is needed, which is not often; closed by who gave it. */
  readonly quotas: () => Promise<Quotas>;
  /** Who gives the orders, for the audit. */
  readonly by: string;
  readonly now?: () => Date;
}

/** The operator's use cases in one place, for the commands that people type and for what comes beside them. */
export interface Service {
  readonly accounts: Accounts;
  readonly lines: LineUse;
  readonly homes: Homes;
  /** What differs from a file; nothing is changed until the steps are carried out. */
  plan(wanted: readonly WantedAccount[], options: { readonly prune: boolean }): Promise<readonly Step[]>;
  close(): Promise<void>;
}

/** `close` leaves the store open: it was the caller's. */
export function createService(parts: ServiceParts): Service {
  const { root, settings, store, events, quotas, by, now = () => new Date() } = parts;
  const passwords: Passwords = createPasswords({ cost: settings['password.cost'] });
  const homes = diskHomes(root, settings);
  const usages = new HomeUsages({
    rows: store.usage,
    quotas,
    measure: (path, signal) => homes.usage(path, signal),
  });
  const accounts = new Accounts({ store, settings, passwords, homes, usages, events, by, now });
  const lines = new LineUse({
    accounts: store.accounts,
    find: (name) => accounts.find(name),
    lineOf: (home) => lineOf(home, settings),
    usages,
    quotas,
    events,
    by,
  });
  return {
    accounts,
    lines,
    homes,
    plan: (wanted, options) => planApply(wanted, options, { accounts, store: store.accounts, homes }),
    close: async () => {
      await Promise.all([passwords.close(), homes.close()]);
    },
  };
}
