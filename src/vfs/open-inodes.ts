import { Turns } from './turns.js';
import type { Change, Inode, Stats } from './vfs.js';

type Seen = Pick<Stats, 'dev' | 'ino' | 'size' | 'nlink'>;

/**
 * The inodes this process has open, one registry for all its filesystems: what several handles on one inode, of
 * whatever session, do to its size is known here exactly. Growth by other processes is not (L6 keeps them apart).
 */
export class OpenInodes {
  readonly #inodes = new Map<string, OpenInode>();
  #forgotten = 0;

  /** How many inodes are open. */
  get size(): number {
    return this.#inodes.size;
  }

  /** Call before an open begins, and hand the result to `enter`. */
  beginning(): number {
    return this.#forgotten;
  }

  /**
   * Counts one more handle.
   * @param seen size and links as they were when opening
   * @param begun what `beginning` said before that
   * @param measure asks for the size again, where another handle may have written and closed in between
   */
  enter(seen: Seen, begun: number, measure: () => Promise<number>): OpenInode {
    const key = `${seen.dev}:${seen.ino}`;
    let open = this.#inodes.get(key);
    if (!open) {
      open = new OpenInode(seen, () => {
        this.#inodes.delete(key);
        this.#forgotten++;
      });
      this.#inodes.set(key, open);
      if (begun !== this.#forgotten) open.remeasure(measure);
    }
    open.handles++;
    return open;
  }

  get(inode: Inode): OpenInode | undefined {
    return this.#inodes.get(`${inode.dev}:${inode.ino}`);
  }

  /** Takes note of names that came or went. */
  noted(change: Change): Change {
    for (const one of change.replaced ? [change, change.replaced] : [change]) {
      const open = this.get(one);
      if (open) open.links = one.linksLeft;
    }
    return change;
  }
}

/** One open inode: its size, and whose turn it is to change that. */
export class OpenInode {
  /** Positional writes run together; truncation and appending alone. */
  readonly turns = new Turns();
  handles = 0;
  /** Names on the inode, as the last change of them left it. */
  links: number;
  #size: number;
  readonly #forget: () => void;

  constructor({ size, nlink }: Seen, forget: () => void) {
    this.#size = size;
    this.links = nlink;
    this.#forget = forget;
  }

  /** st_size, as far as this process has finished changing it. */
  get size(): number {
    return this.#size;
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

  remeasure(measure: () => Promise<number>): void {
    void this.turns.alone(async () => {
      // What cannot be measured stays as it was seen when opening.
      this.#size = await measure().catch(() => this.#size);
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
