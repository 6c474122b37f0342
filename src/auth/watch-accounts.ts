import { toFault, type Fault } from '../fault.js';
import type { LiveSession, LiveSessions } from '../live.js';
import type { Account, AccountStore } from '../store/accounts.js';
import { anonymousId, type Anonymous } from './anonymous.js';
import type { Login } from './authenticator.js';
import { barOf } from './barred.js';

/** How often changes are looked for, in milliseconds: well inside the second that A3 allows. */
export const watchInterval = 250;

export interface AccountWatch {
  /**
   * Tells by what a session logged in. Call it in the same turn as `live.add`, before the first request is served:
   * what changed between the login's decision and now is then noticed too, by the next round.
   */
  admit(session: LiveSession, login: Login): void;
  /**
   * The account of a live session as it is now, at most `watchInterval` old. `undefined` once it is gone, locked or
   * expired: deny, for what its sessions asked before they ended may still be waiting.
   */
  current(accountId: number): Account | undefined;
  stop(): void;
}

export interface WatchParts {
  readonly accounts: Pick<AccountStore, 'byId' | 'version'>;
  readonly live: LiveSessions;
  readonly anonymous: Anonymous | null;
  readonly clock: () => Date;
  /** Runs once after so many milliseconds; returns the way to prevent it. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Hears when the store cannot be asked, once until it can again; each round tries. */
  readonly report: (fault: Fault) => void;
}

/** What of a login must not change while its session lives. */
interface Baseline {
  readonly role: Account['role'];
  readonly homePath: string;
  readonly passwordVersion: number;
}

/** Makes changes by the operator act in open sessions (A3). A new name is no reason to end one. */
export function watchAccounts(parts: WatchParts): AccountWatch {
  const { accounts, live, anonymous, clock, after, report } = parts;
  /** Accounts of live sessions; `null` was removed. */
  const known = new Map<number, Account | null>();
  const baselines = new Map<string, Baseline>();
  /** Sessions that were compared at least once since they began. */
  const checked = new Set<string>();
  const closed = new Set<string>();
  let version: number | null = null;
  let failing = false;
  let stopped = false;
  let cancel = after(watchInterval, round);

  function load(id: number): Promise<Account | null> {
    if (id !== anonymousId) return accounts.byId(id);
    return anonymous?.account() ?? Promise.resolve(null);
  }

  /** Why the session must end, or `null`. */
  function ending(session: LiveSession): string | null {
    const account = known.get(session.accountId);
    if (account === undefined) return null;
    if (account === null) return 'this account was removed';
    const bar = barOf(account, clock());
    if (bar) return bar.tell;
    const before = baselines.get(session.id) ?? remember(session.id, account);
    if (account.role !== before.role || (session.view === 'homes' && account.role !== 'admin')) {
      return 'the role of this account was changed: log in again';
    }
    if (account.home.path !== before.homePath) return 'the home of this account was changed: log in again';
    if (session.method === 'password' && account.passwordVersion !== before.passwordVersion) {
      return 'the password of this account was changed: log in again';
    }
    const { fingerprint } = session;
    if (fingerprint !== null && !account.keys.some((key) => key.fingerprint === fingerprint)) {
      return 'the key of this session was removed from its account';
    }
    return null;
  }

  function remember(sessionId: string, account: Account): Baseline {
    const { role, home, passwordVersion } = account;
    const baseline = { role, homePath: home.path, passwordVersion };
    baselines.set(sessionId, baseline);
    return baseline;
  }

  function forgetEnded(sessions: readonly LiveSession[]): void {
    const ids = new Set(sessions.map((session) => session.id));
    for (const kept of [baselines, checked, closed]) {
      for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
    }
    const used = new Set(sessions.map((session) => session.accountId));
    for (const id of known.keys()) if (!used.has(id)) known.delete(id);
  }

  /** Whether all that was wanted could be read. */
  async function look(): Promise<boolean> {
    const now = accounts.version();
    const sessions = live.list();
    forgetEnded(sessions);
    const stale = sessions.filter((session) => now !== version || !checked.has(session.id));
    const loaded = await refresh(new Set(stale.map((session) => session.accountId)));
    for (const session of sessions) {
      if (loaded) checked.add(session.id);
      const reason = closed.has(session.id) ? null : ending(session);
      if (reason === null) continue;
      closed.add(session.id);
      session.close(reason);
    }
    if (loaded) version = now;
    return loaded;
  }

  /** Whether all could be read; where not, what is known goes on, and expiry with it. */
  async function refresh(ids: ReadonlySet<number>): Promise<boolean> {
    try {
      for (const id of ids) known.set(id, await load(id));
      return true;
    } catch (thrown) {
      fails(thrown);
      return false;
    }
  }

  function fails(thrown: unknown): void {
    if (!failing) report(toFault(thrown));
    failing = true;
  }

  function round(): void {
    void look()
      .then((loaded) => {
        if (loaded) failing = false;
      }, fails)
      .finally(() => {
        if (!stopped) cancel = after(watchInterval, round);
      });
  }

  return {
    admit(session, login) {
      remember(session.id, login.account);
      // It was read for this login, later as a rule than what the last round read; the next reads it again.
      known.set(login.account.id, login.account);
    },
    current(accountId) {
      const account = known.get(accountId);
      return account && !barOf(account, clock()) ? account : undefined;
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
