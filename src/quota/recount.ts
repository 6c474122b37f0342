import type { Listing } from '../vfs/vfs.js';
import type { OpenFile } from './ledger.js';
import type { Count } from './home-usage.js';
import { Scan, type ScanParts } from './scan.js';

interface Followed {
  bytes: number;
  /** Whether it counts; `null` where nothing was heard of its names: then it counts if the walk met it. */
  counts: boolean | null;
}

/**
 * One count of a home in use (L7): the walk answers for the inodes that nobody touched, the owner, who hears of every
 * change before or as it happens, for the others. `total` is exact in any turn in which no change of names is half
 * done.
 */
export class Recount {
  readonly #scan: Scan;
  readonly #followed = new Map<number, Followed>();
  /** An inode with several names changed them: which of them are inside is not known to either side. */
  unsure = false;

  /** @param open files that are open as it begins */
  constructor(parts: ScanParts, open: ReadonlyMap<number, OpenFile>) {
    this.#scan = new Scan(parts);
    for (const [inode, { size, gone }] of open) {
      if (size !== null) this.follow(inode, size, gone ? true : null);
    }
  }

  run(): Promise<void> {
    return this.#scan.run();
  }

  /**
   * From now on the owner tells of this inode. Call it before the size can change.
   * @param bytes what it has had until now
   * @param counts whether it is in the home; `null` where that is as before
   */
  follow(inode: number, bytes: number, counts: boolean | null): void {
    let known = this.#followed.get(inode);
    if (known) {
      known.counts = counts ?? known.counts;
    } else {
      this.#scan.touch(inode, bytes);
      this.#followed.set(inode, (known = { bytes, counts }));
    }
    // From now on the number may be that of another one, which begins empty.
    if (counts === false) known.bytes = 0;
  }

  sized(inode: number, before: number, after: number): void {
    this.follow(inode, before, null);
    const known = this.#followed.get(inode);
    if (known) known.bytes += after - before;
  }

  /** A folder has another name. @param folder opened by it, and closed here */
  moved(folder: Listing): Promise<void> {
    return this.#scan.moved(folder);
  }

  total(): Count {
    let { bytes, files } = this.#scan.untouched;
    for (const [inode, { bytes: size, counts }] of this.#followed) {
      if (!(counts ?? this.#scan.hasMet(inode))) continue;
      bytes += size;
      files++;
    }
    return { bytes, files };
  }

  /** Names inside the home of the inodes that have more than one there. */
  links(): ReadonlyMap<number, number> {
    return new Map([...this.#scan.links].filter(([, names]) => names > 1));
  }
}
