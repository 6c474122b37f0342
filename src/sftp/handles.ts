import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Entry, Handle, Listing } from '../vfs/vfs.js';

export interface OpenFile {
  readonly kind: 'file';
  readonly file: Handle;
  /** Copies need to know: a target opened with APPEND takes no offset. */
  readonly append: boolean;
}

export interface OpenFolder {
  readonly kind: 'folder';
  readonly listing: Listing;
  /** Entries fetched and not yet sent, because a reply was full. */
  pending: Entry[];
  started: boolean;
  ended: boolean;
}

export type Open = OpenFile | OpenFolder;

/**
 * The open files and folders of one session. A handle means nothing outside its session, and one that was closed is
 * not given out again before four thousand million others.
 */
export class Handles {
  readonly #limit: number;
  readonly #open = new Map<ByteString, Open>();
  #opening = 0;
  #last = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Reserves one place, opens, and gives the handle; the place is free again if opening fails. */
  async open(opening: () => Promise<Open>): Promise<ByteString> {
    if (this.#open.size + this.#opening >= this.#limit) {
      throw new Fault(
        'too-many',
        `too many open files: this session may have ${this.#limit}; close some first`,
      );
    }
    this.#opening++;
    try {
      const opened = await opening();
      const handle = this.#unused();
      this.#open.set(handle, opened);
      return handle;
    } finally {
      this.#opening--;
    }
  }

  #unused(): ByteString {
    for (;;) {
      this.#last = (this.#last + 1) >>> 0;
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(this.#last);
      const handle = bytes.toString('latin1');
      if (!this.#open.has(handle)) return handle;
    }
  }

  find(handle: ByteString): Open | undefined {
    return this.#open.get(handle);
  }

  /** @throws Fault `bad-handle` when it is not an open file */
  file(handle: ByteString): OpenFile {
    const open = this.#open.get(handle);
    if (open?.kind !== 'file') throw new Fault('bad-handle', 'no such open file');
    return open;
  }

  /** @throws Fault `bad-handle` when it is not an open folder */
  folder(handle: ByteString): OpenFolder {
    const open = this.#open.get(handle);
    if (open?.kind !== 'folder') throw new Fault('bad-handle', 'no such open folder');
    return open;
  }

  async close(handle: ByteString): Promise<void> {
    const open = this.#open.get(handle);
    if (!open) throw new Fault('bad-handle');
    this.#open.delete(handle);
    await (open.kind === 'file' ? open.file.close({ complete: true }) : open.listing.close());
  }

  /** Closes what the client left open; a file among it counts as cut off. */
  async closeAll(): Promise<void> {
    const left = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(
      left.map((open) =>
        open.kind === 'file' ? open.file.close({ complete: false }) : open.listing.close(),
      ),
    );
  }
}
