import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Entry, Handle, Listing } from '../vfs/vfs.js';

export interface OpenFile {
  readonly kind: 'file';
  readonly file: Handle;
  /** The same object for all handles on one file: what is asked of them is done in order [filexfer-02 6.1]. */
  readonly lane: object;
  /** Copies need to know: a target opened with APPEND takes no offset. */
  readonly append: boolean;
}

export interface OpenFolder {
  readonly kind: 'folder';
  readonly listing: Listing;
  /** The position of the listing, which only one READDIR at a time may move. */
  readonly lane: object;
  /** Entries fetched and not yet sent, because a reply was full; changed by `Handles.keep` alone. */
  pending: readonly Entry[];
  /** Bytes of one entry in a reply, as the last ones were. */
  entryBytes: number;
  started: boolean;
  ended: boolean;
}

export type Open = OpenFile | OpenFolder;

/** Bytes of an entry in a reply, before any was seen. */
const firstGuess = 256;

/**
 * The open files and folders of one session. A handle means nothing outside its session, and one that was closed is
 * not given out again before four thousand million others.
 */
export class Handles {
  readonly #limit: number;
  readonly #open = new Map<ByteString, Open>();
  /** Lanes of the files that are open, by inode, and how many handles share each. */
  readonly #lanes = new Map<string, { readonly lane: object; handles: number }>();
  readonly #closing = new Set<Promise<unknown>>();
  #opening = 0;
  #last = 0;
  #pending = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws Fault `too-many` when the session has all it may have; else whatever `opening` throws */
  openFile(opening: () => Promise<Handle>, append: boolean): Promise<ByteString> {
    return this.#opened(async () => {
      const file = await opening();
      return { kind: 'file', file, append, lane: this.#enterLane(file) };
    });
  }

  /** As `openFile`. */
  openFolder(opening: () => Promise<Listing>): Promise<ByteString> {
    return this.#opened(async () => ({
      kind: 'folder',
      listing: await opening(),
      lane: {},
      pending: [],
      entryBytes: firstGuess,
      started: false,
      ended: false,
    }));
  }

  /** Reserves one place, opens, and gives the handle; the place is free again if opening fails. */
  async #opened(opening: () => Promise<Open>): Promise<ByteString> {
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

  /** Entries of all open folders that wait for a reply. */
  get pendingEntries(): number {
    return this.#pending;
  }

  /** Keeps entries of a folder for its next reply, instead of those it had kept. */
  keep(folder: OpenFolder, entries: readonly Entry[]): void {
    this.#pending += entries.length - folder.pending.length;
    folder.pending = entries;
  }

  async close(handle: ByteString): Promise<void> {
    const open = this.#open.get(handle);
    if (!open) throw new Fault('bad-handle');
    this.#open.delete(handle);
    await this.#close(open, true);
  }

  /** Closes what the client left open; a file among it counts as cut off. Resolves once nothing is open any more. */
  async closeAll(): Promise<void> {
    const left = [...this.#open.values()];
    this.#open.clear();
    for (const open of left) {
      const closing: Promise<void> = this.#close(open, false)
        // Nobody is left to be told; the log was.
        .catch(() => undefined)
        .finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
    await Promise.all(this.#closing);
  }

  #enterLane(file: Handle): object {
    const key = laneKey(file);
    const shared = this.#lanes.get(key) ?? { lane: {}, handles: 0 };
    shared.handles++;
    this.#lanes.set(key, shared);
    return shared.lane;
  }

  #leaveLane(file: Handle): void {
    const key = laneKey(file);
    const shared = this.#lanes.get(key);
    if (shared && --shared.handles === 0) this.#lanes.delete(key);
  }

  async #close(open: Open, complete: boolean): Promise<void> {
    if (open.kind === 'folder') {
      this.keep(open, []);
      await open.listing.close();
      return;
    }
    try {
      await open.file.close({ complete });
    } finally {
      this.#leaveLane(open.file);
    }
  }
}

function laneKey({ inode: { dev, ino } }: Handle): string {
  return `${dev}:${ino}`;
}
