import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { below } from './path.js';
import { bytesOf } from './stats.js';
import type { Vfs } from './vfs.js';

export interface Usage {
  /** Sum of st_size over regular files, each inode once; a sparse file counts in full. */
  readonly bytes: number;
  /** Distinct inodes below the root, itself excluded. */
  readonly files: number;
}

const entriesAtOnce = 256;

/**
 * Counts what a filesystem holds, as the ledger counts. In memory stay only folders still to be listed and inodes
 * with several names. What changes meanwhile may be counted before or after.
 * @throws Fault `cancelled` once `signal` is aborted
 */
export async function measure(vfs: Vfs, signal?: AbortSignal): Promise<Usage> {
  let bytes = 0;
  let files = 0;
  const severalNames = new Set<string>();
  const folders: ByteString[] = ['/'];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for await (const { name, stats } of entriesOf(vfs, path, signal)) {
      if (stats.kind === 'folder') folders.push(below(path, name));
      else if (stats.nlink > 1) {
        const inode = `${stats.dev}:${stats.ino}`;
        if (severalNames.has(inode)) continue;
        severalNames.add(inode);
      }
      files++;
      bytes += bytesOf(stats);
    }
  }
  return { bytes, files };
}

async function* entriesOf(vfs: Vfs, path: ByteString, signal: AbortSignal | undefined) {
  const listing = await vfs.list(path).catch((thrown: unknown) => {
    // Removed since its parent was listed, or another filesystem that is mounted there (J4): nothing of this home.
    const gone = thrown instanceof Fault && ['not-found', 'not-a-folder', 'denied'].includes(thrown.code);
    if (gone && path !== '/') return null;
    throw thrown;
  });
  if (!listing) return;
  try {
    for (;;) {
      if (signal?.aborted) throw new Fault('cancelled');
      const entries = await listing.next(entriesAtOnce);
      if (entries.length === 0) return;
      yield* entries;
    }
  } finally {
    await listing.close();
  }
}
