import { Fault, type FaultCode } from '../fault.js';
import type { ByteString } from '../names.js';
import { Folder, surplusAt, type Route } from './folder-route.js';
import { InodeSet } from './inode-set.js';
import { below } from './path.js';
import type { Listing, Stats, Vfs } from './vfs.js';

export interface FolderWalkParts {
  readonly vfs: Vfs;
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of each name in each folder, once.
   * @param here whether it is on the filesystem of the root, not mounted there
   */
  readonly meet: (stats: Stats, here: boolean) => void;
  /** Told now and then how many names were met so far. */
  readonly progress?: ((entries: number) => void) | undefined;
  /** Waited for after each few milliseconds of work, with how many they were; a turn of the event loop unless given. */
  readonly pause?: ((milliseconds: number) => Promise<void>) | undefined;
  /** Bytes of names that may wait in folders that were let go, 16 MiB unless given; more are read again. */
  readonly namesBudget?: number;
}

const entriesAtOnce = 128;
/** Milliseconds of work between two pauses. */
const workAtOnce = 2;
/** Folders to be entered that an open folder keeps before it is read on. */
const namesAtOnce = 1024;
/** Names that each of them keeps all the same. */
const namesLeast = 64;
/** Of a string and its place in an array, besides its bytes. */
const bytesBesides = 32;
/** Folders that moved and are still to be walked, each held open; and those that wait to become one of them. */
const routesMax = 32;
const arrivedMax = 16;

/** Removed since it was met, or another filesystem that is mounted there (J4): nothing of this one. */
const gone: ReadonlySet<FaultCode> = new Set(['not-found', 'not-a-folder', 'denied']);

interface Entered {
  readonly listing: Listing;
  readonly ino: number;
}

/**
 * Lists every folder of a filesystem once, from folder to folder by their listings and never by path where the
 * filesystem can: however deep it is, and whatever moves meanwhile, provided that the walk is told of it. Memory and
 * descriptors (at most 248 on disk) are bounded; so is time, by the number of entries and the depth of the tree.
 */
export class FolderWalk {
  readonly #parts: FolderWalkParts;
  readonly #budget: number;
  /** Folders that were entered. Whichever way they are found again, they are not entered again. */
  readonly #listed = new InodeSet();
  /** The walk from the root, if it is not over, and those of folders that moved. */
  readonly #routes: Route[] = [];
  /** Their first folder was not where it had been: it is gone, or whoever moved it has not told yet. */
  readonly #lost: Route[] = [];
  readonly #arrived: Entered[] = [];
  #waiting: (() => void)[] = [];
  #state: 'new' | 'walking' | 'idle' | 'over' = 'new';
  #dev = 0;
  #namesBytes = 0;
  #entries = 0;
  #worked = 0;

  constructor(parts: FolderWalkParts) {
    this.#parts = parts;
    this.#budget = parts.namesBudget ?? 16 * 2 ** 20;
  }

