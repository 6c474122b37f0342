import { FolderWalk } from './folder-walk.js';
import { InodeSet } from './inode-set.js';
import { bytesOf } from './stats.js';
import type { Vfs } from './vfs.js';

export interface Usage {
  /** Sum of st_size over regular files, each inode once; a sparse file counts in full. */
  readonly bytes: number;
  /** Distinct inodes below the root, itself excluded. */
  readonly files: number;
}

/**
 * Counts what a filesystem holds, as the ledger counts. What changes meanwhile may be counted before or after, and what
 * moves twice or not at all.
 * @throws Fault `cancelled` once `signal` is aborted
 */
export async function measure(vfs: Vfs, signal?: AbortSignal): Promise<Usage> {
  let bytes = 0;
  let files = 0;
  const severalNames = new InodeSet();
  const walk = new FolderWalk({
    vfs,
    signal,
    meet: (stats) => {
      if (stats.kind !== 'folder' && stats.nlink > 1 && !severalNames.add(stats.ino)) return;
      files++;
      bytes += bytesOf(stats);
    },
  });
  await walk.run();
  return { bytes, files };
}
