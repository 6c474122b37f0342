import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anonymousMode } from '../../src/auth/anonymous.js';
import { createAuthenticator } from '../../src/auth/authenticate.js';
import type { Authenticator, Decision, KeyOffer } from '../../src/auth/authenticator.js';
import { createPasswords, type Passwords } from '../../src/auth/passwords.js';
import { Fault } from '../../src/fault.js';
import { fingerprint } from '../../src/publickey/public-key.js';
import type { AuthorizedKey, Store } from '../../src/store/accounts.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { newAccount } from '../contract/account-store.js';
import { makeKey, sshString, type MadeKey } from '../publickey/made-key.js';
import { countingDeriver } from './counting-deriver.js';

const peer = {
  address: '127.0.0.1',
  connection: 'c1',
  source: '127.0.0.1',
  gone: new AbortController().signal,
};
const clock = (): Date => new Date('2026-05-01T12:00:00Z');
const signed = Buffer.from('session id and request');
const deriver = countingDeriver();
const passwords: Passwords = createPasswords({ cost: 10, derivers: [deriver] });
const own = makeKey('ssh-ed25519');
const foreign = makeKey('ssh-ed25519');
const rsa = makeKey('ssh-rsa');
let passwordHash: string;
let store: Store;
let authenticator: Authenticator;

function stored(key: MadeKey): AuthorizedKey {
  return { fingerprint: fingerprint(key.blob), type: key.type, blob: key.blob, comment: '' };
}

function probe(key: MadeKey): KeyOffer {
  return { algorithm: key.type, blob: key.blob };
}

function proof(key: MadeKey): KeyOffer {
  return { ...probe(key), proof: { signed, signature: key.sign('ssh-ed25519', signed) } };
}

/** Somebody else's key offered, one's own used to sign (CVE-2024-45337). */
const stolen: KeyOffer = {
  ...probe(own),
  proof: { signed, signature: foreign.sign('ssh-ed25519', signed) },
};
const elsewhere: KeyOffer = {
  ...probe(own),
  proof: { signed, signature: own.sign('ssh-ed25519', Buffer.from('another session id')) },
};

beforeAll(async () => {
  passwordHash = await passwords.hash('right');
});

beforeEach(async () => {
  store = memoryStore();
  const keys = [stored(own), stored(rsa)];
  const add = async (name: string, more: Parameters<typeof newAccount>[1] = {}): Promise<number> =>
    (await store.accounts.add(newAccount(name, { passwordHash, keys, ...more }))).id;
  await add('active');
  await store.accounts.update(await add('locked'), { state: 'locked' });
  await add('expired', { expires: clock() });
  await add('expiring', { expires: new Date(clock().getTime() + 1) });
  await add('nopassword', { passwordHash: null });
  await add('nokey', { keys: [] });
  await add('garbled', { passwordHash: '$6$salt$hash' });
  await add('chief', { role: 'admin' });
  authenticator = createAuthenticator({ accounts: store.accounts, passwords, anonymous: null, clock });
  deriver.asked.length = 0;
});

/** A decision in a word: `ok`, or the reason, with `!` where the user is told. */
function inShort(decision: Decision): string {
  if (decision.granted) return decision.login.view === 'own' ? 'ok' : 'ok, homes';
  return decision.tell === undefined ? decision.reason : `${decision.reason}!`;
}

const attempts = {
  none: (user) => authenticator.none(user, peer),
  right: (user) => authenticator.password(user, 'right', peer),
  wrong: (user) => authenticator.password(user, 'wrong', peer),
  empty: (user) => authenticator.password(user, '', peer),
  huge: (user) => authenticator.password(user, 'x'.repeat(100_000), peer),
  probe: (user) => authenticator.publickey(user, probe(own), peer),
  proof: (user) => authenticator.publickey(user, proof(own), peer),
  stolen: (user) => authenticator.publickey(user, stolen, peer),
  elsewhere: (user) => authenticator.publickey(user, elsewhere, peer),
  foreignProbe: (user) => authenticator.publickey(user, probe(foreign), peer),
  foreign: (user) => authenticator.publickey(user, proof(foreign), peer),
} as const satisfies Record<string, (user: string) => Promise<Decision>>;

