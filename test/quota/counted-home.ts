import { Scan, type ScanParts } from '../../src/quota/scan.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import type { Change, Listing, Vfs } from '../../src/vfs/vfs.js';

export type Moment = 'list' | 'before-next' | 'after-next' | 'before-enter' | 'after-enter';

/** A filesystem that stops wherever the walk can be. `after-next` is when the stats are taken and not yet counted. */
export class StoppingVfs extends DelegatingVfs {
  readonly #at: (moment: Moment, path: string) => Promise<void>;

  constructor(inner: Vfs, at: (moment: Moment, path: string) => Promise<void>) {
    super(inner);
    this.#at = at;
  }

  override async list(path: string): Promise<Listing> {
    await this.#at('list', path);
    return this.#stopping(await super.list(path));
  }

  #stopping(listing: Listing): Listing {
    const { path, inode } = listing;
    return {
      path,
      inode,
      next: async (count) => {
        await this.#at('before-next', path);
        // Few at a time, so that there are more places to stop at.
        const entries = await listing.next(Math.min(count, 3));
        await this.#at('after-next', path);
        return entries;
      },
      enter: async (name) => {
        await this.#at('before-enter', `${path}/${name}`);
        const entered = await listing.enter?.(name);
        await this.#at('after-enter', `${path}/${name}`);
        if (!entered) throw new Error('cannot be entered');
        return this.#stopping(entered);
      },
      close: () => listing.close(),
    };
  }
}

/** Changes a home while it is counted, and tells the scan, as the owner of a ledger does. */
export class CountedHome {
  readonly scan: Scan;
  /** What it said of how far it is. */
  readonly told: number[] = [];
  readonly #vfs: Vfs;
  /** `null`: counts if the walk met it. */
  readonly #followed = new Map<number, { bytes: number; counts: boolean | null }>();
  readonly #moves: Promise<void>[] = [];
  readonly #untold: Listing[] = [];

  constructor(vfs: Vfs, parts: Omit<ScanParts, 'vfs'> & { readonly walked?: Vfs } = {}) {
    this.#vfs = vfs;
    this.scan = new Scan({
      progress: (entries) => this.told.push(entries),
      ...parts,
      vfs: parts.walked ?? vfs,
    });
  }

  async create(path: string): Promise<void> {
    const handle = await this.#vfs.open(path, { write: true, create: true, exclusive: true });
    this.#follow(handle.opened, true);
    await handle.close();
  }

  async resize(path: string, size: number): Promise<void> {
    const handle = await this.#vfs.open(path, { write: true });
    this.#follow(handle.opened, null);
    const { bytesAfter } = await handle.set({ size });
    const followed = this.#followed.get(handle.inode.ino);
    if (followed) followed.bytes = bytesAfter;
    await handle.close();
  }

  async mkdir(path: string): Promise<void> {
    this.#follow(await this.#vfs.mkdir(path, 0o755), true);
  }

  async remove(path: string): Promise<void> {
    this.#follow(await this.#vfs.remove(path), false);
  }

  async rmdir(path: string): Promise<void> {
    this.#follow(await this.#vfs.rmdir(path), false);
  }

  async rename(from: string, to: string, replace = true): Promise<void> {
    const change = await this.#vfs.rename(from, to, { replace });
    this.#follow(change, true);
    if (change.replaced) this.#follow(change.replaced, false);
    if (change.kind === 'folder') this.#untold.push(await this.#vfs.list(to));
  }

  /** Tells the scan of folders that moved, all but the last few. */
  tell(keep = 0): void {
    while (this.#untold.length > keep) {
      const listing = this.#untold.shift();
      // Not waited for here: the walk, which makes room, may be the one that is stopped meanwhile.
      if (listing) this.#moves.push(this.scan.moved(listing));
    }
  }

  #follow({ ino, bytesBefore, bytesAfter, created }: Change, counts: boolean | null): void {
    const known = this.#followed.get(ino);
    this.scan.touch(ino, bytesBefore);
    const bytes = created ? bytesAfter : (known?.bytes ?? bytesBefore);
    this.#followed.set(ino, { bytes, counts: counts ?? known?.counts ?? null });
  }

  async total(): Promise<{ bytes: number; files: number }> {
    this.tell();
    await Promise.all(this.#moves);
    let { bytes, files } = this.scan.untouched;
    for (const [ino, followed] of this.#followed) {
      if (!(followed.counts ?? this.scan.hasMet(ino))) continue;
      bytes += followed.bytes;
      files++;
    }
    return { bytes, files };
  }
}
