import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteString } from '../names.js';
import { statOf, type LocalStat } from './local-files.js';
import { fsPath } from './local-path.js';

/** Bytes; what is larger is read in pieces, off the event loop. */
export const smallFile = 256 * 1024;

/** Milliseconds; a disk that takes longer is waited for in other threads, which can wait for several files at once. */
const quick = 5;
/** Files that are left to other threads before the disk is tried here again. */
const restAfterSlow = 16;

/** Not on Windows. */
const unix: Partial<typeof constants> = constants;

/** All of a small file at one moment. */
export interface SmallFile {
  readonly stat: LocalStat;
  readonly bytes: Buffer;
}

export interface SmallFilesParts {
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

/**
 * Reads small files in this thread, as long as the disk is quick: four calls through libuv's threads cost ten times
 * what they do, and a tree of small files has little else to be done for here.
 */
export class SmallFiles {
  readonly #now: () => number;
  #rest = 0;

  constructor({ now = () => performance.now() }: SmallFilesParts = {}) {
    this.#now = now;
  }

  /** `null` where it is none that can be read so, for whatever reason: it is left to who reads larger ones. */
  read(path: ByteString): SmallFile | null {
    if (this.#rest > 0) {
      this.#rest--;
      return null;
    }
    const began = this.#now();
    try {
      return readWhole(path);
    } catch {
      return null;
    } finally {
      if (this.#now() - began > quick) this.#rest = restAfterSlow;
    }
  }
}

function readWhole(path: ByteString): SmallFile | null {
  // Not waiting for the other end of a pipe.
  const descriptor = openSync(fsPath(path), constants.O_RDONLY | (unix.O_NONBLOCK ?? 0));
  try {
    const stat = statOf(fstatSync(descriptor));
    // Files of /proc say that they are empty.
    if (stat.kind !== 'file' || stat.size === 0 || stat.size > smallFile) return null;
    const bytes = Buffer.allocUnsafe(stat.size);
    return readSync(descriptor, bytes, 0, stat.size, 0) === stat.size ? { stat, bytes } : null;
  } finally {
    closeSync(descriptor);
  }
}
