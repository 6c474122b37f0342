import type { Generated, Insertable, Selectable, Updateable } from 'kysely';

/**
 * The tables as SQLite holds them. Times are milliseconds since 1970, booleans 0 and 1; `account-rows.ts` turns rows
 * into what the rest of the product speaks, and back.
 */
export interface Tables {
  readonly accounts: AccountTable;
  readonly homes: HomeTable;
  readonly keys: KeyTable;
  readonly marks: MarkTable;
  readonly revision: RevisionTable;
  readonly usage: UsageTable;
  readonly usage_links: LinksTable;
}

interface AccountTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly home_id: number;
  readonly read_only: number;
  readonly expires: number | null;
  readonly password_hash: string | null;
  readonly password_version: number;
  readonly created_at: number;
  readonly last_login_at: number | null;
}

interface HomeTable {
  readonly id: Generated<number>;
  readonly path: string;
  /** `null` follows the settings, `noLimit` is no limit. */
  readonly bytes_limit: number | null;
  readonly files_limit: number | null;
}

interface KeyTable {
  readonly id: Generated<number>;
  readonly account_id: number;
  readonly fingerprint: string;
  readonly type: string;
  readonly blob: Buffer;
  readonly comment: string;
}

interface MarkTable {
  readonly name: string;
  readonly value: string;
}

/** One row: a number that triggers raise with each change that an open session has to learn of (A3). */
interface RevisionTable {
  readonly number: number;
}

/** A home that was never owned has no row. */
interface UsageTable {
  readonly home_id: number;
  readonly owner: string | null;
  readonly epoch: number;
  readonly counted: Generated<number>;
  readonly bytes: Generated<number>;
  readonly files: Generated<number>;
  readonly bytes_ceiling: Generated<number>;
  readonly files_ceiling: Generated<number>;
}

interface LinksTable {
  readonly home_id: number;
  readonly inode: number;
  readonly links: number;
}

export const noLimit = -1;

export type HomeRow = Selectable<HomeTable>;
export type AccountUpdate = Updateable<AccountTable>;
export type KeyRow = Selectable<KeyTable>;
export type KeyInsert = Insertable<KeyTable>;

export type LinksRow = Selectable<LinksTable>;
export type UsageUpdate = Updateable<UsageTable>;

/** An account joined with its home. */
export interface AccountRow extends Omit<Selectable<AccountTable>, 'home_id'> {
  readonly home_id: number;
  readonly path: string;
  readonly bytes_limit: number | null;
  readonly files_limit: number | null;
}
