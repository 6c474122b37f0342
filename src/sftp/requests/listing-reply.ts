import type { ByteString } from '../../names.js';
import type { Entry } from '../../vfs/vfs.js';
import type { NameEntry } from '../../wire/attrs.js';
import { longname } from '../../wire/longname.js';
import { attrsOf } from '../attributes.js';
import type { Person } from '../context.js';
import { maxListingReply } from '../reply-sizes.js';

/** Bytes of a NAME reply before its entries: packet length, type, id, count [filexfer-02 7]. */
const head = 13;

/** Bytes of one entry beside its two names: lengths, ATTRS with size, owner, permissions and times [filexfer-02 7]. */
const overhead = 4 + 4 + 32;

/** The longest line of `ls -l` without the file's name: an account's name has 64 bytes at most. */
const longestLine = 200;

/** Bytes of the largest entry there can be. */
export const largestEntry = 2 * 255 + longestLine + overhead;

/** The entries of one NAME reply, which grows up to its limit. */
export class ListingReply {
  readonly entries: NameEntry[] = [];
  readonly #owner: ByteString;
  readonly #now: Date;
  #room = maxListingReply - head;

  constructor(person: Person, now: Date) {
    this.#owner = person.name;
    this.#now = now;
  }

  /** Bytes left. */
  get room(): number {
    return this.#room;
  }

  /** Bytes of one entry, on the average of those that are there. */
  get average(): number {
    return (maxListingReply - head - this.#room) / Math.max(1, this.entries.length);
  }

  /** Adds entries as long as they fit; gives those that did not. The first one always fits. */
  add(entries: readonly Entry[]): readonly Entry[] {
    for (const [index, entry] of entries.entries()) {
      const named = this.#named(entry);
      const length = named.name.length + named.longname.length + overhead;
      if (length > this.#room && this.entries.length > 0) return entries.slice(index);
      this.#room -= length;
      this.entries.push(named);
    }
    return [];
  }

  #named({ name, stats }: Entry): NameEntry {
    const attrs = attrsOf(stats);
    const { nlink } = stats;
    const [owner, now] = [this.#owner, this.#now];
    return { name, attrs, longname: longname({ name, attrs, nlink, owner, group: owner, now }) };
  }
}
