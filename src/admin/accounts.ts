import { assertAccountName } from '../auth/account-name.js';
import type { Passwords } from '../auth/passwords.js';
import { parseScrypt } from '../auth/scrypt-phc.js';
import type { Settings } from '../config/settings.js';
import { Fault, toFault } from '../fault.js';
import type { Events } from '../observe/events.js';
import type { PublicKey } from '../publickey/public-key.js';
import { lineOf, showLine, type Line } from '../quota/line.js';
import type { Account, AuthorizedKey, HomeLines, Role, State, Store } from '../store/accounts.js';
import { viewOf, type AccountView, type Usage } from './account-view.js';
import { notCounted, type Figures, type HomeUsages, type Onlooker } from './home-usage.js';
import { assertOwnLine, type Limit } from './lines.js';

/** What an operator may say about an account; absent is left as it is, or takes the default in a new one. */
export interface AccountWish {
  readonly password?: string;
  /** A PHC string in place of a password. */
  readonly passwordHash?: string;
  readonly keys?: readonly PublicKey[];
  /** Whether `keys` are all that the account shall have; otherwise they come beside those it has. */
  readonly onlyThoseKeys?: boolean;
  readonly bytesLimit?: Limit;
  readonly filesLimit?: Limit;
  /** Below the root unless absolute. */
  readonly home?: string;
  readonly role?: Role;
  readonly readOnly?: boolean;
  readonly expires?: Date | null;
  readonly state?: State;
}

/** The folders of the host that accounts live in. */
export interface Homes {
  /** Where anonymous users live; `null` while they may not log in. */
  readonly anonymous: string | null;
  /** The home a wish means; `homes/NAME` where it says nothing. */
  locate(wish: string | undefined, name: string): string;
  /**
   * The real path of a home that may be used (J5), existing or not; nothing is made.
   * @throws Fault saying what is wrong with it
   */
  check(path: string, others: readonly string[]): Promise<string>;
  /** The folder, made where it is missing; resolves to whether it was there. */
  make(path: string): Promise<boolean>;
  /** What the folder holds now; a missing one holds nothing. @throws Fault `cancelled` */
  usage(path: string, signal?: AbortSignal): Promise<Usage>;
  /** Removes the folder with all that is in it. */
  destroy(path: string): Promise<void>;
}

export interface AccountParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly passwords: Passwords;
  readonly homes: Homes;
  readonly usages: HomeUsages;
  readonly events: Events;
  /** Who gives the orders, for the audit. */
  readonly by: string;
  readonly now: () => Date;
}

export interface Added {
  readonly account: AccountView;
  /** Whether the home's folder was there before. */
  readonly homeExisted: boolean;
}

