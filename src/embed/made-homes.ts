import type { AccountStore, Home } from '../store/accounts.js';
import { memoryUsage } from '../store/memory-usage.js';
import type { UsageStore } from '../store/usage.js';
import type { Vfs } from '../vfs/vfs.js';
import { KeptOpen } from './home-source.js';
import { TellingClose } from './telling-close.js';

interface MadeHome {
  readonly home: Home;
  /** The home in the store that has its line. */
  readonly storeId: number;
  readonly vfs: Vfs;
  users: number;
}

/**
 * Homes that are filesystems of the program. Whether two of them show the same files only the program knows, so each has
 * a ledger of its own, with the line of the account that came first; accounts and logins with the same object share it.
 * Their ids are below zero, where the store has no homes.
 */
export class MadeHomes {
  readonly #byId = new Map<number, MadeHome>();
  readonly #byVfs = new Map<Vfs, MadeHome>();
  readonly #opened = new WeakMap<Vfs, MadeHome>();
  readonly #rows = memoryUsage({ has: (id) => this.#byId.has(id), keys: () => this.#byId.keys() });
  #last = 0;

  /**
   * What a login got, as a filesystem whose closing is noticed.
   * `lasting` says that logins after the last one that has it open will get the same object, `close` that it is closed
   * with each.
   */
  opened(
    home: Home,
    vfs: Vfs,
    { lasting, close }: { readonly lasting: boolean; readonly close: boolean },
  ): Vfs {
    let made = this.#byVfs.get(vfs);
    if (!made) {
      made = { home: { ...home, id: --this.#last }, storeId: home.id, vfs, users: lasting ? 1 : 0 };
      this.#byId.set(made.home.id, made);
      this.#byVfs.set(vfs, made);
    }
    made.users++;
    const shown = new TellingClose(close ? vfs : new KeptOpen(vfs), () => this.#closed(vfs));
    this.#opened.set(shown, made);
    return shown;
  }

  #closed(vfs: Vfs): void {
    const made = this.#byVfs.get(vfs);
    if (!made || --made.users > 0) return;
    this.#byVfs.delete(vfs);
    this.#byId.delete(made.home.id);
    this.#rows.forget(made.home.id);
  }

  homeOf(opened: Vfs): Home | undefined {
    return this.#opened.get(opened)?.home;
  }

  vfsOf(homeId: number): Vfs | undefined {
    return this.#byId.get(homeId)?.vfs;
  }

  /** A home with the line that it has now. */
  async homeById(homeId: number, store: Pick<AccountStore, 'homeById'>): Promise<Home | null> {
    const made = this.#byId.get(homeId);
    const home = await store.homeById(made?.storeId ?? homeId);
    return home && made ? { ...home, id: homeId } : home;
  }

  /** The store's rows, and those of the homes here. */
  usage(store: UsageStore): UsageStore {
    const of = (homeId: number): UsageStore => (homeId < 0 ? this.#rows : store);
    return {
      all: () => store.all(),
      get: (homeId) => of(homeId).get(homeId),
      take: (homeId, ...rest) => of(homeId).take(homeId, ...rest),
      save: (homeId, ...rest) => of(homeId).save(homeId, ...rest),
      release: (homeId, ...rest) => of(homeId).release(homeId, ...rest),
      links: (homeId, ...rest) => of(homeId).links(homeId, ...rest),
      setLinks: (homeId, ...rest) => of(homeId).setLinks(homeId, ...rest),
      replaceLinks: (homeId, ...rest) => of(homeId).replaceLinks(homeId, ...rest),
    };
  }
}
