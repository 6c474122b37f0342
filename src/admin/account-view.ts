import type { Settings } from '../config/settings.js';
import { lineOf, type Line } from '../quota/line.js';
import type { Account } from '../store/accounts.js';

/** An account as `user list --json` and `user show --json` print it. */
export interface AccountView {
  readonly name: string;
  readonly role: 'user' | 'admin';
  readonly state: 'active' | 'locked' | 'expired';
  /** Real path on the host. */
  readonly home: string;
  /** `null` is no limit. */
  readonly quota: Line;
  readonly readOnly: boolean;
  /** ISO 8601 in UTC. */
  readonly expires: string | null;
  readonly keys: readonly KeyView[];
  /** By the ledger, as `quota show` has it; `null` where the home cannot be counted. */
  readonly usage: Usage | null;
}

export interface KeyView {
  readonly fingerprint: string;
  readonly type: string;
  readonly comment: string;
}

export interface Usage {
  readonly bytes: number;
  readonly files: number;
}

export function viewOf(account: Account, usage: Usage | null, settings: Settings, now: Date): AccountView {
  return {
    name: account.name,
    role: account.role,
    state: stateOf(account, now),
    home: account.home.path,
    quota: lineOf(account.home, settings),
    readOnly: account.readOnly,
    expires: account.expires?.toISOString() ?? null,
    keys: keysOf(account),
    usage,
  };
}

export function keysOf({ keys }: Account): readonly KeyView[] {
  return keys.map(({ fingerprint, type, comment }) => ({ fingerprint, type, comment }));
}

/** A lock is shown before an expiry: it is what the operator did by hand. */
export function stateOf(account: Account, now: Date): AccountView['state'] {
  if (account.state === 'locked') return 'locked';
  return account.expires !== null && account.expires <= now ? 'expired' : 'active';
}
