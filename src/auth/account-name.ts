import { Fault } from '../fault.js';

const pattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Names that mean a login without an account. */
const anonymousNames: ReadonlySet<string> = new Set(['anonymous', 'ftp']);

/**
 * Refuses what no account may be called. The letters are ASCII, so that no two names look alike, and what is a name is
 * a folder's name too.
 * @throws Fault `invalid`
 */
export function assertAccountName(name: string): void {
  if (!pattern.test(name)) {
    throw new Fault(
      'invalid',
      'an account name has 1 to 64 letters, digits, dots, underscores, at signs and hyphens, and begins with a letter or digit',
    );
  }
  if (isAnonymousName(name)) {
    throw new Fault('invalid', `the name '${name}' is kept for anonymous logins`);
  }
}

export function isAnonymousName(user: string): boolean {
  return user.length < 16 && anonymousNames.has(user.toLowerCase());
}

/** What a client gave as user name. */
export interface LoginName {
  readonly name: string;
  /** `homes` for `NAME+admin`. */
  readonly view: 'own' | 'homes';
}

/** `null` for what can be no account: control characters, NUL, `/`, `..`, anything long. It never reaches the store. */
export function parseLoginName(user: string): LoginName | null {
  if (user.length > 255) return null;
  const [, name = '', suffix] = /^(.*?)(\+admin)?$/is.exec(user) ?? [];
  return pattern.test(name) ? { name, view: suffix === undefined ? 'own' : 'homes' } : null;
}
