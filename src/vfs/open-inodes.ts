import { Turns } from './turns.js';
import type { Change, Inode, Stats } from './vfs.js';

type Seen = Pick<Stats, 'dev' | 'ino' | 'size' | 'nlink'>;
type Measured = Pick<Stats, 'size' | 'nlink'>;

/**
 * The inodes this process has open, one registry for all its filesystems: what several handles on one inode, of
 * whatever session, do to its size is known here exactly. Growth by other processes is not (L6 keeps them apart).
 */
export class OpenInodes {
  readonly #inodes = new Map<string, OpenInode>();
  /** Counts what makes a look at an inode, taken before, out of date: forgotten inodes and changed names. */
  #events = 0;

  /** How many inodes are open. */
  get size(): number {
    return this.#inodes.size;
  }

  /** Call before an open begins, and hand the result to `enter`. */
  beginning(): number {
    return this.#events;
  }

  /**
   * Counts one more handle.
   * @param home whose file it is; another home's changes of names are not this inode's
   * @param seen size and links as they were when opening
   * @param begun what `beginning` said before that
   * @param measure looks again, where another handle may have written and closed, or a name come or gone, in between
   */
  enter(home: string, seen: Seen, begun: number, measure: () => Promise<Measured>): OpenInode {
    const key = `${seen.dev}:${seen.ino}`;
    const known = this.#inodes.get(key);
    const open = known ?? new OpenInode(seen, () => this.#forget(key));
    open.handles++;
    open.homes.add(home);
    if (known) return open;
    this.#inodes.set(key, open);
    if (begun !== this.#events) open.remeasure(measure);
    return open;
  }

  #forget(key: string): void {
    this.#inodes.delete(key);
    this.#events++;
  }

  get(inode: Inode): OpenInode | undefined {
    return this.#inodes.get(`${inode.dev}:${inode.ino}`);
  }

  /** Takes note of names that came or went in a home; the change, with the sizes that are known here. */
  noted(home: string, change: Change): Change {
    for (const one of change.replaced ? [change, change.replaced] : [change]) {
      if (one.kind === 'file') this.#events++;
      this.#of(home, one)?.named(one.linksLeft);
    }
    const sized = this.sized(home, change);
    return change.replaced ? { ...sized, replaced: this.sized(home, change.replaced) } : sized;
  }

  /**
   * A change that kept the size: of an open inode it tells the size as far as its changes have told it. What the disk
   * says may include a write whose own change is still to come.
   */
  sized(home: string, change: Change): Change {
    const open = this.#of(home, change);
    return open ? { ...change, bytesBefore: open.size, bytesAfter: open.size } : change;
  }

  /**
   * News of two homes may overtake each other: one home's "removed" must not meet the file that another home has made
   * since with the inode number that came free. Within a home they come in order.
   */
  #of(home: string, inode: Inode): OpenInode | undefined {
    const open = this.get(inode);
    return open?.homes.has(home) ? open : undefined;
  }
}

/** One open inode: its size, and whose turn it is to change that. */
export class OpenInode {
  /** Positional writes run together; truncation and appending alone. */
  readonly turns = new Turns();
  handles = 0;
  /** Of which its handles are: one, unless the operator has linked a file into several. */
  readonly homes = new Set<string>();
  #links: number;
  #size: number;
  #named = 0;
  readonly #forget: () => void;

  constructor({ size, nlink }: Seen, forget: () => void) {
    this.#size = size;
    this.#links = nlink;
    this.#forget = forget;
  }

  /** st_size, as far as this process has finished changing it. */
  get size(): number {
    return this.#size;
  }

  /** Names on the inode, as the last change of them left it. */
  get links(): number {
    return this.#links;
  }

  /** Names came or went. */
  named(links: number): void {
    this.#links = links;
    this.#named++;
  }

  /** Bytes were written up to `end`. */
  grewTo(end: number): SizeChange {
    const bytesBefore = this.#size;
    this.#size = Math.max(bytesBefore, end);
    return { bytesBefore, bytesAfter: this.#size };
  }

  /** The size was set; only with the turn alone. */
  becomes(size: number): SizeChange {
    const bytesBefore = this.#size;
    this.#size = size;
    return { bytesBefore, bytesAfter: size };
  }

  remeasure(measure: () => Promise<Measured>): void {
    void this.turns.alone(async () => {
      const named = this.#named;
      const found = await measure().catch(() => null);
      // What cannot be measured stays as it was seen when opening.
      if (!found) return;
      this.#size = found.size;
      // A change of names that was noted meanwhile knows better than a look that may be older.
      if (named === this.#named) this.#links = found.nlink;
    });
  }

  leave(): void {
    if (--this.handles === 0) this.#forget();
  }
}

export interface SizeChange {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}