  /**
   * Resolves once every folder was listed, those that moved meanwhile included.
   * @throws Fault `cancelled`, and what listing the root, or reading any folder that is still there, throws
   */
  async run(): Promise<void> {
    if (this.#state !== 'new') throw new Fault('busy');
    this.#state = 'walking';
    await this.#guarded(async () => {
      const { dev, ino } = await this.#parts.vfs.stat('/', { follow: true });
      this.#dev = dev;
      this.#listed.add(ino);
      this.#routes.push([new Folder('', ino, await this.#parts.vfs.list('/'))]);
      await this.#steps();
    });
  }

  /**
   * A folder has another name than it had: it is listed, unless it was. Resolves when there is room for more of them;
   * once `run` has resolved, when it is listed and all that is in it.
   * @param listing opened by the new name; the walk closes it
   */
  async moved(listing: Listing): Promise<void> {
    // Before the walk begins nothing can have been missed.
    if (this.#state === 'new' || this.#state === 'over') return listing.close();
    const ino = await this.#inodeOf(listing).catch(nothingWhereGone);
    if (ino === null) return listing.close();
    while (this.#state === 'walking' && this.#arrived.length >= arrivedMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#isOver()) return listing.close();
    this.#arrived.push({ listing, ino });
    if (this.#state !== 'idle') return;
    this.#state = 'walking';
    await this.#guarded(() => this.#steps());
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#state = 'over';
      const routes = [...this.#routes.splice(0), ...this.#lost.splice(0)];
      const open = [...routes.flat(), ...this.#arrived.splice(0)].flatMap(({ listing }) => listing ?? []);
      await Promise.allSettled(open.map((listing) => listing.close()));
      throw thrown;
    } finally {
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #steps(): Promise<void> {
    for (;;) {
      await this.#takeArrived();
      // Folders that moved come first: each is held open, and others may be waiting.
      const route = this.#routes[1] ?? this.#routes[0];
      if (route) await this.#step(route);
      else if (this.#arrived.length === 0) break;
    }
    this.#state = 'idle';
    this.#parts.progress?.(this.#entries);
  }

  async #takeArrived(): Promise<void> {
    for (let next = this.#arrived[0]; next; next = this.#arrived[0]) {
      const { listing, ino } = next;
      const listed = this.#listed.has(ino);
      if (!listed && this.#routes.length >= routesMax) return;
      this.#arrived.shift();
      if (!listed) {
        this.#listed.add(ino);
        this.#routes.push([new Folder('', ino, listing)]);
      } else await this.#found(listing, ino);
      this.#wake();
    }
  }

  /** A folder that was entered before: if the walk has to come back to it, it will find it no more by its old name. */
  async #found(listing: Listing, ino: number): Promise<void> {
    for (const routes of [this.#routes, this.#lost]) {
      for (const route of routes) {
        const index = route.findIndex((folder) => folder.ino === ino);
        if (index < 0 || (index === 0 && routes === this.#routes)) continue;
        const [first, ...others] = route.splice(index);
        if (!first) continue;
        if (route.length === 0) routes.splice(routes.indexOf(route), 1);
        this.#routes.push([first, ...others]);
        if (first.listing) await listing.close();
        else first.listing = listing;
        for (const folder of others) await this.#letGo(folder);
        return;
      }
    }
    await listing.close();
  }

  async #step(route: Route): Promise<void> {
    const folder = route.at(-1);
    if (!folder || folder.done) {
      route.pop();
      if (route.length === 0) this.#routes.splice(this.#routes.indexOf(route), 1);
      await folder?.listing?.close();
    } else if (!folder.listing) {
      await this.#reopen(route);
    } else {
      if (folder.names.length === 0 && folder.dropped) {
        // Its listing is a new one, not read yet: it was let go when it was dropped from.
        folder.dropped = false;
        folder.ended = false;
        folder.again = true;
      }
      if (!folder.ended && folder.names.length < namesAtOnce) await this.#read(folder, folder.listing, false);
      else await this.#enterNext(route, folder, folder.listing);
    }
  }

  async #read(folder: Folder, listing: Listing, lettingGo: boolean): Promise<void> {
    const entries = await this.#working(() => listing.next(entriesAtOnce).catch(nothingWhereGone));
    if (!entries || entries.length === 0) folder.ended = true;
    for (const { name, stats } of entries ?? []) {
      const here = stats.dev === this.#dev;
      if (!folder.again) {
        this.#entries++;
        this.#parts.meet(stats, here);
      }
      if (stats.kind !== 'folder' || !here || this.#listed.has(stats.ino)) continue;
      if (lettingGo && this.#namesBytes > this.#budget && folder.names.length >= namesLeast) {
        folder.dropped = true;
      } else {
        folder.names.push(name);
        this.#namesBytes += name.length + bytesBesides;
      }
    }
  }

  async #enterNext(route: Route, folder: Folder, listing: Listing): Promise<void> {
    const name = folder.names.pop() ?? '';
    this.#namesBytes -= name.length + bytesBesides;
    const entered = await this.#enter(listing, name);
    if (!entered) return;
    if (!this.#listed.add(entered.ino)) return entered.listing.close();
    route.push(new Folder(name, entered.ino, entered.listing));
    await this.#thinOut(route, route.length - 1);
  }

  /** Comes back to the last folder of a route from the nearest one above that is open. */
  async #reopen(route: Route): Promise<void> {
    for (let depth = route.findLastIndex(({ listing }) => listing !== null) + 1; ; depth++) {
      const above = route[depth - 1]?.listing;
      const folder = route[depth];
      if (!folder || !above) return;
      const entered = await this.#enter(above, folder.name);
      if (entered?.ino !== folder.ino) {
        await entered?.listing.close();
        this.#lost.push(route.splice(depth));
        return;
      }
      folder.listing = entered.listing;
      await this.#thinOut(route, depth);
    }
  }

  async #thinOut(route: Route, depth: number): Promise<void> {
    const surplus = surplusAt(depth);
    const folder = surplus === null ? undefined : route[surplus];
    if (folder) await this.#letGo(folder);
  }

  async #letGo(folder: Folder): Promise<void> {
    const { listing } = folder;
    if (!listing) return;
    while (!folder.ended) await this.#read(folder, listing, true);
    if (this.#namesBytes > this.#budget) {
      for (const { length } of folder.names.splice(namesLeast)) {
        folder.dropped = true;
        this.#namesBytes -= length + bytesBesides;
      }
    }
    folder.listing = null;
    await listing.close();
  }

  /** @returns `null` where it is gone */
  async #enter(above: Listing, name: ByteString): Promise<Entered | null> {
    return this.#working(async () => {
      const listing = await this.#listingIn(above, name);
      return listing && { listing, ino: await this.#inodeOf(listing) };
    });
  }

  async #listingIn(above: Listing, name: ByteString): Promise<Listing | null> {
    try {
      if (above.enter) return await above.enter(name);
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== 'unsupported') return nothingWhereGone(thrown);
    }
    const { vfs } = this.#parts;
    const path = below(above.path, name);
    try {
      return (await vfs.stat(path, { follow: false })).kind === 'folder' ? await vfs.list(path) : null;
    } catch (thrown) {
      return nothingWhereGone(thrown);
    }
  }

  async #inodeOf({ inode, path }: Listing): Promise<number> {
    return (inode ?? (await this.#parts.vfs.stat(path, { follow: false }))).ino;
  }

  /** Does some work, and gives way once there was enough of it. */
  async #working<T>(work: () => Promise<T>): Promise<T> {
    const { signal, pause = aTurn, progress } = this.#parts;
    if (signal?.aborted) throw new Fault('cancelled');
    const began = performance.now();
    const result = await work();
    this.#worked += performance.now() - began;
    if (this.#worked >= workAtOnce) {
      progress?.(this.#entries);
      await pause(this.#worked);
      this.#worked = 0;
    }
    return result;
  }
}

function nothingWhereGone(thrown: unknown): null {
  if (thrown instanceof Fault && gone.has(thrown.code)) return null;
  throw thrown;
}

function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