type Matrix = Readonly<Record<keyof typeof attempts, string>>;

const alike = {
  none: 'no credential offered',
  empty: 'empty password',
  huge: 'password too long',
} as const;

const known: Matrix = {
  ...alike,
  right: 'ok',
  wrong: 'wrong password',
  probe: 'ok',
  proof: 'ok',
  stolen: 'bad signature',
  elsewhere: 'bad signature',
  foreignProbe: 'key not on the account',
  foreign: 'key not on the account',
};

function all(reason: string): Matrix {
  return {
    ...alike,
    right: reason,
    wrong: reason,
    probe: reason,
    proof: reason,
    stolen: reason,
    elsewhere: reason,
    foreignProbe: reason,
    foreign: reason,
  };
}

const matrix: Readonly<Record<string, Matrix>> = {
  active: known,
  ACTIVE: known,
  expiring: known,
  locked: { ...known, right: 'locked!', probe: 'locked', proof: 'locked!' },
  expired: { ...known, right: 'expired!', probe: 'expired', proof: 'expired!' },
  nopassword: { ...known, right: 'no password set', wrong: 'no password set' },
  nokey: {
    ...known,
    probe: 'key not on the account',
    proof: 'key not on the account',
    stolen: 'key not on the account',
    elsewhere: 'key not on the account',
  },
  garbled: { ...known, right: 'unreadable password hash', wrong: 'unreadable password hash' },
  chief: known,
  'chief+admin': { ...known, right: 'ok, homes', probe: 'ok, homes', proof: 'ok, homes' },
  'active+admin': all('not an admin'),
  nobody: all('unknown user'),
  'nobody+admin': all('unknown user'),
  anonymous: all('unknown user'),
  'a\0b': all('malformed user name'),
  '../active': all('malformed user name'),
  'active\n': all('malformed user name'),
  ['x'.repeat(65_536)]: all('malformed user name'),
};

describe('every state of an account with every attempt (A1, A2)', () => {
  it.each(Object.entries(matrix).map(([user, expected]) => ({ shown: user.slice(0, 20), user, expected })))(
    '$shown',
    async ({ user, expected }) => {
      const results = Object.fromEntries(
        await Promise.all(
          Object.entries(attempts).map(async ([name, attempt]) => [name, inShort(await attempt(user))]),
        ),
      ) as unknown;
      expect(results).toEqual(expected);
    },
  );

  it('grants what was asked for', async () => {
    const account = await store.accounts.byName('active');
    expect(await attempts.right('Active')).toEqual({
      granted: true,
      login: { account, view: 'own', method: 'password', fingerprint: null },
    });
    expect(await attempts.proof('active')).toEqual({
      granted: true,
      login: { account, view: 'own', method: 'publickey', fingerprint: fingerprint(own.blob) },
    });
  });

  it('tells a locked and an expired account apart only after the right credential', async () => {
    expect(await attempts.right('locked')).toMatchObject({ tell: 'this account is locked' });
    expect(await attempts.proof('expired')).toMatchObject({ tell: 'this account has expired' });
  });

  it('does the same work for every user name (A2)', async () => {
    const costs: string[] = [];
    for (const user of Object.keys(matrix)) {
      for (const attempt of ['right', 'wrong'] as const) {
        deriver.asked.length = 0;
        await attempts[attempt](user);
        costs.push(deriver.asked.map(({ ln, r, p, length }) => [ln, r, p, length].join()).join(' '));
      }
    }
    expect(new Set(costs)).toEqual(new Set(['10,8,1,32']));
  });

  it('answers every refused attempt in the same shape, saying nothing to the user (A2)', async () => {
    for (const user of ['active', 'locked', 'nobody', 'a\0b', 'nopassword', 'active+admin']) {
      const decision = await attempts.wrong(user);
      expect(Object.keys(decision)).toEqual(['granted', 'reason']);
    }
  });

  it('names the same methods for every user [RFC 4252 5.2]', () => {
    for (const user of Object.keys(matrix)) {
      expect(authenticator.methods(user)).toEqual(['publickey', 'password']);
    }
  });
});

