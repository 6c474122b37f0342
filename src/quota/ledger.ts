import type { Count } from './home-usage.js';
import type { Sized } from './messages.js';

/** A file that some process has open, as the owner of its home knows it. */
export interface OpenFile {
  /** As charged and settled; `null` while nobody has had the claim and nothing was removed: then it is as on disk. */
  size: number | null;
  /** It has no name inside the home any more, and is paid for until it is closed (L3). */
  gone: boolean;
  /** The one process that may change its size. */
  claim: string | null;
  /** Processes that have it open, and what the owner itself keeps open for one of them. */
  readonly openers: Set<string>;
  /** Those of them who looked at it before its last writer died: they are to look again before they write. */
  readonly stale: Set<string>;
}

interface Closing {
  readonly inode: number;
  readonly opener: string;
  size: number | null;
  gone: boolean;
}

/** The books of one home in memory: what is used, what is lent to whom, and which files are open. It decides nothing. */
export class Ledger {
  #bytes: number;
  #files: number;
  readonly #leases = new Map<string, number>();
  #leased = 0;
  readonly open = new Map<number, OpenFile>();
  readonly #closing = new Map<number, Closing>();
  #lastTicket = 0;
  /** What files had that were left since a change of names began: it may have measured them before. */
  #leftMeanwhile: Map<number, number> | null = null;
  /** Whether more was given back than there was: somebody changed the home behind the server's back (L5). */
  drifted = false;

  readonly #drifts: () => void;

  /** @param drifts called when it begins to be `drifted` */
  constructor(bytes: number, files: number, drifts: () => void = () => undefined) {
    this.#bytes = bytes;
    this.#files = files;
    this.#drifts = drifts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get files(): number {
    return this.#files;
  }

  /** Bytes that processes may still write without asking. */
  get leased(): number {
    return this.#leased;
  }

  /** What a scan found in place of what was known. */
  replace(bytes: number, files: number): void {
    this.#bytes = bytes;
    this.#files = files;
    this.drifted = false;
  }

  add(bytes: number, files: number): void {
    this.#bytes += bytes;
    this.#files += files;
    if (this.#bytes >= 0 && this.#files >= 0) return;
    this.#bytes = Math.max(0, this.#bytes);
    this.#files = Math.max(0, this.#files);
    if (this.drifted) return;
    this.drifted = true;
    this.#drifts();
  }

  lend(holder: string, bytes: number): void {
    this.#leases.set(holder, (this.#leases.get(holder) ?? 0) + bytes);
    this.#leased += bytes;
  }

  /** Growth that was written comes out of the lease of whoever wrote; what was cut off goes into it. */
  settle(holder: string, [inode, before, after]: Sized): void {
    this.add(after - before, 0);
    this.lend(holder, before - after);
    const file = this.open.get(inode);
    if (file) file.size = (file.size ?? before) + after - before;
  }

  /** Forgets a lease; resolves to what it was. */
  takeBack(holder: string): number {
    const bytes = this.#leases.get(holder) ?? 0;
    this.#leases.delete(holder);
    this.#leased -= bytes;
    return bytes;
  }

  /** Changes names and books it: the sizes that are measured for it are older than what is told meanwhile. */
  async whileChanging<T>(work: () => Promise<T>): Promise<T> {
    this.#leftMeanwhile = new Map();
    try {
      return await work();
    } finally {
      this.#leftMeanwhile = null;
    }
  }

  /** @param measured st_size, as the change of names that is going on has found it */
  sizeOf(inode: number, measured: number): number {
    return this.open.get(inode)?.size ?? this.#leftMeanwhile?.get(inode) ?? measured;
  }

  /**
   * The last name inside the home is gone.
   * @param measured st_size
   */
  unnamed(inode: number, measured: number): void {
    const bytes = this.sizeOf(inode, measured);
    const file = this.open.get(inode);
    const closing = file ? undefined : this.#closingOf(inode);
    if (file) {
      file.gone = true;
      file.size = bytes;
    } else if (closing) {
      // Others may have written to it since it was left.
      closing.gone = true;
      closing.size = bytes;
    } else {
      this.add(-bytes, -1);
    }
  }

  #closingOf(inode: number): Closing | undefined {
    for (const one of this.#closing.values()) if (one.inode === inode && !one.gone) return one;
    return undefined;
  }

  entered(inode: number, opener: string, seen: number | null): OpenFile {
    let file = this.open.get(inode);
    if (!file) {
      const size = seen === null ? null : this.sizeOf(inode, seen);
      this.open.set(inode, (file = { size, gone: false, claim: null, openers: new Set(), stale: new Set() }));
    }
    file.openers.add(opener);
    return file;
  }

  /**
   * An opener is about to close the file for the last time. From now on the inode's number may come to mean another
   * file; what this one costs is paid until `closed`.
   */
  left(inode: number, opener: string): number | null {
    const file = this.open.get(inode);
    if (!file?.openers.delete(opener)) return null;
    file.stale.delete(opener);
    if (file.claim === opener) file.claim = null;
    if (file.openers.size > 0) return null;
    this.dropped(inode, file);
    const ticket = ++this.#lastTicket;
    this.#closing.set(ticket, { inode, opener, size: file.size, gone: file.gone });
    return ticket;
  }

  /** Nobody has the file open any more. */
  dropped(inode: number, { size, gone }: OpenFile): void {
    this.open.delete(inode);
    if (size !== null && !gone) this.#leftMeanwhile?.set(inode, size);
  }

  /** A file that was left is closed: where it has no name any more, it is paid for no more. */
  closed(ticket: number): void {
    const file = this.#closing.get(ticket);
    this.#closing.delete(ticket);
    if (file?.gone) this.add(-(file.size ?? 0), -1);
  }

  /** What a count found, and the files without a name that are being closed: they are paid for still. */
  withClosing({ bytes, files }: Count): Count {
    for (const { gone, size } of this.#closing.values()) {
      if (!gone) continue;
      bytes += size ?? 0;
      files++;
    }
    return { bytes, files };
  }

  /** Whether anything is open, or about to be closed. */
  get isOpen(): boolean {
    return this.open.size > 0 || this.#closing.size > 0;
  }

  /** A process has died: what it was about to close is closed. */
  closedAll(opener: string): void {
    for (const [ticket, file] of this.#closing) if (file.opener === opener) this.closed(ticket);
  }
}
