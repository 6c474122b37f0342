import type * as fs from 'node:fs';
import type { Change, Kind, Stats } from './vfs.js';

const typeMask = 0o170000;
const kinds: ReadonlyMap<number, Kind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'symlink'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
  [0o060000, 'block-device'],
  [0o020000, 'character-device'],
]);
const kindOrder: readonly Kind[] = [...kinds.values()];

export function kindOf(mode: number): Kind {
  // Linux knows no other type; a kind that can never be opened is the safe reading.
  return kinds.get(mode & typeMask) ?? 'character-device';
}

export function toStats(stat: fs.Stats): Stats {
  return {
    kind: kindOf(stat.mode),
    dev: stat.dev,
    ino: stat.ino,
    size: stat.size,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    atime: Math.floor(stat.atimeMs / 1000),
    mtime: Math.floor(stat.mtimeMs / 1000),
    nlink: stat.nlink,
  };
}

/** Bytes that count for the ledger: st_size of a regular file, 0 for everything else. */
export function bytesOf(stats: Pick<Stats, 'kind' | 'size'>): number {
  return stats.kind === 'file' ? stats.size : 0;
}

/** The change of an inode seen before and after; `before` is `null` where it was made. */
export function change(before: Stats | null, after: Stats): Change {
  return {
    kind: after.kind,
    dev: after.dev,
    ino: after.ino,
    created: before === null,
    bytesBefore: before === null ? 0 : bytesOf(before),
    bytesAfter: bytesOf(after),
    linksLeft: after.nlink,
  };
}

/**
 * A change of names or attributes: the size is no matter of it, though somebody else may be writing at that moment,
 * whose change it is.
 */
export function sizeKept(after: Stats): Change {
  return change(after, after);
}

const numbersEach = 10;

/** Many stats as one flat array, which crosses between threads at the price of a copy; `null` is kept. */
export function packStats(all: readonly (Stats | null)[]): Float64Array {
  const packed = new Float64Array(all.length * numbersEach);
  all.forEach((stats, index) => {
    const at = index * numbersEach;
    if (stats === null) {
      packed[at] = -1;
      return;
    }
    packed.set(
      [
        kindOrder.indexOf(stats.kind),
        stats.dev,
        stats.ino,
        stats.size,
        stats.mode,
        stats.uid,
        stats.gid,
        stats.atime,
        stats.mtime,
        stats.nlink,
      ],
      at,
    );
  });
  return packed;
}

export function unpackStats(packed: Float64Array): readonly (Stats | null)[] {
  return Array.from({ length: packed.length / numbersEach }, (_, index) => {
    const [
      order = -1,
      dev = 0,
      ino = 0,
      size = 0,
      mode = 0,
      uid = 0,
      gid = 0,
      atime = 0,
      mtime = 0,
      nlink = 0,
    ] = packed.subarray(index * numbersEach, (index + 1) * numbersEach);
    const kind = kindOrder[order];
    return kind === undefined ? null : { kind, dev, ino, size, mode, uid, gid, atime, mtime, nlink };
  });
}
