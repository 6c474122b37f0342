import { parseExpiry } from '../admin/expiry.js';
import { parseBytesLimit, parseFilesLimit } from '../admin/lines.js';
import { assertAccountName } from '../auth/account-name.js';
import { assertNewPassword } from '../auth/password-text.js';
import { parseScrypt } from '../auth/scrypt-phc.js';
import { Fault, toFault } from '../fault.js';
import { parseKeyFile } from '../publickey/key-file.js';
import type { PublicKey } from '../publickey/public-key.js';
import type { HomeLines } from '../store/accounts.js';
import { homeSource, type HomeSource } from './home-source.js';
import { assertKnown, isBoolean, isText, optional } from './known-options.js';
import type { AccountOptions, Grant } from './options.js';

/** One of `accounts`, checked. */
export interface AccountPlan {
  readonly name: string;
  readonly password: string | null;
  readonly passwordHash: string | null;
  readonly keys: readonly PublicKey[];
  readonly readOnly: boolean;
  readonly expires: Date | null;
  /** Absent where nothing was said. */
  readonly lines: HomeLines;
  readonly source: HomeSource | null;
}

/** What `authenticate` granted, checked. */
export type GrantPlan = Pick<AccountPlan, 'name' | 'readOnly' | 'lines' | 'source'>;

const accountNames = {
  password: true,
  passwordHash: true,
  keys: true,
  quota: true,
  files: true,
  readOnly: true,
  expires: true,
  home: true,
  vfs: true,
} as const satisfies Readonly<Record<keyof AccountOptions, true>>;

const grantNames = {
  name: true,
  quota: true,
  files: true,
  readOnly: true,
  home: true,
  vfs: true,
} as const satisfies Readonly<Record<keyof Grant, true>>;

/** @throws Fault `invalid`, naming the account and what is wrong with it */
export function accountPlan(name: string, options: unknown): AccountPlan {
  const shown = `the account '${name.slice(0, 100)}'`;
  named(name, shown);
  assertKnown(options, accountNames, shown);
  const password = optional(options, 'password', isString, 'text', shown) ?? null;
  const passwordHash = optional(options, 'passwordHash', isText, 'text', shown) ?? null;
  if (password !== null && passwordHash !== null) {
    throw new Fault('invalid', `${shown} has both 'password' and 'passwordHash': give one of them`);
  }
  if (password !== null) saying(shown, () => assertNewPassword(password));
  if (passwordHash !== null && !parseScrypt(passwordHash)) {
    throw new Fault('invalid', `${shown}: passwordHash must be like $scrypt$ln=16,r=8,p=1$salt$hash`);
  }
  return {
    name,
    password,
    passwordHash,
    keys: keysOf(options['keys'], shown),
    readOnly: optional(options, 'readOnly', isBoolean, 'true or false', shown) ?? false,
    expires: expiryOf(options['expires'], shown),
    lines: linesOf(options, shown),
    source: homeSource(options, shown),
  };
}

/** @throws Fault `invalid`, saying what is wrong with the grant */
export function grantPlan(user: string, grant: unknown): GrantPlan {
  const shown = 'the grant';
  assertKnown(grant, grantNames, shown);
  const name = optional(grant, 'name', isText, 'text', shown) ?? user;
  named(name, `${shown} for '${name.slice(0, 100)}'`);
  return {
    name,
    readOnly: optional(grant, 'readOnly', isBoolean, 'true or false', shown) ?? false,
    lines: linesOf(grant, shown),
    source: homeSource(grant, shown),
  };
}

const isString = (value: unknown): value is string => typeof value === 'string';

function named(name: string, shown: string): void {
  saying(shown, () => assertAccountName(name));
}

/** Puts before a fault whose it is. */
function saying<T>(shown: string, check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    const { code, message, cause } = toFault(thrown);
    throw new Fault(code, `${shown}: ${message}`, { cause });
  }
}

function keysOf(keys: unknown, shown: string): readonly PublicKey[] {
  if (keys === undefined) return [];
  if (!Array.isArray(keys) || !keys.every(isString)) {
    throw new Fault('invalid', `${shown}: keys must be a list of authorized_keys lines`);
  }
  const found = new Map<string, PublicKey>();
  for (const text of keys) {
    for (const key of saying(shown, () => parseKeyFile(text))) found.set(key.fingerprint, key);
  }
  return [...found.values()];
}

function expiryOf(expires: unknown, shown: string): Date | null {
  if (expires === undefined || expires === null) return null;
  if (typeof expires === 'string') return saying(shown, () => parseExpiry(expires));
  if (expires instanceof Date && !Number.isNaN(expires.getTime())) return new Date(expires);
  throw new Fault('invalid', `${shown}: expires must be a Date or a date like 2027-01-31`);
}

function linesOf({ quota, files }: Readonly<Record<string, unknown>>, shown: string): HomeLines {
  const bytesLimit = limitOf(quota, parseBytesLimit, `${shown}: quota must be a size like 100MB, or none`);
  const filesLimit = limitOf(files, parseFilesLimit, `${shown}: files must be a whole number, or none`);
  return {
    ...(bytesLimit !== undefined && { bytesLimit }),
    ...(filesLimit !== undefined && { filesLimit }),
  };
}

function limitOf(
  value: unknown,
  parse: (text: string) => number | null | 'default',
  otherwise: string,
): number | null | 'default' | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value !== 'string' && typeof value !== 'number') throw new Fault('invalid', otherwise);
  try {
    return parse(String(value));
  } catch {
    throw new Fault('invalid', otherwise);
  }
}
