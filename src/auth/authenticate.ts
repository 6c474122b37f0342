import { toFault } from '../fault.js';
import { fits, verifySignature } from '../publickey/signature.js';
import type { Account, AccountStore } from '../store/accounts.js';
import { isAnonymousName, parseLoginName, type LoginName } from './account-name.js';
import type { Anonymous } from './anonymous.js';
import type { Authenticator, Decision, KeyOffer, LoginMethod, Peer } from './authenticator.js';
import { barOf } from './barred.js';
import { passwordRefusal } from './password-text.js';
import type { Passwords } from './passwords.js';

export interface AuthenticatorParts {
  readonly accounts: Pick<AccountStore, 'byName' | 'byId'>;
  readonly passwords: Pick<Passwords, 'verify' | 'readable'>;
  /** `null` where anonymous logins are off. */
  readonly anonymous: Anonymous | null;
  readonly clock: () => Date;
}

type Found =
  | { readonly account: Account; readonly view: LoginName['view'] }
  | { readonly account: null; readonly reason: string };

/** The `Authenticator` over the store. It never rejects: what cannot be decided is refused. */
export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { accounts, passwords, anonymous, clock } = parts;

  function anonymousFor(user: string): Anonymous | null {
    return isAnonymousName(user) ? anonymous : null;
  }

  /** An admin's view asked for by somebody else is an unknown user, as is a name that nobody can have. */
  async function find(user: string): Promise<Found> {
    const asked = parseLoginName(user);
    if (!asked) return { account: null, reason: 'malformed user name' };
    const account = await accounts.byName(asked.name);
    if (!account) return { account: null, reason: 'unknown user' };
    if (asked.view === 'homes' && account.role !== 'admin') return { account: null, reason: 'not an admin' };
    return { account, view: asked.view };
  }

  async function anonymously(mode: Anonymous, method: LoginMethod): Promise<Decision> {
    return granted(await mode.account(), 'own', method, null);
  }

  async function password(user: string, text: string, peer: Peer): Promise<Decision> {
    const mode = anonymousFor(user);
    if (mode) return anonymously(mode, 'password');
    const refusal = passwordRefusal(text);
    if (refusal) return refused(refusal);
    const found = await find(user);
    // One derivation whoever it is, before anything is said (A2).
    const right = await passwords.verify(text, found.account?.passwordHash ?? null, peer);
    if (!found.account) return refused(found.reason);
    const { passwordHash, passwordVersion, id } = found.account;
    if (passwordHash === null) return refused('no password set');
    if (!right)
      return refused(passwords.readable(passwordHash) ? 'wrong password' : 'unreadable password hash');
    // The derivation may have waited for seconds, in which the operator may have locked the account (A3).
    const account = await accounts.byId(id);
    if (account?.passwordVersion !== passwordVersion || account.role !== found.account.role) {
      return refused('account changed meanwhile');
    }
    const bar = barOf(account, clock());
    return bar ? refused(bar.reason, bar.tell) : granted(account, found.view, 'password', null);
  }

  async function publickey(user: string, offer: KeyOffer): Promise<Decision> {
    if (anonymousFor(user)) return refused('anonymous logins take no key');
    const found = await find(user);
    if (!found.account) return refused(found.reason);
    const { account, view } = found;
    // Compared as bytes before anything looks inside: only keys that the operator entered are ever parsed here.
    const key = account.keys.find((one) => one.blob.equals(offer.blob));
    if (!key) return refused('key not on the account');
    if (!fits(offer.algorithm, key.type)) return refused('signature algorithm not allowed');
    const bar = barOf(account, clock());
    if (!offer.proof) {
      return bar ? refused(bar.reason) : granted(account, view, 'publickey', key.fingerprint);
    }
    const { signed, signature } = offer.proof;
    if (!verifySignature(key.blob, offer.algorithm, signed, signature)) return refused('bad signature');
    return bar ? refused(bar.reason, bar.tell) : granted(account, view, 'publickey', key.fingerprint);
  }

  return {
    // `none` is never listed [RFC 4252 5.2].
    methods: (user) => (anonymousFor(user) ? ['password'] : ['publickey', 'password']),
    none: (user) =>
      decided(async () => {
        const mode = anonymousFor(user);
        return mode ? anonymously(mode, 'none') : refused('no credential offered');
      }),
    password: (user, text, peer) => decided(() => password(user, text, peer)),
    publickey: (user, offer) => decided(() => publickey(user, offer)),
  };
}

async function decided(decide: () => Promise<Decision>): Promise<Decision> {
  try {
    return await decide();
  } catch (thrown) {
    const { code, message, cause } = toFault(thrown);
    if (code === 'busy') return refused('too many logins at once');
    return refused(`cannot decide: ${cause instanceof Error ? cause.message : message}`);
  }
}

function refused(reason: string, tell?: string): Decision {
  return tell === undefined ? { granted: false, reason } : { granted: false, reason, tell };
}

function granted(
  account: Account,
  view: LoginName['view'],
  method: LoginMethod,
  fingerprint: string | null,
): Decision {
  return { granted: true, login: { account, view, method, fingerprint } };
}