describe('public keys', () => {
  it.each(['rsa-sha2-256', 'rsa-sha2-512'] as const)('log in with %s', async (algorithm) => {
    const signature = rsa.sign(algorithm, signed);
    const offer = { algorithm, blob: rsa.blob };
    expect(inShort(await authenticator.publickey('active', offer, peer))).toBe('ok');
    const whole = { ...offer, proof: { signed, signature } };
    expect(inShort(await authenticator.publickey('active', whole, peer))).toBe('ok');
  });

  it.each(['ssh-rsa', 'ssh-ed25519', 'rsa-sha2-256-cert-v01@openssh.com', '', '__proto__'])(
    'refuse the algorithm %j for an RSA key, already in the probe [RFC 8332 3]',
    async (algorithm) => {
      const offer = { algorithm, blob: rsa.blob };
      expect(inShort(await authenticator.publickey('active', offer, peer))).toMatch(/not allowed$/);
    },
  );

  it('decide on this offer alone: a probe before it changes nothing', async () => {
    await attempts.probe('active');
    expect(inShort(await attempts.foreign('active'))).toBe('key not on the account');
    expect(inShort(await attempts.stolen('active'))).toBe('bad signature');
    expect(inShort(await authenticator.publickey('nokey', proof(own), peer))).toBe('key not on the account');
  });

  it.each<[string, Buffer]>([
    ['bytes behind it', Buffer.concat([own.blob, Buffer.of(0)])],
    ['a path', Buffer.from('/etc/ssh/x')],
    ['35 kB', Buffer.alloc(35_000, 1)],
    ['nothing', Buffer.alloc(0)],
    [
      'an RSA key of 16384 bits and e = 2^64',
      Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.alloc(2057, 1))]),
    ],
  ])('refuse a blob that is %s without looking inside', async (_what, blob) => {
    const offer = {
      algorithm: 'ssh-ed25519',
      blob,
      proof: { signed, signature: own.sign('ssh-ed25519', signed) },
    };
    expect(inShort(await authenticator.publickey('active', offer, peer))).toBe('key not on the account');
  });

  it('refuse a signature that is empty, bare or under another name [RFC 4253 6.6]', async () => {
    const whole = own.sign('ssh-ed25519', signed);
    const bare = whole.subarray(-64);
    const renamed = Buffer.concat([sshString('ssh-rsa'), sshString(bare)]);
    expect(inShort(await attempts.proof('active'))).toBe('ok');
    for (const signature of [Buffer.alloc(0), bare, renamed, Buffer.concat([whole, Buffer.of(0)])]) {
      const offer = { ...probe(own), proof: { signed, signature } };
      expect(inShort(await authenticator.publickey('active', offer, peer))).toBe('bad signature');
    }
  });
});

describe('what changes while a password is being verified (A3)', () => {
  async function during(change: (id: number) => Promise<unknown>): Promise<string> {
    const { id = 0 } = (await store.accounts.byName('chief')) ?? {};
    const slow: Passwords = {
      ...passwords,
      verify: async (text, phc) => {
        const right = await passwords.verify(text, phc);
        await change(id);
        return right;
      },
    };
    const waiting = createAuthenticator({
      accounts: store.accounts,
      passwords: slow,
      anonymous: null,
      clock,
    });
    return inShort(await waiting.password('chief+admin', 'right', peer));
  }

  it('counts: locked, removed, another password, another role', async () => {
    expect(await during((id) => store.accounts.update(id, { readOnly: true }))).toBe('ok, homes');
    expect(await during((id) => store.accounts.update(id, { state: 'locked' }))).toBe('locked!');
    expect(await during((id) => store.accounts.update(id, { passwordHash }))).toBe(
      'account changed meanwhile',
    );
    expect(await during((id) => store.accounts.update(id, { role: 'user' }))).toBe(
      'account changed meanwhile',
    );
    await store.accounts.add(newAccount('another'));
    await store.accounts.update((await store.accounts.byName('chief'))?.id ?? 0, {
      role: 'admin',
      state: 'active',
    });
    expect(await during((id) => store.accounts.remove(id))).toBe('account changed meanwhile');
  });
});

