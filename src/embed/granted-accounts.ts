import { Fault } from '../fault.js';
import type { LiveSessions } from '../live.js';
import type { Account, AccountStore, AuthorizedKey, Home } from '../store/accounts.js';
import { Turns } from '../vfs/turns.js';
import type { GrantPlan } from './account-plan.js';
import { ownPath, type ChosenFiles } from './chosen-files.js';

export interface GrantedAccountsParts {
  readonly accounts: AccountStore;
  readonly files: ChosenFiles;
  readonly live: LiveSessions;
  /** Hears what went wrong behind everybody's back. */
  readonly warn: (message: string) => void;
}

/** A login that was granted and is not listed among the live sessions yet. */
interface Arriving {
  readonly accountId: number;
  readonly fingerprint: string | null;
}

/**
 * The accounts that exist because `authenticate` said so. Each is in the store as long as it has sessions, or logins
 * that are about to become some: then changes act (A3), and what is kept does not grow with everybody who ever came.
 */
export class GrantedAccounts {
  readonly #parts: GrantedAccountsParts;
  /** One change at a time: a login must not find an account that is about to be removed. */
  readonly #turns = new Turns();
  readonly #arriving = new Set<Arriving>();
  /** Ids of those that are in the store. */
  readonly #stored = new Set<number>();

  constructor(parts: GrantedAccountsParts) {
    this.#parts = parts;
  }

  /**
   * The account of a login that was granted and whose credential was verified.
   * @param gone aborts when the login has become a session, or never will
   * @throws Fault `cancelled`, `invalid` where the grant names no files
   */
  admit(plan: GrantPlan, key: AuthorizedKey | null, gone: AbortSignal): Promise<Account> {
    const { files } = this.#parts;
    const source = files.sourceOf(plan.name, plan.source);
    if (!source)
      throw new Fault(
        'invalid',
        "the grant has no files: give 'vfs' or 'home', or the server 'vfs' or 'homes'",
      );
    const isGone = (): boolean => gone.aborted;
    return this.#turns.alone(async () => {
      if (isGone()) throw new Fault('cancelled');
      // A filesystem for each login is the same home all the same: the sessions before it go on.
      const path = plan.source?.kind === 'shared' ? ownPath(plan.name) : files.pathOf(plan.name, source);
      const account = await this.#store(plan, path, key);
      const arriving = { accountId: account.id, fingerprint: key?.fingerprint ?? null };
      this.#arriving.add(arriving);
      const arrived = (): void => {
        this.#arriving.delete(arriving);
        this.left(account.id);
      };
      gone.addEventListener('abort', arrived, { once: true });
      // It would hear of nothing any more.
      if (isGone()) arrived();
      files.grant(account, source);
      return account;
    });
  }

  /** A session of the account ended, or a login came to nothing. */
  left(accountId: number): void {
    if (!this.#stored.has(accountId)) return;
    void this.#turns
      .alone(async () => {
        // The session that a login has become is listed right after this turn of the event loop's microtasks began.
        await Promise.resolve();
        if (this.#isUsed(accountId)) return;
        this.#stored.delete(accountId);
        const { accounts, files } = this.#parts;
        const account = await accounts.byId(accountId);
        await accounts.remove(accountId);
        if (account && !(await accounts.homeById(account.home.id))) files.forget(account.home.id);
      })
      .catch((thrown: unknown) => {
        // It is gone already.
        if (thrown instanceof Fault && thrown.code === 'not-found') return;
        this.#parts.warn(`a granted account that is used no more could not be removed: ${String(thrown)}`);
      });
  }

  #isUsed(accountId: number): boolean {
    const { live } = this.#parts;
    return (
      [...this.#arriving].some((login) => login.accountId === accountId) ||
      live.list().some((session) => session.accountId === accountId)
    );
  }

  async #store(
    { name, readOnly, lines }: GrantPlan,
    homePath: string,
    key: AuthorizedKey | null,
  ): Promise<Account> {
    const { accounts } = this.#parts;
    const before = await accounts.byName(name);
    const role = 'user';
    const { id, home } = before
      ? await accounts.update(before.id, { name, readOnly, homePath })
      : await accounts.add({ name, role, homePath, readOnly, expires: null, passwordHash: null, keys: [] });
    this.#stored.add(id);
    await this.#keepKeys(id, before?.keys ?? [], key);
    await this.#setLines(id, home, lines);
    const account = await accounts.byId(id);
    if (!account) throw new Fault('cancelled');
    return account;
  }

  /** The keys by which its sessions logged in, and no more: a session whose key is gone would end (A3). */
  async #keepKeys(id: number, before: readonly AuthorizedKey[], key: AuthorizedKey | null): Promise<void> {
    const { accounts, live } = this.#parts;
    const used = new Set([
      ...[...this.#arriving]
        .filter(({ accountId }) => accountId === id)
        .map(({ fingerprint }) => fingerprint),
      ...live.list().flatMap(({ accountId, fingerprint }) => (accountId === id ? [fingerprint] : [])),
    ]);
    for (const { fingerprint } of before) {
      if (!used.has(fingerprint) && fingerprint !== key?.fingerprint)
        await accounts.removeKey(id, fingerprint);
    }
    if (key && !before.some(({ fingerprint }) => fingerprint === key.fingerprint))
      await accounts.addKey(id, key);
  }

  /** A grant that names no line leaves that of a home it shares alone. */
  async #setLines(id: number, home: Home, lines: GrantPlan['lines']): Promise<void> {
    const { accounts } = this.#parts;
    const shared = (await accounts.list()).some((other) => other.id !== id && other.home.id === home.id);
    const whole = shared ? lines : ({ bytesLimit: 'default', filesLimit: 'default', ...lines } as const);
    const same = Object.entries(whole).every(([name, limit]) => home[name as keyof typeof whole] === limit);
    if (!same) await accounts.setLines(home.id, whole);
  }
}
