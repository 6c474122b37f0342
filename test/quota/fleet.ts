import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../src/fault.js';
import { createQuotas, type Quotas } from '../../src/quota/quotas.js';
import { lineOf } from '../../src/quota/line.js';
import type { Home, Store } from '../../src/store/accounts.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { UsageRow, UsageStore } from '../../src/store/usage.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { newAccount } from '../contract/account-store.js';
import { memoryPeers, type MemoryPeer } from './memory-peers.js';
import { Life } from './mortal.js';
import { WatchedTree, type Used } from './watched-tree.js';

/** How often a server is asked, 5 ms apart, until it says what is so. */
const looks = 400;

export interface FleetOptions {
  readonly line: { readonly bytes: number | null; readonly files: number | null };
  /** What the disk takes. */
  readonly room?: number;
  /** How many turns of the event loop the next call of a process to the disk, the store or a peer takes; none unless given. */
  readonly turns?: () => number;
  /** So many milliseconds of the servers pass in one of ours. */
  readonly haste?: number;
}

/** Several servers on one root, in one process: a home in memory, a store, and all that can be seen from outside. */
export class Fleet {
  readonly tree: WatchedTree;
  readonly store: Store;
  readonly home: Home;
  readonly haste: number;
  readonly turns: () => number;
  readonly #peers: { peer(): MemoryPeer };
  readonly #ships: Ship[] = [];
  /** What must never be, and was. */
  readonly wrongs: string[] = [];
  /** Calls of `save` so far. */
  saves = 0;
  /** What the store says to all that is written, while it is not well. */
  ill: Fault | null = null;
  #row: UsageRow | null = null;
  #allowed: Used;

  static async launch(options: FleetOptions): Promise<Fleet> {
    const store = memoryStore();
    const { home } = await store.accounts.add(newAccount('alice', { homePath: '/homes/alice' }));
    const { bytes: bytesLimit, files: filesLimit } = options.line;
    await store.accounts.setLines(home.id, { bytesLimit, filesLimit });
    return new Fleet(options, store, (await store.accounts.homeById(home.id)) ?? home);
  }

  private constructor({ line, room, turns, haste = 100 }: FleetOptions, store: Store, home: Home) {
    this.store = { ...store, usage: this.#seen(store.usage) };
    this.home = home;
    this.haste = haste;
    this.turns = turns ?? (() => 0);
    this.#allowed = { bytes: line.bytes ?? Infinity, files: line.files ?? Infinity };
    this.#peers = memoryPeers({ patience: 5000 / haste, turns: this.turns });
    this.tree = new WatchedTree(memoryVfs(room === undefined ? {} : { bytes: room }), (used) =>
      this.#look(used),
    );
  }

  /** A server that starts now. @param usage what it sees of the store */
  ship(usage: UsageStore = this.store.usage): Ship {
    const ship = new Ship(this, this.#peers.peer(), usage);
    this.#ships.push(ship);
    return ship;
  }

  get ships(): readonly Ship[] {
    return this.#ships.filter(({ dead }) => !dead);
  }

  /** The row as the store has it now. */
  get row(): UsageRow | null {
    return this.#row;
  }

  /** What is on the disk is never more than the line [L1], nor than what a crash would leave in the store [L4]. */
  #look(used: Used): void {
    const { bytes, files } = this.#allowed;
    if (used.bytes > bytes || used.files > files) this.wrongs.push(`over the line: ${JSON.stringify(used)}`);
    this.#compare(used);
  }

  #compare(used: Used): void {
    const row = this.#row;
    if (row?.counted !== true) return;
    const most = {
      bytes: row.owner === null ? row.bytes : Math.max(row.bytes, row.bytesCeiling),
      files: row.owner === null ? row.files : Math.max(row.files, row.filesCeiling),
    };
    if (used.bytes > most.bytes || used.files > most.files)
      this.wrongs.push(
        `more on the disk than the store says: ${JSON.stringify(used)} ${JSON.stringify(row)}`,
      );
  }

