import type { Account, AccountChange, AuthorizedKey, Home, HomeLines, Role, State } from './accounts.js';
import {
  noLimit,
  type AccountRow,
  type AccountUpdate,
  type HomeRow,
  type KeyInsert,
  type KeyRow,
} from './rows.js';

const roles: Readonly<Record<Role, true>> = { user: true, admin: true };

export function homeOf(row: HomeRow): Home {
  return {
    id: row.id,
    path: row.path,
    bytesLimit: limitOf(row.bytes_limit),
    filesLimit: limitOf(row.files_limit),
  };
}

export function accountOf(row: AccountRow, keys: readonly KeyRow[]): Account {
  return {
    id: row.id,
    name: row.name,
    role: roleOf(row.role),
    state: stateOf(row.state),
    home: homeOf({ ...row, id: row.home_id }),
    readOnly: row.read_only !== 0,
    expires: dateOf(row.expires),
    passwordHash: row.password_hash,
    passwordVersion: row.password_version,
    keys: keys.map(keyOf),
    createdAt: new Date(row.created_at),
    lastLoginAt: dateOf(row.last_login_at),
  };
}

/** The columns of an account's own row that a change sets; the home and the password's version are not among them. */
export function updateOf(change: AccountChange): AccountUpdate {
  return {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.role !== undefined && { role: change.role }),
    ...(change.state !== undefined && { state: change.state }),
    ...(change.readOnly !== undefined && { read_only: change.readOnly ? 1 : 0 }),
    ...(change.expires !== undefined && { expires: change.expires?.getTime() ?? null }),
    ...(change.passwordHash !== undefined && { password_hash: change.passwordHash }),
  };
}

export function linesOf(lines: HomeLines): { bytes_limit?: number | null; files_limit?: number | null } {
  return {
    ...(lines.bytesLimit !== undefined && { bytes_limit: columnOf(lines.bytesLimit) }),
    ...(lines.filesLimit !== undefined && { files_limit: columnOf(lines.filesLimit) }),
  };
}

export function keyRow(accountId: number, key: AuthorizedKey): KeyInsert {
  return {
    account_id: accountId,
    fingerprint: key.fingerprint,
    type: key.type,
    blob: key.blob,
    comment: key.comment,
  };
}

function keyOf(row: KeyRow): AuthorizedKey {
  return { fingerprint: row.fingerprint, type: row.type, blob: row.blob, comment: row.comment };
}

/** What a newer or damaged database may hold gives the lesser right. */
function roleOf(text: string): Role {
  return Object.hasOwn(roles, text) ? (text as Role) : 'user';
}

function stateOf(text: string): State {
  return text === 'active' ? 'active' : 'locked';
}

function dateOf(milliseconds: number | null): Date | null {
  return milliseconds === null ? null : new Date(milliseconds);
}

function limitOf(column: number | null): number | null | 'default' {
  if (column === null) return 'default';
  return column === noLimit ? null : column;
}

function columnOf(limit: number | null | 'default'): number | null {
  if (limit === 'default') return null;
  return limit ?? noLimit;
}