/** The operator's use cases; each works on the store, whether a server runs or not (A3). */
export class Accounts {
  readonly #parts: AccountParts;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** @throws Fault `exists`, `invalid`, and those of the home */
  async add(name: string, wish: AccountWish): Promise<Added> {
    const { store, homes } = this.#parts;
    await this.assertNew(name);
    const homePath = await this.#checkedHome(homes.locate(wish.home, name));
    const lines = linesIn(wish);
    await this.assertLine(homePath, null, wish);
    const passwordHash = (await this.#hashOf(wish)) ?? null;
    const homeExisted = await homes.make(homePath);

    const account = await store.accounts.add({
      name,
      role: wish.role ?? 'user',
      homePath,
      readOnly: wish.readOnly ?? false,
      expires: wish.expires ?? null,
      passwordHash,
      keys: wish.keys ?? [],
    });
    if (hasAny(lines)) await store.accounts.setLines(account.home.id, lines);
    if (wish.state === 'locked') await store.accounts.update(account.id, { state: 'locked' });
    this.#changed(account.name, 'added');
    return { account: await this.show(name), homeExisted };
  }

  /** @throws Fault `invalid` for what is no account's name, `exists` */
  async assertNew(name: string): Promise<void> {
    assertAccountName(name);
    const taken = await this.#parts.store.accounts.byName(name);
    if (taken) throw new Fault('exists', `the account '${taken.name}' exists already`);
  }

  /**
   * Applies a wish to an account that exists; returns what changed, in words.
   * @throws Fault `not-found`, `invalid`, and those of the home
   */
  async set(name: string, wish: AccountWish): Promise<readonly string[]> {
    const { store, homes } = this.#parts;
    const account = await this.find(name);
    const homePath =
      wish.home === undefined ? account.home.path : await this.#checkedHome(homes.locate(wish.home, name));
    const moves = homePath !== account.home.path;
    const lines = linesIn(wish);
    await this.assertLine(homePath, account, wish);
    const changes = await this.difference(account, { ...wish, home: homePath });

    const passwordHash = changesPassword(account, wish) ? await this.#hashOf(wish) : undefined;
    if (moves) await homes.make(homePath);
    const updated = await store.accounts.update(account.id, {
      ...(moves && { homePath }),
      ...(wish.role !== undefined && { role: wish.role }),
      ...(wish.readOnly !== undefined && { readOnly: wish.readOnly }),
      ...(wish.expires !== undefined && { expires: wish.expires }),
      ...(wish.state !== undefined && { state: wish.state }),
      ...(passwordHash !== undefined && { passwordHash }),
    });
    if (hasAny(lines)) await store.accounts.setLines(updated.home.id, lines);
    for (const key of newKeys(account, wish)) await store.accounts.addKey(account.id, key);
    for (const { fingerprint } of staleKeys(account, wish))
      await store.accounts.removeKey(account.id, fingerprint);
    for (const change of changes) this.#changed(account.name, change);
    return changes;
  }

  /**
   * Whether the account (`null`: one to come) may give the home the line that the wish says.
   * @throws Fault `invalid`, naming the account that may
   */
  async assertLine(homePath: string, account: Account | null, wish: AccountWish): Promise<void> {
    const lines = linesIn(wish);
    if (!hasAny(lines)) return;
    assertOwnLine(await this.#sharing(homePath), account?.id ?? null, lines, this.#parts.settings);
  }

  /** What `set` would change, in words that hold no secret. `wish.home` is a real path here. */
  async difference(account: Account, wish: AccountWish): Promise<readonly string[]> {
    const changes: string[] = [];
    if (wish.home !== undefined && wish.home !== account.home.path) changes.push(`home ${wish.home}`);
    if (wish.role !== undefined && wish.role !== account.role) changes.push(`role ${wish.role}`);
    if (wish.state !== undefined && wish.state !== account.state) {
      changes.push(wish.state === 'locked' ? 'locked' : 'unlocked');
    }
    if (wish.readOnly !== undefined && wish.readOnly !== account.readOnly) {
      changes.push(wish.readOnly ? 'read-only' : 'may write');
    }
    if (wish.expires !== undefined && wish.expires?.getTime() !== account.expires?.getTime()) {
      changes.push(`expires ${wish.expires?.toISOString() ?? 'never'}`);
    }
    const line = await this.#changedLine(account, wish);
    if (line !== null) changes.push(`line ${showLine(line)}`);
    if (changesPassword(account, wish)) changes.push('password changed');
    for (const { fingerprint } of newKeys(account, wish)) changes.push(`key ${fingerprint} added`);
    for (const { fingerprint } of staleKeys(account, wish)) changes.push(`key ${fingerprint} removed`);
    return changes;
  }

  /** The wish without a password that is the account's already: for those who say the same again and again. */
  async withoutKnownPassword(account: Account, wish: AccountWish): Promise<AccountWish> {
    if (wish.password === undefined || account.passwordHash === null) return wish;
    if (!(await this.#parts.passwords.verify(wish.password, account.passwordHash))) return wish;
    const { password: _known, ...rest } = wish;
    return rest;
  }

  async rename(name: string, to: string): Promise<void> {
    const account = await this.find(name);
    assertAccountName(to);
    if (account.name === to) return;
    await this.#parts.store.accounts.update(account.id, { name: to });
    this.#changed(account.name, `renamed to ${to}`);
  }

  /**
   * Removes an account; its home only when asked for.
   * @throws Fault `not-found`, `denied` where others live in the home
   */
  async remove(name: string, options: { readonly deleteHome: boolean }): Promise<Account> {
    const account = await this.find(name);
    const others = (await this.#sharing(account.home.path)).filter(({ id }) => id !== account.id);
    if (options.deleteHome && others[0]) {
      throw new Fault(
        'denied',
        `the home ${account.home.path} is shared with '${others[0].name}': leave --delete-home out`,
      );
    }
    await this.#parts.store.accounts.remove(account.id);
    this.#changed(account.name, 'removed');
    if (options.deleteHome) {
      try {
        await this.#parts.homes.destroy(account.home.path);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Fault(
          'failure',
          `the account is removed, but not all of ${account.home.path} could be deleted: ${why}`,
          { cause },
        );
      }
      this.#changed(account.name, 'home deleted');
    }
    return account;
  }

  /** The key that a fingerprint or a comment names. @throws Fault `not-found`, `invalid` where it names several */
  async findKey(name: string, which: string): Promise<AuthorizedKey> {
    const account = await this.find(name);
    const exact = account.keys.filter(({ fingerprint }) => [which, `SHA256:${which}`].includes(fingerprint));
    const found = exact.length > 0 ? exact : account.keys.filter(({ comment }) => comment === which);
    const [key] = found;
    if (!key) {
      throw new Fault(
        'not-found',
        `'${account.name}' has no key '${which}': see 'plimsoll user key list ${account.name}'`,
      );
    }
    if (found.length > 1) {
      throw new Fault(
        'invalid',
        `${found.length} keys of '${account.name}' are called '${which}': name the fingerprint`,
      );
    }
    return key;
  }

  async removeKey(name: string, fingerprint: string): Promise<void> {
    const account = await this.find(name);
    await this.#parts.store.accounts.removeKey(account.id, fingerprint);
    this.#changed(account.name, `key ${fingerprint} removed`);
  }

  /** @throws Fault `not-found` */
  async find(name: string): Promise<Account> {
    const account = await this.#parts.store.accounts.byName(name);
    if (!account) throw new Fault('not-found', `there is no account '${name}': see 'plimsoll user list'`);
    return account;
  }

  /**
   * Looks at all homes at once, that of anonymous users too, as a server does before it starts (J5).
   * @throws Fault for the first that may not be one, naming an account that lives there, or the setting
   */
  async assertHomesAllowed(): Promise<void> {
    const accounts = await this.#parts.store.accounts.list();
    await this.#assertAnonymousAllowed(accounts.map(({ home }) => home.path));
    const homes = new Map(accounts.map(({ home, name }) => [home.path, name]));
    const seen: { readonly real: string; readonly name: string }[] = [];
    for (const [path, name] of homes) {
      try {
        seen.push({ real: await this.#parts.homes.check(path, []), name });
      } catch (thrown) {
        const fault = toFault(thrown);
        throw new Fault(fault.code, `account '${name}': ${fault.message}`, { cause: fault.cause });
      }
    }
    // Sorted like this, a home inside another comes right after it or after its neighbours in there.
    seen.sort((a, b) => (`${a.real}/` < `${b.real}/` ? -1 : 1));
    for (const [index, { real, name }] of seen.entries()) {
      const next = seen[index + 1];
      if (!next?.real.startsWith(`${real}/`)) continue;
      throw new Fault(
        'denied',
        `the home of '${next.name}', ${next.real}, lies inside the home of '${name}': give one of them another`,
      );
    }
  }

  async #assertAnonymousAllowed(others: readonly string[]): Promise<void> {
    const { homes } = this.#parts;
    if (homes.anonymous === null) return;
    try {
      await homes.check(homes.anonymous, others);
    } catch (thrown) {
      const fault = toFault(thrown);
      throw new Fault(fault.code, `anonymous.home: ${fault.message}`, { cause: fault.cause });
    }
  }

  /** The line that is in force in an account's home; nothing is counted. @throws Fault `not-found` */
  async lineOf(name: string): Promise<Line> {
    return lineOf((await this.find(name)).home, this.#parts.settings);
  }

  /** @throws Fault `not-found`, `cancelled` */
  async show(name: string, onlooker?: Onlooker): Promise<AccountView> {
    const account = await this.find(name);
    return this.#view(account, await this.#usage(account, onlooker));
  }

  /** The names alone: nothing is counted. */
  async names(): Promise<readonly string[]> {
    return (await this.#parts.store.accounts.list()).map(({ name }) => name);
  }

  /** @throws Fault `cancelled` */
  async list(onlooker?: Onlooker): Promise<readonly AccountView[]> {
    const accounts = await this.#parts.store.accounts.list();
    const homes = new Map(accounts.map(({ home }) => [home.id, home]));
    const found = await this.#parts.usages.ofAll([...homes.values()], onlooker);
    const told = new Set<number>();
    return accounts.map((account) => {
      const figures = found.get(account.home.id) ?? null;
      if (!(figures instanceof Fault)) return this.#view(account, figures);
      if (!told.has(account.home.id)) this.#warn(account, figures);
      told.add(account.home.id);
      return this.#view(account, null);
    });
  }

  /** The real path of a home that may be used. @throws Fault (J5) */
  async #checkedHome(path: string): Promise<string> {
    const others = (await this.#parts.store.accounts.homes()).map((home) => home.path);
    return this.#parts.homes.check(path, others);
  }

  /** `null`, and a warning, where it cannot be found out: that must not hide what is to be done about it. */
  async #usage(account: Account, onlooker?: Onlooker): Promise<Figures | null> {
    try {
      return await this.#parts.usages.of(account.home, onlooker);
    } catch (thrown) {
      if (onlooker?.signal?.aborted) throw thrown;
      this.#warn(account, thrown);
      return null;
    }
  }

  #warn({ name, home }: Account, thrown: unknown): void {
    this.#parts.events.emit('server.warning', { message: notCounted(name, home, thrown).message });
  }

  #view(account: Account, figures: Figures | null): AccountView {
    const { settings, now } = this.#parts;
    const usage = figures && { bytes: figures.bytes, files: figures.files };
    return viewOf(account, usage, settings, now());
  }

  async #sharing(homePath: string): Promise<readonly Account[]> {
    const { accounts } = this.#parts.store;
    // Most homes are nobody else's, and there may be many accounts.
    if (!(await accounts.homes()).some(({ path }) => path === homePath)) return [];
    return (await accounts.list()).filter(({ home }) => home.path === homePath);
  }

  /** The line the home would have, where that is another than it has. */
  async #changedLine(account: Account, wish: AccountWish): Promise<Line | null> {
    const lines = linesIn(wish);
    if (!hasAny(lines)) return null;
    const home = await this.#homeAt(wish.home ?? account.home.path);
    const { bytesLimit = home.bytesLimit, filesLimit = home.filesLimit } = lines;
    if (bytesLimit === home.bytesLimit && filesLimit === home.filesLimit) return null;
    return lineOf({ ...account.home, bytesLimit, filesLimit }, this.#parts.settings);
  }

  async #homeAt(path: string): Promise<Required<HomeLines>> {
    const homes = await this.#parts.store.accounts.homes();
    return homes.find((home) => home.path === path) ?? { bytesLimit: 'default', filesLimit: 'default' };
  }

  async #hashOf(wish: AccountWish): Promise<string | undefined> {
    const { passwords } = this.#parts;
    if (wish.password !== undefined) return passwords.hash(wish.password);
    if (wish.passwordHash !== undefined) assertPasswordHash(wish.passwordHash);
    return wish.passwordHash;
  }

  #changed(account: string, change: string): void {
    this.#parts.events.emit('account.changed', { account, change, by: this.#parts.by });
  }
}

