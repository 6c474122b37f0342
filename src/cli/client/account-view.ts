import type { Remote, RemoteSpace } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import { formatSize } from '../../size.js';

/** An account as its server tells of it; `null` is what it does not say. */
export interface AccountView {
  readonly account: string | null;
  readonly role: string | null;
  readonly state: string | null;
  /** ISO 8601; `never`. */
  readonly expires: string | null;
  /** The login before this one. */
  readonly lastLogin: string | null;
  readonly readOnly: boolean | null;
  readonly usage: Usage | null;
  readonly product: string | null;
  readonly version: string | null;
  readonly platform: string | null;
}

/** Bytes and files of the home, or of the whole disk where the server tells only that. */
export interface Usage {
  readonly of: 'home' | 'disk';
  readonly used: number | null;
  /** `null`: no limit. */
  readonly limit: number | null;
  readonly free: number | null;
  readonly files: number | null;
  readonly filesLimit: number | null;
}

/**
 * What the server says of the account and of the room at `path`: by account-status, otherwise by space-available and
 * statvfs. A server that knows none of them is no failure, nor is one that answers them with nonsense.
 */
export async function accountView(remote: Remote, path: string): Promise<AccountView> {
  const [status, space] = await Promise.all([
    unlessRefused<unknown>(remote.accountStatus()),
    unlessRefused(remote.space(path)),
  ]);
  const home = at(status, 'home');
  return {
    account: text(at(status, 'account')),
    role: text(at(status, 'role')),
    state: text(at(status, 'state')),
    expires: status === null ? null : (text(at(status, 'expires')) ?? 'never'),
    lastLogin: text(at(status, 'lastLogin')),
    readOnly: flagOf(at(status, 'readOnly')) ?? space?.readOnly ?? null,
    usage: usageIn(home, space) ?? usageOf(space),
    product: text(at(status, 'product')),
    version: text(at(status, 'version')),
    platform: text(at(status, 'platform')),
  };
}

/** `18.8 MB of 100 MB used (19 %), 81.2 MB free` */
export function usageText({ used, limit, free }: Usage): string {
  const share =
    used !== null && limit !== null && limit > 0 ? ` (${Math.floor((used / limit) * 100)} %)` : '';
  const known =
    used === null ? '' : `${formatSize(used)} of ${limit === null ? 'no limit' : formatSize(limit)}${share}`;
  const left = free === null ? '' : `${formatSize(free)} free`;
  return [known, left].filter((part) => part !== '').join(', ');
}

function usageIn(home: unknown, space: RemoteSpace | null): Usage | null {
  const used = count(at(at(home, 'bytes'), 'used'));
  if (used === null) return null;
  const limit = count(at(at(home, 'bytes'), 'limit'));
  return {
    of: 'home',
    used,
    limit,
    free: limit === null ? (space?.free ?? null) : Math.max(0, limit - used),
    files: count(at(at(home, 'files'), 'used')),
    filesLimit: count(at(at(home, 'files'), 'limit')),
  };
}

function usageOf(space: RemoteSpace | null): Usage | null {
  if (!space) return null;
  const { free, total, freeFiles, totalFiles } = space;
  return {
    of: 'disk',
    used: Math.max(0, total - free),
    limit: total,
    free,
    files: freeFiles === null || totalFiles === null ? null : Math.max(0, totalFiles - freeFiles),
    filesLimit: totalFiles,
  };
}

/** `null` too where the server refuses, whatever its reason; not where there is no server any more. */
export async function unlessRefused<T>(asked: Promise<T | null>): Promise<T | null> {
  try {
    return await asked;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || ['no-connection', 'timed-out', 'cancelled'].includes(thrown.code))
      throw thrown;
    return null;
  }
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 200) : null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function flagOf(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}
