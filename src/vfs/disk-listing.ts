import { opendir } from 'node:fs/promises';
import type { Dir, OpenDirOptions } from 'node:fs';
import { fromBytes, type ByteString } from '../names.js';
import { Fault } from '../fault.js';
import { disk } from './disk-calls.js';
import { diskFault } from './errno.js';
import type { HeldFolder } from './jail-look.js';
import { self } from './jail.js';
import { entered } from './path.js';
import { Turns } from './turns.js';
import { unpackStats } from './stats.js';
import type { Entry, Inode, Listing } from './vfs.js';

/** What path threads do for a listing. */
export interface ListingCalls {
  /** Stats of names in a held folder, packed. */
  readonly statEach: (folder: number, names: readonly ByteString[]) => Promise<Float64Array>;
  readonly holdWithin: (folder: number, name: ByteString) => Promise<HeldFolder>;
}

/** Names the kernel is asked for at once. */
const namesAtOnce = 128;

/**
 * Entries of one folder, a batch at a time: names come through libuv's pool, their stats from a path thread, both by
 * the descriptor, so that no thread is bound to a listing and a moved folder stays the one that was opened. Names are
 * asked for by a second descriptor, from the first batch to the end.
 */
export class DiskListing implements Listing {
  readonly path: ByteString;
  readonly inode: Inode;
  readonly #folder: number;
  readonly #calls: ListingCalls;
  readonly #turns = new Turns();
  #names: Dir | 'unread' | 'ended' = 'unread';
  #closed = false;

  /** @param folder from now on the listing's to close */
  constructor(path: ByteString, { descriptor, dev, ino }: HeldFolder, calls: ListingCalls) {
    this.path = path;
    this.inode = { dev, ino };
    this.#folder = descriptor;
    this.#calls = calls;
  }

  next(count: number): Promise<readonly Entry[]> {
    return this.#turns.alone(async () => {
      if (this.#closed) throw new Fault('bad-handle');
      for (;;) {
        const names = await this.#nextNames(count);
        if (names.length === 0) return [];
        const found = unpackStats(await this.#calls.statEach(this.#folder, names));
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
      // Node hands out names as bytes when told so (J3); its types do not know.
      const options = { encoding: 'buffer', bufferSize: namesAtOnce } as unknown as OpenDirOptions;
      if (this.#names === 'unread') this.#names = await opendir(self(this.#folder), options);
      while (this.#names !== 'ended' && names.length < count) {
        const entry = await this.#names.read();
        if (entry) names.push(fromBytes(entry.name as unknown as Buffer));
        else await this.#endNames();
      }
    } catch (thrown) {
      throw diskFault(thrown);
    }
    return names;
  }

  async #endNames(): Promise<void> {
    const names = this.#names;
    this.#names = 'ended';
    if (typeof names !== 'string') await names.close();
  }

  enter(name: ByteString): Promise<Listing> {
    return this.#turns.alone(async () => {
      if (this.#closed) throw new Fault('bad-handle');
      const folder = await this.#calls.holdWithin(this.#folder, name);
      return new DiskListing(entered(this.path, name), folder, this.#calls);
    });
  }

  close(): Promise<void> {
    return this.#turns.alone(async () => {
      if (this.#closed) throw new Fault('bad-handle');
      this.#closed = true;
      try {
        await this.#endNames();
      } finally {
        await disk.close(this.#folder);
      }
    });
  }
}
