import type { Account } from '../store/accounts.js';

/** Why an account that exists may not be used now. */
export interface Bar {
  /** For the audit. */
  readonly reason: 'locked' | 'expired';
  /** For the user, who must have shown the right credential first (A2). */
  readonly tell: string;
}

export function barOf(account: Account, now: Date): Bar | null {
  if (account.state === 'locked') return { reason: 'locked', tell: 'this account is locked' };
  if (account.expires && account.expires.getTime() <= now.getTime()) {
    return { reason: 'expired', tell: 'this account has expired' };
  }
  return null;
}