  #seen(usage: UsageStore): UsageStore {
    const seen = async <T>(homeId: number, work: () => Promise<T>): Promise<T> => {
      if (this.ill) throw this.ill;
      const result = await work();
      this.#row = await usage.get(homeId);
      this.#compare(this.tree.used);
      return result;
    };
    return {
      ...usage,
      take: (homeId, epoch, owner) => seen(homeId, () => usage.take(homeId, epoch, owner)),
      save: (homeId, epoch, figures) => {
        this.saves++;
        return seen(homeId, () => usage.save(homeId, epoch, figures));
      },
      release: (homeId, epoch, figures) => seen(homeId, () => usage.release(homeId, epoch, figures)),
      setLinks: (homeId, inode, links) => seen(homeId, () => usage.setLinks(homeId, inode, links)),
      replaceLinks: (homeId, links) => seen(homeId, () => usage.replaceLinks(homeId, links)),
    };
  }

  /** @throws Error what was wrong */
  assertSound(): void {
    if (this.wrongs.length > 0) throw new Error([...new Set(this.wrongs)].slice(0, 5).join('\n'));
  }

  /**
   * Once nobody does anything: every server says exactly what the disk holds. What the dead had asked for may still be
   * done meanwhile.
   * @throws Error when they do not
   */
  async settled(): Promise<Used> {
    let disk = await counted(this.tree);
    for (const ship of this.ships) {
      for (let look = 0; ; look++) {
        const said = await ship.quotas.usage(this.home).catch((thrown: unknown) => thrown as Fault);
        disk = await counted(this.tree);
        if (
          !(said instanceof Error) &&
          said.counted &&
          said.bytes === disk.bytes &&
          said.files === disk.files
        )
          break;
        await sleep(5);
        if (look === looks)
          throw new Error(`${JSON.stringify(said)} is told of ${JSON.stringify(disk)} on the disk`);
      }
    }
    return disk;
  }

  /** Ends all servers; what the store says then is what the disk holds. @throws Error when it is not */
  async end(): Promise<void> {
    for (const ship of this.ships) await ship.quotas.close();
    const disk = await counted(this.tree);
    const row = await this.store.usage.get(this.home.id);
    const { owner, counted: isCounted, bytes, files } = row;
    // Nobody has ever used it.
    if (row.epoch === 0) return;
    const exact = owner === null && isCounted && bytes === disk.bytes && files === disk.files;
    if (!exact) throw new Error(`${JSON.stringify(row)} is left of ${JSON.stringify(disk)} on the disk`);
  }
}

/** One server. */
export class Ship {
  readonly quotas: Quotas;
  readonly peer: MemoryPeer;
  readonly life: Life;
  readonly #fleet: Fleet;
  /** What it had to say to nobody. */
  readonly warnings: string[] = [];

  constructor(fleet: Fleet, peer: MemoryPeer, usage: UsageStore) {
    this.#fleet = fleet;
    this.peer = peer;
    const life = new Life(() => fleet.turns());
    this.life = life;
    const { store, haste, tree } = fleet;
    this.quotas = createQuotas({
      usage: life.usage(usage),
      homeById: (id) => store.accounts.homeById(id),
      version: () => store.accounts.version(),
      lineOf: (home) => lineOf(home, { 'quota.bytes': null, 'quota.files': 'none' }),
      open: () => Promise.resolve(life.vfs(tree)),
      peers: peer,
      warn: (message) => void this.warnings.push(message),
      now: () => performance.now() * haste,
      after: (milliseconds, run) => {
        const timer = setTimeout(() => {
          if (!life.dead) run();
        }, milliseconds / haste);
        return () => clearTimeout(timer);
      },
    });
  }

  get dead(): boolean {
    return this.life.dead;
  }

  /** The files of the home as a session of this server has them. */
  session(): Vfs {
    return this.quotas.limited(this.#fleet.home, this.life.vfs(this.#fleet.tree));
  }

  async kill(): Promise<void> {
    this.peer.kill();
    await this.life.kill();
  }

  hang(): void {
    this.peer.hang();
    this.life.hang();
  }

  resume(): void {
    this.peer.resume();
    this.life.resume();
  }
}

/** What a filesystem holds, each inode once. */
export async function counted(vfs: Vfs): Promise<Used> {
  const sizes = new Map<number, number>();
  const walk = async (path: string): Promise<void> => {
    const listing = await vfs.list(path);
    for (const { name, stats } of await listing.next(100_000)) {
      sizes.set(stats.ino, stats.kind === 'file' ? stats.size : 0);
      if (stats.kind === 'folder') await walk(`${path}/${name}`);
    }
    await listing.close();
  };
  await walk('');
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), files: sizes.size };
}