describe('what cannot be decided', () => {
  it('gives up the place in the queue of who is gone', async () => {
    const { signal } = new AbortController();
    const asked: unknown[] = [];
    const cancelling = createAuthenticator({
      accounts: store.accounts,
      passwords: {
        ...passwords,
        verify: (_text, _phc, asking) => {
          asked.push(asking);
          return Promise.reject(new Fault('cancelled'));
        },
      },
      anonymous: null,
      clock,
    });
    const decision = await cancelling.password('active', 'right', { ...peer, source: 'x', gone: signal });
    expect(decision).toEqual({ granted: false, reason: 'cannot decide: cancelled' });
    expect(asked).toMatchObject([{ source: 'x', gone: signal }]);
  });

  it('is refused: too many at once, a store that fails', async () => {
    const busy = createAuthenticator({
      accounts: store.accounts,
      passwords: { ...passwords, verify: () => Promise.reject(new Fault('busy')) },
      anonymous: null,
      clock,
    });
    for (const user of ['active', 'locked', 'nobody']) {
      expect(await busy.password(user, 'right', peer)).toEqual({
        granted: false,
        reason: 'too many logins at once',
      });
    }
    const fails = (): Promise<never> =>
      Promise.reject(new Fault('failure', undefined, { cause: new Error('disk') }));
    const broken = createAuthenticator({
      accounts: { byName: fails, byId: fails },
      passwords,
      anonymous: null,
      clock,
    });
    expect(await broken.password('active', 'right', peer)).toEqual({
      granted: false,
      reason: 'cannot decide: disk',
    });
    expect(await broken.publickey('active', proof(own), peer)).toEqual({
      granted: false,
      reason: 'cannot decide: disk',
    });
  });
});

describe('anonymous mode', () => {
  const settings = {
    'anonymous.enabled': true,
    'anonymous.home': 'homes/anonymous',
    'anonymous.readOnly': true,
  } as const;
  let open: Authenticator;

  beforeEach(() => {
    const anonymous = anonymousMode({ accounts: store.accounts, settings, root: '/srv/root' });
    open = createAuthenticator({ accounts: store.accounts, passwords, anonymous, clock });
  });

  it.each(['anonymous', 'ftp', 'FTP'])('lets %s in with nothing or with any password', async (user) => {
    const decisions = [await open.none(user, peer), await open.password(user, 'me@home', peer)];
    decisions.push(await open.password(user, '', peer));
    for (const decision of decisions) {
      expect(decision).toMatchObject({
        granted: true,
        login: {
          view: 'own',
          fingerprint: null,
          account: { id: 0, name: 'anonymous', role: 'user', readOnly: true },
        },
      });
      expect(decision.granted && decision.login.account.home).toEqual(
        await store.accounts.homeAt('/srv/root/homes/anonymous'),
      );
    }
    expect(decisions.map((decision) => decision.granted && decision.login.method)).toEqual([
      'none',
      'password',
      'password',
    ]);
    expect(open.methods(user)).toEqual(['password']);
    expect(inShort(await open.publickey(user, proof(own), peer))).toBe('anonymous logins take no key');
  });

  it('lets nobody else in that way', async () => {
    for (const user of [
      'active',
      'anonymous+admin',
      'ftp+admin',
      'anonymous\0',
      ' anonymous',
      'nobody',
      '',
    ]) {
      expect((await open.none(user, peer)).granted).toBe(false);
      expect((await open.password(user, 'me@home', peer)).granted).toBe(false);
    }
  });

  it('is off unless it is switched on', () => {
    const off = { ...settings, 'anonymous.enabled': false };
    expect(anonymousMode({ accounts: store.accounts, settings: off, root: '/srv' })).toBeNull();
  });

  it('shares the home and its line with an account that has the same', async () => {
    const { home } = await store.accounts.add(newAccount('owner', { homePath: '/srv/root/homes/anonymous' }));
    const decision = await open.none('ftp', peer);
    expect(decision.granted && decision.login.account.home).toEqual(home);
  });
});