/** @throws Fault `invalid` for what is no password hash of ours; it is not repeated */
export function assertPasswordHash(text: string): void {
  if (parseScrypt(text)) return;
  throw new Fault('invalid', 'the passwordHash is not like $scrypt$ln=16,r=8,p=1$SALT$HASH');
}

function linesIn(wish: AccountWish): HomeLines {
  return {
    ...(wish.bytesLimit !== undefined && { bytesLimit: wish.bytesLimit }),
    ...(wish.filesLimit !== undefined && { filesLimit: wish.filesLimit }),
  };
}

function hasAny(lines: HomeLines): boolean {
  return Object.keys(lines).length > 0;
}

function changesPassword(account: Account, wish: AccountWish): boolean {
  return (
    wish.password !== undefined ||
    (wish.passwordHash !== undefined && wish.passwordHash !== account.passwordHash)
  );
}

function staleKeys(account: Account, wish: AccountWish): Account['keys'] {
  if (!wish.onlyThoseKeys || !wish.keys) return [];
  const wanted = new Set(wish.keys.map(({ fingerprint }) => fingerprint));
  return account.keys.filter(({ fingerprint }) => !wanted.has(fingerprint));
}

function newKeys(account: Account, wish: AccountWish): readonly PublicKey[] {
  const has = new Set(account.keys.map(({ fingerprint }) => fingerprint));
  return (wish.keys ?? []).filter(({ fingerprint }) => !has.has(fingerprint));
}
