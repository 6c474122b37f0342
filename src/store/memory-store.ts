import { accountFaults } from './account-faults.js';
import type { Account, AuthorizedKey, Home, Store } from './accounts.js';
import { memoryUsage } from './memory-usage.js';

type Kept = Omit<Account, 'home'> & { readonly homeId: number };

/** Only A-Z: account names are ASCII, and wider folding would make one name of two (the Kelvin sign is no `k`). */
function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A store that lives as long as the process: for tests, and for programs that embed the server. */
export function memoryStore(now: () => Date = () => new Date()): Store {
  const accounts = new Map<number, Kept>();
  const homes = new Map<number, Home>();
  const usage = memoryUsage(homes);
  const marks = new Map<string, string>();
  let lastId = 0;
  let lastHomeId = 0;
  let version = 1;

  const whole = ({ homeId, ...account }: Kept): Account => ({ ...account, home: homeOf(homeId) });

  function homeOf(id: number): Home {
    const home = homes.get(id);
    if (!home) throw accountFaults.noHome();
    return home;
  }

  function get(id: number): Kept {
    const account = accounts.get(id);
    if (!account) throw accountFaults.noAccount();
    return account;
  }

  function named(name: string): Kept | undefined {
    return [...accounts.values()].find((one) => folded(one.name) === folded(name));
  }

  function assertFree(name: string, except: number | null): void {
    const taken = named(name);
    if (taken && taken.id !== except) throw accountFaults.nameTaken(name);
  }

  function homeAt(path: string): number {
    for (const home of homes.values()) if (home.path === path) return home.id;
    lastHomeId += 1;
    homes.set(lastHomeId, { id: lastHomeId, path, bytesLimit: 'default', filesLimit: 'default' });
    return lastHomeId;
  }

  function removeIfUnused(homeId: number): void {
    if ([...accounts.values()].some((account) => account.homeId === homeId)) return;
    homes.delete(homeId);
    usage.forget(homeId);
  }

  function withKey(keys: readonly AuthorizedKey[], key: AuthorizedKey): readonly AuthorizedKey[] {
    if (keys.some((one) => one.fingerprint === key.fingerprint))
      throw accountFaults.keyTaken(key.fingerprint);
    return [...keys, { ...key, blob: Buffer.from(key.blob) }];
  }

  /** Runs a change; a refused one leaves everything as it was, like the transaction it stands for. */
  function change<T>(work: () => T): Promise<T> {
    return Promise.resolve().then(() => {
      const result = work();
      version += 1;
      return result;
    });
  }

  return {
    accounts: {
      byName: (name) => {
        const account = named(name);
        return Promise.resolve(account ? whole(account) : null);
      },
      byId: (id) => {
        const account = accounts.get(id);
        return Promise.resolve(account ? whole(account) : null);
      },
      list: () =>
        Promise.resolve(
          [...accounts.values()].sort((a, b) => (folded(a.name) < folded(b.name) ? -1 : 1)).map(whole),
        ),
      add: ({ homePath, ...account }) =>
        change(() => {
          assertFree(account.name, null);
          const keys = account.keys.reduce(withKey, []);
          const id = (lastId += 1);
          accounts.set(id, {
            ...account,
            id,
            keys,
            state: 'active',
            homeId: homeAt(homePath),
            passwordVersion: account.passwordHash === null ? 0 : 1,
            createdAt: now(),
            lastLoginAt: null,
          });
          return whole(get(id));
        }),
      update: (id, { homePath, ...changed }) =>
        change(() => {
          const before = get(id);
          if (changed.name !== undefined) assertFree(changed.name, id);
          accounts.set(id, {
            ...before,
            ...changed,
            homeId: homePath === undefined ? before.homeId : homeAt(homePath),
            passwordVersion: before.passwordVersion + (changed.passwordHash === undefined ? 0 : 1),
          });
          removeIfUnused(before.homeId);
          return whole(get(id));
        }),
      remove: (id) =>
        change(() => {
          const { homeId } = get(id);
          accounts.delete(id);
          removeIfUnused(homeId);
        }),
      addKey: (id, key) =>
        change(() => {
          const account = get(id);
          accounts.set(id, { ...account, keys: withKey(account.keys, key) });
        }),
      removeKey: (id, fingerprint) =>
        change(() => {
          const account = accounts.get(id);
          const keys = account?.keys.filter((key) => key.fingerprint !== fingerprint) ?? [];
          if (!account || keys.length === account.keys.length) throw accountFaults.noKey();
          accounts.set(id, { ...account, keys });
        }),
      recordLogin: (id, at) => {
        const account = accounts.get(id);
        if (account) accounts.set(id, { ...account, lastLoginAt: at });
        return Promise.resolve();
      },
      homes: () => Promise.resolve([...homes.values()].sort((a, b) => (a.path < b.path ? -1 : 1))),
      homeAt: (path) => Promise.resolve(homeOf(homeAt(path))),
      homeById: (id) => Promise.resolve(homes.get(id) ?? null),
      setLines: (homeId, lines) => change(() => void homes.set(homeId, { ...homeOf(homeId), ...lines })),
      version: () => version,
    },
    marks: {
      get: (name) => Promise.resolve(marks.get(name) ?? null),
      set: (name, value) => Promise.resolve(void marks.set(name, value)),
      remove: (name) => Promise.resolve(void marks.delete(name)),
    },
    usage,
    close: () => Promise.resolve(),
  };
}
