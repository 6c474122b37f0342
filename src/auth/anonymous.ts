import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { Account, AccountStore } from '../store/accounts.js';

/** The account id of anonymous sessions. No row has it: the store counts from 1. */
export const anonymousId = 0;

/** Logins without an account, where the settings allow them. */
export interface Anonymous {
  /** What `anonymous` and `ftp` are. Not a row of the store: the settings decide it, and no operator can lock it out. */
  account(): Promise<Account>;
}

export type AnonymousSettings = Pick<Settings, 'anonymous.enabled' | 'anonymous.home' | 'anonymous.readOnly'>;

/**
 * `null` where anonymous logins are off. The home is taken to be a real path already; its row, and with it the line and
 * the ledger, is shared with accounts that have the same home.
 */
export function anonymousMode(of: {
  readonly accounts: Pick<AccountStore, 'homeAt'>;
  readonly settings: AnonymousSettings;
  /** Absolute path that `anonymous.home` is below. */
  readonly root: string;
}): Anonymous | null {
  const { accounts, settings, root } = of;
  if (!settings['anonymous.enabled']) return null;
  const path = resolve(root, settings['anonymous.home']);
  return {
    async account() {
      return {
        id: anonymousId,
        name: 'anonymous',
        role: 'user',
        state: 'active',
        home: await accounts.homeAt(path),
        readOnly: settings['anonymous.readOnly'],
        expires: null,
        passwordHash: null,
        passwordVersion: 0,
        keys: [],
        createdAt: new Date(0),
        lastLoginAt: null,
      };
    },
  };
}
