import { opendir } from 'node:fs/promises';
import type { Dir, OpenDirOptions } from 'node:fs';
import { fromBytes, type ByteString } from '../names.js';
import { Fault } from '../fault.js';
import { disk } from './disk-calls.js';
import { diskFault } from './errno.js';
import { self } from './jail.js';
import { Turns } from './turns.js';
import { unpackStats } from './stats.js';
import type { Entry, Listing } from './vfs.js';

/** Stats of names in a held folder, packed; from a path thread. */
export type StatEach = (folder: number, names: readonly ByteString[]) => Promise<Float64Array>;

/** Names the kernel is asked for at once. */
const namesAtOnce = 128;

/**
 * Entries of one folder, a batch at a time: names come through libuv's pool, their stats from a path thread, both by
 * the descriptor, so that no thread is bound to a listing and a moved folder stays the one that was opened.
 */
export class DiskListing implements Listing {
  readonly path: ByteString;
  readonly #folder: number;
  readonly #names: Dir;
  readonly #statEach: StatEach;
  readonly #turns = new Turns();
  #closed = false;

  private constructor(path: ByteString, folder: number, names: Dir, statEach: StatEach) {
    this.path = path;
    this.#folder = folder;
    this.#names = names;
    this.#statEach = statEach;
  }

  /** @param folder descriptor of the folder, from now on the listing's to close */
  static async open(path: ByteString, folder: number, statEach: StatEach): Promise<DiskListing> {
    try {
      // Node hands out names as bytes when told so (J3); its types do not know.
      const options = { encoding: 'buffer', bufferSize: namesAtOnce } as unknown as OpenDirOptions;
      return new DiskListing(path, folder, await opendir(self(folder), options), statEach);
    } catch (thrown) {
      await disk.close(folder);
      throw diskFault(thrown);
    }
  }

  next(count: number): Promise<readonly Entry[]> {
    return this.#turns.alone(async () => {
      if (this.#closed) throw new Fault('bad-handle');
      for (;;) {
        const names = await this.#nextNames(count);
        if (names.length === 0) return [];
        const found = unpackStats(await this.#statEach(this.#folder, names));
        const entries = names.flatMap((name, index) => {
          const stats = found[index];
          return stats ? [{ name, stats }] : [];
        });
        // An empty batch would say that the end is reached.
        if (entries.length > 0) return entries;
      }
    });
  }

  async #nextNames(count: number): Promise<ByteString[]> {
    const names: ByteString[] = [];
    try {
      while (names.length < count) {
        const entry = await this.#names.read();
        if (entry === null) break;
        names.push(fromBytes(entry.name as unknown as Buffer));
      }
    } catch (thrown) {
      throw diskFault(thrown);
    }
    return names;
  }

  close(): Promise<void> {
    return this.#turns.alone(async () => {
      if (this.#closed) throw new Fault('bad-handle');
      this.#closed = true;
      try {
        await this.#names.close();
      } finally {
        await disk.close(this.#folder);
      }
    });
  }
}
