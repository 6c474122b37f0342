import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Login } from '../src/auth/authenticator.js';
import { watchAccounts, type AccountWatch } from '../src/auth/watch-accounts.js';
import { Fault } from '../src/fault.js';
import { HashPool } from '../src/hash/hash-pool.js';
import { diskFiles } from '../src/home-files.js';
import { liveSessions, type LiveSessions } from '../src/live.js';
import { createEvents, type EventName } from '../src/observe/events.js';
import { noPeers } from '../src/quota/no-peers.js';
import { Sessions } from '../src/sessions.js';
import { Budget } from '../src/channel/budget.js';
import type { SessionChannel } from '../src/channel/channel.js';
import type { SessionInfo } from '../src/ssh/services.js';
import type { Account, Store } from '../src/store/accounts.js';
import { memoryStore } from '../src/store/memory-store.js';
import { diskVfs } from '../src/vfs/disk.js';
import { disk } from '../src/vfs/disk-calls.js';
import { OpenInodes } from '../src/vfs/open-inodes.js';
import { pathThreads, type PathThreads } from '../src/vfs/path-threads.js';
import { newAccount } from './contract/account-store.js';
import { quotasOf } from './quota/store-quotas.js';
import { settingsWith } from './ssh/test-server.js';

let threads: PathThreads;
let hashes: HashPool;
let root: string;
let store: Store;
let live: LiveSessions;
let watch: AccountWatch;
let sessions: Sessions;
let alice: Account;
let seen: { readonly name: EventName; readonly event: object }[];

beforeAll(() => {
  threads = pathThreads(1);
  hashes = new HashPool();
});
afterAll(() => Promise.all([threads.close(0), hashes.close()]));

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'plimsoll-sessions-'));
  store = memoryStore();
  live = liveSessions();
  const events = createEvents();
  seen = [];
  events.subscribe((name, event) => seen.push({ name, event }));
  const clock = (): Date => new Date();
  watch = watchAccounts({
    accounts: store.accounts,
    live,
    anonymous: null,
    clock,
    after: () => () => undefined,
    report: () => undefined,
  });
  const settings = settingsWith();
  const inodes = new OpenInodes();
  sessions = new Sessions({
    settings,
    events,
    accounts: store.accounts,
    version: '0',
    homes: {
      settings,
      files: diskFiles({ threads, inodes, umask: 0o022, folder: join(root, 'homes') }),
      quotas: quotasOf(
        store,
        ({ path }) => diskVfs({ root: path, threads, inodes, umask: 0o022 }),
        noPeers(),
        // Some of these homes are not there.
        () => undefined,
      ),
      accounts: store.accounts,
      events,
    },
    live,
    watch,
    hashes,
    clock,
  });
  alice = await store.accounts.add(newAccount('alice', { homePath: join(root, 'homes/alice') }));
});
afterEach(() => {
  vi.restoreAllMocks();
  watch.stop();
  rmSync(root, { recursive: true });
});

const login = (): Login => ({ account: alice, view: 'own', method: 'password', fingerprint: null });

function info(): SessionInfo {
  return {
    connection: 'c1',
    address: '127.0.0.1',
    client: 'SSH-2.0-test',
    login: login(),
    output: new Budget(2 ** 20),
    input: new Budget(2 ** 20),
  };
}

function listed(): SessionInfo {
  live.add({
    id: 'c1',
    account: alice.name,
    accountId: alice.id,
    view: 'own',
    address: '127.0.0.1',
    client: 'SSH-2.0-test',
    since: new Date(),
    method: 'password',
    fingerprint: null,
    close: () => undefined,
  });
  return info();
}

function warnings(): string {
  return seen.flatMap(({ name, event }) => (name === 'server.warning' ? [JSON.stringify(event)] : [])).join();
}

describe('what a connection is served with', () => {
  it('is nothing for one that an operator could not find (A3)', async () => {
    await expect(sessions.greet(login(), info())).rejects.toMatchObject({ code: 'failure' });
    expect(existsSync(join(root, 'homes/alice'))).toBe(false);
  });

  it('is known to the watch before anything is waited for (A3)', () => {
    const greeting = sessions.greet(login(), listed());
    expect(watch.current(alice.id)).toBe(alice);
    return greeting.then((services) => services.ended());
  });

  it('is a home made at its first use', async () => {
    const services = await sessions.greet(login(), listed());
    expect(existsSync(join(root, 'homes/alice'))).toBe(true);
    services.ended();
    await sessions.allEnded();
  });

  it('is refused without a home, in a sentence that names no folder of the host (J2)', async () => {
    writeFileSync(join(root, 'homes'), 'a file in the way');
    const fault: unknown = await sessions.greet(login(), listed()).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(Fault);
    expect((fault as Fault).message).toBe('your home cannot be opened: not a folder');
    expect(String((fault as Fault).cause)).toContain(join(root, 'homes/alice'));
  });

  it('is served also when the login cannot be recorded, with a word to the operator', async () => {
    vi.spyOn(store.accounts, 'recordLogin').mockRejectedValue(new Fault('busy'));
    const services = await sessions.greet(login(), listed());
    expect(warnings()).toContain('the login could not be recorded: busy');
    services.ended();
    await sessions.allEnded();
  });
});

describe('what goes wrong at the end', () => {
  it('of a home is told to the operator and keeps nothing waiting (P1)', async () => {
    const services = await sessions.greet(login(), listed());
    const close = disk.close.bind(disk);
    vi.spyOn(disk, 'close').mockImplementationOnce(async (descriptor) => {
      await close(descriptor);
      throw new Error('EIO');
    });
    services.ended();
    await sessions.allEnded();
    expect(warnings()).toContain('the home of alice could not be closed: Error: EIO');
  });

  it('of a session that never began is heard by who asked for it, and keeps nothing waiting (P1)', async () => {
    const services = await sessions.greet(login(), listed());
    const nothing = (): void => undefined;
    const broken: SessionChannel = {
      start: () => {
        throw new Error('no channel');
      },
      resume: nothing,
      send: nothing,
      stderr: nothing,
      finish: nothing,
      destroy: nothing,
    };
    expect(() => services.sftp(broken, info())).toThrow('no channel');
    services.ended();
    await sessions.allEnded();
  });
});
