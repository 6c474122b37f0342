import { FolderWalk } from '../vfs/folder-walk.js';
import { InodeSet } from '../vfs/inode-set.js';
import { bytesOf } from '../vfs/stats.js';
import type { Listing, Stats, Vfs } from '../vfs/vfs.js';
import type { Count } from './home-usage.js';

export interface ScanParts {
  /** The home's own filesystem, without any rule. */
  readonly vfs: Vfs;
  readonly signal?: AbortSignal;
  /** Called now and then with how many names were met so far. */
  readonly progress?: (entries: number) => void;
  /** Waited for between batches, with the milliseconds the last one took: how the scan gives way to transfers. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/**
 * Counts a home while it is in use (L7). The walk answers for the inodes that nobody touches; whoever changes the home
 * tells of each inode before its size may change, and as soon as its names have. What the walk sees of it later than
 * that, or saw earlier and has not come to yet, does not count; what it has counted is taken off again. So the two
 * never count one inode both, and at no moment neither.
 */
export class Scan {
  readonly #walk: FolderWalk;
  readonly #met = new InodeSet();
  readonly #touched = new InodeSet();
  readonly #links = new Map<number, number>();
  #bytes = 0;
  #files = 0;

  constructor(parts: ScanParts) {
    this.#walk = new FolderWalk({ ...parts, meet: (stats, here) => this.#meet(stats, here) });
  }

  /**
   * Walks; resolves once every folder was listed, those that moved meanwhile included.
   * @throws Fault `cancelled`, and what listing the root, or reading any folder that is still there, throws
   */
  run(): Promise<void> {
    return this.#walk.run();
  }

  /**
   * From now on the owner knows about this inode: the walk counts it no more.
   * @param bytesBefore st_size of a regular file as it was until now, which is what the walk may have counted
   */
  touch(inode: number, bytesBefore: number): void {
    if (!this.#touched.add(inode) || !this.#met.has(inode)) return;
    this.#bytes -= bytesBefore;
    this.#files--;
  }

  isTouched(inode: number): boolean {
    return this.#touched.has(inode);
  }

  /** Whether the walk has met the inode at any time, touched or not. */
  hasMet(inode: number): boolean {
    return this.#met.has(inode);
  }

  /**
   * A folder got another name: it is listed, with all that is in it, unless it was. Resolves when there is room for
   * more of them; once `run` has resolved, when it is counted.
   * @param folder opened by its new name; the scan closes it
   */
  moved(folder: Listing): Promise<void> {
    return this.#walk.moved(folder);
  }

  /** What the walk counted of inodes that nobody touched; the home itself is none of them. */
  get untouched(): Count {
    return { bytes: this.#bytes, files: this.#files };
  }

  /**
   * Names met inside the home, of inodes with several links; of touched ones too, whose number is that of their names
   * unless these changed.
   */
  get links(): ReadonlyMap<number, number> {
    return this.#links;
  }

  #meet(stats: Stats, here: boolean): void {
    const { kind, ino, nlink } = stats;
    if (kind === 'folder' && !here) {
      // Mounted there: its number is another filesystem's, and hides the folder of the home that counts.
      this.#files++;
      return;
    }
    if (kind !== 'folder' && nlink > 1) this.#links.set(ino, (this.#links.get(ino) ?? 0) + 1);
    if (!this.#met.add(ino) || this.#touched.has(ino)) return;
    this.#files++;
    this.#bytes += bytesOf(stats);
  }
}
