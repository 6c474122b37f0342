import { parseLoginName } from '../auth/account-name.js';
import type { Authenticator, Decision, KeyOffer, LoginMethod, Peer } from '../auth/authenticator.js';
import { passwordRefusal } from '../auth/password-text.js';
import { Fault } from '../fault.js';
import { formatPublicKey, publicKey, type PublicKey } from '../publickey/public-key.js';
import { fits, verifySignature } from '../publickey/signature.js';
import type { Account, AuthorizedKey } from '../store/accounts.js';
import { grantPlan, type GrantPlan } from './account-plan.js';
import type { GrantedAccounts } from './granted-accounts.js';
import type { Authenticate, LoginRequest } from './options.js';

export interface AskingParts {
  /** For the names it knows. */
  readonly fixed: Authenticator;
  /** Whether the name, in whatever case, is one of `accounts`. */
  readonly isFixed: (name: string) => boolean;
  readonly authenticate: Authenticate;
  readonly granted: Pick<GrantedAccounts, 'admit'>;
  /** Costs what a password login of one of `accounts` costs. */
  readonly spend: (password: string, peer: Peer) => Promise<unknown>;
}

/** Asks the program about every name that `accounts` does not have. It never rejects: what cannot be decided is refused. */
export function askingAuthenticator(parts: AskingParts): Authenticator {
  const { fixed, isFixed, authenticate, granted, spend } = parts;

  /** Where not, `accounts` decide, or nobody, for it can be no account's name. */
  function isAsked(user: string): boolean {
    const parsed = parseLoginName(user);
    return parsed?.view === 'own' && !isFixed(parsed.name);
  }

  async function ask(request: LoginRequest): Promise<GrantPlan | null> {
    const answer: unknown = await authenticate(request);
    if (answer === false || answer === null || answer === undefined) return null;
    if (answer === true) return request.method === 'none' ? null : grantPlan(request.user, {});
    if (typeof answer !== 'object') {
      throw new Fault(
        'invalid',
        `authenticate gave a ${typeof answer}: it must be true, false, null or a grant`,
      );
    }
    const plan = grantPlan(request.user, answer);
    if (isFixed(plan.name))
      throw new Fault('invalid', `the grant names '${plan.name}', which is one of 'accounts'`);
    return plan;
  }

  async function admit(
    plan: GrantPlan,
    method: LoginMethod,
    peer: Peer,
    key: AuthorizedKey | null,
  ): Promise<Decision> {
    const account = await granted.admit(plan, key, peer.gone);
    return { granted: true, login: { account, view: 'own', method, fingerprint: key?.fingerprint ?? null } };
  }

  async function none(user: string, peer: Peer): Promise<Decision> {
    const plan = await ask({ ...from(peer), user, method: 'none', password: '', key: null });
    return plan ? admit(plan, 'none', peer, null) : refused(byProgram);
  }

  async function password(user: string, text: string, peer: Peer): Promise<Decision> {
    const refusal = passwordRefusal(text);
    if (refusal) return refused(refusal);
    await spend(text, peer);
    const plan = await ask({ ...from(peer), user, method: 'password', password: text, key: null });
    return plan ? admit(plan, 'password', peer, null) : refused(byProgram);
  }

  async function publickey(user: string, offer: KeyOffer, peer: Peer): Promise<Decision> {
    const key = publicKey(offer.blob, '');
    if (!fits(offer.algorithm, key.type)) return refused('signature algorithm not allowed');
    const plan = await ask({ ...from(peer), user, method: 'publickey', password: '', key: shown(key) });
    if (!plan) return refused(byProgram);
    const { proof } = offer;
    // A probe proves nothing, and so changes nothing: whoever knows a public key could ask.
    if (!proof) return wouldDo(plan, key);
    // After the question: verifying costs most with the keys that strangers make.
    return verifySignature(key.blob, offer.algorithm, proof.signed, proof.signature)
      ? admit(plan, 'publickey', peer, key)
      : refused('bad signature');
  }

  return {
    methods: (user) => fixed.methods(user),
    none: (user, peer) => (isAsked(user) ? decided(() => none(user, peer)) : fixed.none(user, peer)),
    password: (user, text, peer) =>
      isAsked(user) ? decided(() => password(user, text, peer)) : fixed.password(user, text, peer),
    publickey: (user, offer, peer) =>
      isAsked(user) ? decided(() => publickey(user, offer, peer)) : fixed.publickey(user, offer, peer),
  };
}

const byProgram = 'refused by authenticate';

function from({ address, connection }: Peer): Pick<LoginRequest, 'address' | 'connection'> {
  return { address, connection };
}

function shown(key: PublicKey): NonNullable<LoginRequest['key']> {
  const { type, fingerprint, blob } = key;
  return { type, fingerprint, blob: Buffer.from(blob), line: formatPublicKey(key) };
}

/** The answer to a probe, which nobody logs in by: its account is in no store. */
function wouldDo({ name, readOnly }: GrantPlan, key: AuthorizedKey): Decision {
  const account: Account = {
    id: -1,
    name,
    role: 'user',
    state: 'active',
    home: { id: -1, path: '', bytesLimit: 'default', filesLimit: 'default' },
    readOnly,
    expires: null,
    passwordHash: null,
    passwordVersion: 0,
    keys: [key],
    createdAt: new Date(0),
    lastLoginAt: null,
  };
  return {
    granted: true,
    login: { account, view: 'own', method: 'publickey', fingerprint: key.fingerprint },
  };
}

async function decided(decide: () => Promise<Decision>): Promise<Decision> {
  try {
    return await decide();
  } catch (thrown) {
    return refused(`cannot decide: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function refused(reason: string): Decision {
  return { granted: false, reason };
}
