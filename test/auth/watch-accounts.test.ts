import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anonymousId, anonymousMode } from '../../src/auth/anonymous.js';
import type { Login } from '../../src/auth/authenticator.js';
import { watchAccounts, watchInterval, type AccountWatch } from '../../src/auth/watch-accounts.js';
import { Fault } from '../../src/fault.js';
import { liveSessions, type LiveSession, type LiveSessions } from '../../src/live.js';
import type { Account, AccountStore, Store } from '../../src/store/accounts.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { openStore } from '../../src/store/open-store.js';
import { newAccount, someKey } from '../contract/account-store.js';

const start = new Date('2026-05-01T12:00:00Z').getTime();

/** A watch whose rounds the test runs one by one. */
function steeredWatch(
  accounts: Pick<AccountStore, 'byId' | 'version'>,
  live: LiveSessions,
  more: { root?: string } = {},
) {
  const faults: Fault[] = [];
  const delays: number[] = [];
  let now = start;
  let next: (() => void) | null = null;
  let armed = (): void => undefined;
  const settings = {
    'anonymous.enabled': true,
    'anonymous.home': 'pub',
    'anonymous.readOnly': true,
  } as const;
  const watch = watchAccounts({
    accounts,
    live,
    anonymous:
      more.root === undefined
        ? null
        : anonymousMode({ accounts: memoryStore().accounts, settings, root: more.root }),
    clock: () => new Date(now),
    after: (milliseconds, run) => {
      delays.push(milliseconds);
      next = run;
      armed();
      return () => (next = null);
    },
    report: (fault) => faults.push(fault),
  });
  return {
    watch,
    faults,
    delays,
    pass: (milliseconds: number) => (now += milliseconds),
    get waiting() {
      return next !== null;
    },
    /** Runs the round that is due and resolves once the one after it is. */
    round(): Promise<void> {
      return new Promise((resolve) => {
        armed = resolve;
        next?.();
      });
    },
  };
}

