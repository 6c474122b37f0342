import type { UsageStore } from './usage.js';

/**
 * Accounts and homes as they are kept. The interfaces are asynchronous because a database over the network stands
 * behind them one day; every implementation passes `test/contract/account-store.ts`.
 */
export type Role = 'user' | 'admin';
export type State = 'active' | 'locked';

/** A folder of the host and its load line. Accounts that share a home share the row. */
export interface Home {
  readonly id: number;
  /** Real path on the host, absolute. */
  readonly path: string;
  /** The line: `null` is no limit. `default` follows the settings. */
  readonly bytesLimit: number | null | 'default';
  readonly filesLimit: number | null | 'default';
}

export interface AuthorizedKey {
  /** `SHA256:...` as OpenSSH prints it. */
  readonly fingerprint: string;
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... */
  readonly type: string;
  /** The public key blob (RFC 4253 6.6). */
  readonly blob: Buffer;
  readonly comment: string;
}

export interface Account {
  readonly id: number;
  /** As the operator wrote it; unique regardless of case. */
  readonly name: string;
  readonly role: Role;
  readonly state: State;
  readonly home: Home;
  readonly readOnly: boolean;
  readonly expires: Date | null;
  /** PHC string, `null` where no password was ever set. */
  readonly passwordHash: string | null;
  /** Grows with each change of the password: sessions that logged in by an older one end (A3). */
  readonly passwordVersion: number;
  readonly keys: readonly AuthorizedKey[];
  readonly createdAt: Date;
  readonly lastLoginAt: Date | null;
}

export interface NewAccount {
  readonly name: string;
  readonly role: Role;
  /** Real path of the home; the store makes the row for the home or shares the one that is there. */
  readonly homePath: string;
  readonly readOnly: boolean;
  readonly expires: Date | null;
  readonly passwordHash: string | null;
  readonly keys: readonly AuthorizedKey[];
}

/** What of an account may be changed; absent is left as it is. */
export interface AccountChange {
  readonly name?: string;
  readonly role?: Role;
  readonly state?: State;
  readonly homePath?: string;
  readonly readOnly?: boolean;
  readonly expires?: Date | null;
  readonly passwordHash?: string;
}

export interface HomeLines {
  readonly bytesLimit?: number | null | 'default';
  readonly filesLimit?: number | null | 'default';
}

export interface AccountStore {
  /** Found regardless of case. */
  byName(name: string): Promise<Account | null>;
  byId(id: number): Promise<Account | null>;
  /** All, by name. */
  list(): Promise<readonly Account[]>;
  /** @throws Fault `exists` when the name is taken */
  add(account: NewAccount): Promise<Account>;
  /** @throws Fault `not-found`, `exists` */
  update(id: number, change: AccountChange): Promise<Account>;
  /**
   * Removes the account, its keys, and the row of its home when no other account shares it.
   * @throws Fault `not-found`
   */
  remove(id: number): Promise<void>;
  /** @throws Fault `not-found`, or `exists` when the account has the key already */
  addKey(id: number, key: AuthorizedKey): Promise<void>;
  /** @throws Fault `not-found` */
  removeKey(id: number, fingerprint: string): Promise<void>;
  /** Does nothing when the account is gone; not a change that `version` shows. */
  recordLogin(id: number, at: Date): Promise<void>;
  /** The row of a folder, made where there is none: for a home that is no account's, too. */
  homeAt(path: string): Promise<Home>;
  /** All, by path. */
  homes(): Promise<readonly Home[]>;
  homeById(id: number): Promise<Home | null>;
  /** @throws Fault `not-found` */
  setLines(homeId: number, lines: HomeLines): Promise<void>;
  /**
   * A number that differs after any change of an account, its keys or its home's lines that was committed, by whatever
   * process (A3); cheap enough to ask several times a second.
   */
  version(): number;
}

/** Small facts of the installation that outlive a process: the clean-end mark, whether the demo account was made. */
export interface MarkStore {
  get(name: string): Promise<string | null>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface Store {
  readonly accounts: AccountStore;
  readonly marks: MarkStore;
  readonly usage: UsageStore;
  close(): Promise<void>;
}