describe('watchAccounts (A3)', () => {
  let store: Store;
  let live: LiveSessions;
  let steered: ReturnType<typeof steeredWatch>;
  let watch: AccountWatch;
  let alice: Account;
  let ends: string[];
  let sessions: number;

  beforeEach(async () => {
    store = memoryStore();
    live = liveSessions();
    ends = [];
    sessions = 0;
    steered = steeredWatch(store.accounts, live);
    ({ watch } = steered);
    alice = await store.accounts.add(
      newAccount('alice', { passwordHash: 'x', role: 'admin', keys: [someKey('a'), someKey('b')] }),
    );
  });
  afterEach(() => {
    watch.stop();
    expect(steered.waiting).toBe(false);
  });

  function session(account: Account, more: Partial<LiveSession> = {}): LiveSession {
    sessions += 1;
    const id = `s${sessions}`;
    const made: LiveSession = {
      id,
      account: account.name,
      accountId: account.id,
      view: 'own',
      address: '127.0.0.1',
      client: 'test',
      since: new Date(start),
      method: 'password',
      fingerprint: null,
      close: (reason) => {
        ends.push(`${id}: ${reason}`);
        live.remove(made);
      },
      ...more,
    };
    return made;
  }

  function logIn(account: Account, more: Partial<LiveSession> = {}): LiveSession {
    const made = session(account, more);
    const { view, method, fingerprint } = made;
    live.add(made);
    watch.admit(made, { account, view, method: method as Login['method'], fingerprint });
    return made;
  }

  const byKey = { method: 'publickey', fingerprint: 'SHA256:a' };

  it.each<[string, (id: number) => Promise<unknown>, string]>([
    ['locked', (id) => store.accounts.update(id, { state: 'locked' }), 'this account is locked'],
    ['expired', (id) => store.accounts.update(id, { expires: new Date(start) }), 'this account has expired'],
    ['removed', (id) => store.accounts.remove(id), 'this account was removed'],
    [
      'given another role',
      (id) => store.accounts.update(id, { role: 'user' }),
      'the role of this account was changed',
    ],
    [
      'given another home',
      (id) => store.accounts.update(id, { homePath: '/x' }),
      'the home of this account was changed',
    ],
  ])(
    'ends every session of an account that is %s, with a sentence, and no other',
    async (_what, change, sentence) => {
      const bob = await store.accounts.add(newAccount('bob'));
      logIn(alice);
      logIn(bob);
      logIn(alice, byKey);
      logIn(alice, { view: 'homes' });
      await steered.round();
      expect(ends).toEqual([]);
      await change(alice.id);
      await steered.round();
      expect(ends).toEqual(
        ['s1', 's3', 's4'].map((id) => expect.stringContaining(`${id}: ${sentence}`) as string),
      );
      await steered.round();
      expect(ends).toHaveLength(3);
      expect(live.list().map((one) => one.account)).toEqual(['bob']);
    },
  );

  it('ends sessions by password when the password changes, even to the same one', async () => {
    logIn(alice);
    logIn(alice, byKey);
    await store.accounts.update(alice.id, { passwordHash: 'x' });
    await steered.round();
    expect(ends).toEqual(['s1: the password of this account was changed: log in again']);
  });

  it('ends sessions by a key that was removed, not those by another', async () => {
    logIn(alice, byKey);
    logIn(alice, { method: 'publickey', fingerprint: 'SHA256:b' });
    logIn(alice);
    await store.accounts.removeKey(alice.id, 'SHA256:a');
    await steered.round();
    expect(ends).toEqual(['s1: the key of this session was removed from its account']);
  });

  it('lets sessions live through a new name, read-only, keys added and lines, and shows them at once', async () => {
    logIn(alice);
    await store.accounts.update(alice.id, { name: 'alicia', readOnly: true });
    await store.accounts.addKey(alice.id, someKey('c'));
    await store.accounts.setLines(alice.home.id, { bytesLimit: 1 });
    await steered.round();
    expect(ends).toEqual([]);
    expect(watch.current(alice.id)).toMatchObject({
      name: 'alicia',
      readOnly: true,
      home: { bytesLimit: 1 },
    });
  });

  it('ends sessions when their time is over, without any change', async () => {
    const guest = await store.accounts.add(newAccount('guest', { expires: new Date(start + 1000) }));
    logIn(guest);
    steered.pass(999);
    await steered.round();
    expect(ends).toEqual([]);
    steered.pass(1);
    await steered.round();
    expect(ends).toEqual(['s1: this account has expired']);
  });

  it('sees what changed between the decision of a login and its session', async () => {
    await steered.round();
    await store.accounts.update(alice.id, { state: 'locked' });
    await steered.round();
    logIn(alice);
    const bob = await store.accounts.add(newAccount('bob', { passwordHash: 'x' }));
    await store.accounts.update(bob.id, { passwordHash: 'y' });
    await store.accounts.update(bob.id, { homePath: '/y' });
    await steered.round();
    logIn(bob);
    await steered.round();
    expect(ends).toEqual([
      's1: this account is locked',
      's2: the home of this account was changed: log in again',
    ]);
  });

  describe('a change that falls into a round', () => {
    /** A watch whose reading of accounts the test holds up, after the account was read or before. */
    function heldUp(when: 'before' | 'after') {
      let hold = Promise.resolve();
      let release = (): void => undefined;
      let reading = (): void => undefined;
      const held = steeredWatch(
        {
          version: () => store.accounts.version(),
          byId: async (id) => {
            const read = when === 'after' ? await store.accounts.byId(id) : null;
            reading();
            await hold;
            return read ?? store.accounts.byId(id);
          },
        },
        live,
      );
      watch.stop();
      steered = held;
      ({ watch } = held);
      return {
        /** Resolves once a round waits in the middle of its reading. */
        begin(): Promise<{ end(): Promise<void> }> {
          hold = new Promise((resolve) => (release = resolve));
          return new Promise((resolve) => {
            reading = () => {
              reading = () => undefined;
              resolve({ end: () => (release(), round) });
            };
            const round = held.round();
          });
        },
      };
    }

    it.each(['before', 'after'] as const)(
      'is seen by the next one at the latest, for the sessions that were there (%s the account was read)',
      async (when) => {
        const rounds = heldUp(when);
        logIn(alice);
        const round = await rounds.begin();
        await store.accounts.update(alice.id, { state: 'locked' });
        await round.end();
        await steered.round();
        expect(ends).toEqual(['s1: this account is locked']);
      },
    );

    it.each<[string, (id: number) => Promise<unknown>, string]>([
      ['lock', (id) => store.accounts.update(id, { state: 'locked' }), 'this account is locked'],
      ['removal', (id) => store.accounts.remove(id), 'this account was removed'],
      ['password', (id) => store.accounts.update(id, { passwordHash: 'y' }), 'the password of this account'],
      ['key', (id) => store.accounts.removeKey(id, 'SHA256:a'), 'the key of this session was removed'],
    ])(
      'is seen by the next one for a session that began meanwhile with the account as it was: %s',
      async (what, change, sentence) => {
        const rounds = heldUp('after');
        const bob = await store.accounts.add(newAccount('bob'));
        logIn(bob);
        const round = await rounds.begin();
        const before = await store.accounts.byId(alice.id);
        await change(alice.id);
        logIn(before ?? alice, what === 'key' ? byKey : {});
        await round.end();
        await steered.round();
        expect(ends).toEqual([expect.stringContaining(`s2: ${sentence}`)]);
      },
    );
  });

  it('knows at once what a login knew, also where a session of the account is open already', async () => {
    logIn(alice);
    await steered.round();
    logIn(await store.accounts.update(alice.id, { readOnly: true }));
    expect(watch.current(alice.id)?.readOnly).toBe(true);
    logIn(await store.accounts.update(alice.id, { readOnly: false }));
    expect(watch.current(alice.id)?.readOnly).toBe(false);
  });

  it('permits nothing any more to who is locked or expired, whatever was asked before', async () => {
    const guest = await store.accounts.add(newAccount('guest', { expires: new Date(start + 1000) }));
    logIn(alice, { close: () => undefined });
    logIn(guest);
    await store.accounts.update(alice.id, { state: 'locked' });
    await steered.round();
    expect(watch.current(alice.id)).toBeUndefined();
    expect(watch.current(guest.id)).toEqual(guest);
    steered.pass(1000);
    expect(watch.current(guest.id)).toBeUndefined();
  });

  it('gives a removed and re-added name no way back into old sessions', async () => {
    logIn(alice);
    await store.accounts.remove(alice.id);
    await store.accounts.add(newAccount('alice', { role: 'admin', passwordHash: 'x' }));
    await steered.round();
    expect(ends).toEqual(['s1: this account was removed']);
    expect(watch.current(alice.id)).toBeUndefined();
  });

  it('knows the account of a session at once, and forgets it when the last one ended', async () => {
    const one = logIn(alice);
    expect(watch.current(alice.id)).toBe(alice);
    await steered.round();
    expect(watch.current(alice.id)).toEqual(alice);
    live.remove(one);
    await steered.round();
    expect(watch.current(alice.id)).toBeUndefined();
  });

  it('judges sessions that were never admitted by what it can', async () => {
    live.add(session(alice, byKey));
    live.add(session(alice, { view: 'homes' }));
    await steered.round();
    await store.accounts.removeKey(alice.id, 'SHA256:a');
    await store.accounts.update(alice.id, { role: 'user' });
    await steered.round();
    expect(ends).toEqual([
      's1: the role of this account was changed: log in again',
      's2: the role of this account was changed: log in again',
    ]);
  });

  it('asks the store for nothing but its version while nothing changes', async () => {
    let reads = 0;
    const counted = steeredWatch(
      {
        version: () => store.accounts.version(),
        byId: (id) => {
          reads += 1;
          return store.accounts.byId(id);
        },
      },
      live,
    );
    ({ watch } = counted);
    logIn(alice);
    logIn(alice);
    await counted.round();
    expect(reads).toBe(1);
    for (let round = 0; round < 5; round += 1) await counted.round();
    await store.accounts.recordLogin(alice.id, new Date());
    await counted.round();
    expect(reads).toBe(1);
    counted.watch.stop();
    ({ watch } = steered);
    expect(new Set(counted.delays)).toEqual(new Set([watchInterval]));
  });

  it('reports a store that fails, goes on with what it knows, and catches up', async () => {
    let broken = false;
    const flaky = steeredWatch(
      {
        version: () => store.accounts.version(),
        byId: (id) => (broken ? Promise.reject(new Fault('busy')) : store.accounts.byId(id)),
      },
      live,
    );
    const { watch: first } = steered;
    ({ watch } = flaky);
    logIn(alice);
    logIn(await store.accounts.add(newAccount('guest', { expires: new Date(start + 1000) })));
    broken = true;
    await store.accounts.update(alice.id, { state: 'locked' });
    flaky.pass(1000);
    await flaky.round();
    await flaky.round();
    // Four times a second for as long as it lasts would fill the log.
    expect(flaky.faults.map((fault) => fault.code)).toEqual(['busy']);
    expect(ends).toEqual(['s2: this account has expired']);
    broken = false;
    await flaky.round();
    expect(ends).toContain('s1: this account is locked');
    broken = true;
    await store.accounts.update(alice.id, { readOnly: true });
    logIn(alice);
    await flaky.round();
    expect(flaky.faults).toHaveLength(2);
    watch.stop();
    watch = first;
  });

  it('goes on after a session whose closing throws', async () => {
    logIn(alice, {
      close: () => {
        throw new Error('odd');
      },
    });
    logIn(alice);
    await store.accounts.update(alice.id, { state: 'locked' });
    await steered.round();
    await steered.round();
    expect(ends).toEqual(['s2: this account is locked']);
    expect(steered.faults).toHaveLength(1);
  });

  it('leaves anonymous sessions alone, and knows what they are', async () => {
    const { watch: first } = steered;
    const withAnonymous = steeredWatch(store.accounts, live, { root: '/srv' });
    ({ watch } = withAnonymous);
    const anonymous: Account = {
      ...alice,
      id: anonymousId,
      home: { ...alice.home, path: '/srv/pub' },
      role: 'user',
    };
    logIn(anonymous, { method: 'none' });
    await store.accounts.update(alice.id, { state: 'locked' });
    await withAnonymous.round();
    expect(ends).toEqual([]);
    expect(watch.current(anonymousId)).toMatchObject({ name: 'anonymous', readOnly: true });
    watch.stop();
    watch = first;
  });

  it('acts on a change that another process made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-watch-'));
    const mine = await openStore(join(folder, 'x.db'));
    const theirs = await openStore(join(folder, 'x.db'));
    const { watch: first } = steered;
    const shared = steeredWatch(mine.accounts, live);
    ({ watch } = shared);
    logIn(await mine.accounts.add(newAccount('bob')));
    await shared.round();
    const { id = 0 } = (await theirs.accounts.byName('bob')) ?? {};
    await theirs.accounts.update(id, { state: 'locked' });
    await shared.round();
    expect(ends).toEqual(['s1: this account is locked']);
    watch.stop();
    watch = first;
    await Promise.all([mine.close(), theirs.close()]);
    rmSync(folder, { recursive: true });
  });
});
