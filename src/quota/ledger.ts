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
}

/** The books of one home in memory: what is used, what is lent to whom, and which files are open. It decides nothing. */
export class Ledger {
  #bytes: number;
  #files: number;
  readonly #leases = new Map<string, number>();
  #leased = 0;
  readonly open = new Map<number, OpenFile>();
  /** Whether more was given back than there was: somebody changed the home behind the server's back (L5). */
  drifted = false;

  constructor(bytes: number, files: number) {
    this.#bytes = bytes;
    this.#files = files;
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
    this.drifted = true;
    this.#bytes = Math.max(0, this.#bytes);
    this.#files = Math.max(0, this.#files);
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

  /** The last name inside the home is gone. @param bytes st_size, for a file that nobody has open */
  unnamed(inode: number, bytes: number): void {
    const file = this.open.get(inode);
    if (!file) {
      this.add(-bytes, -1);
      return;
    }
    file.gone = true;
    file.size ??= bytes;
  }

  entered(inode: number, opener: string, size: number | null): OpenFile {
    let file = this.open.get(inode);
    if (!file) this.open.set(inode, (file = { size, gone: false, claim: null, openers: new Set() }));
    file.openers.add(opener);
    return file;
  }

  /** Whether it was the last that had the file open, and the file had no name: then it is paid for no more. */
  left(inode: number, opener: string): boolean {
    const file = this.open.get(inode);
    if (!file) return false;
    file.openers.delete(opener);
    if (file.claim === opener) file.claim = null;
    if (file.openers.size > 0) return false;
    this.open.delete(inode);
    if (!file.gone) return false;
    this.add(-(file.size ?? 0), -1);
    return true;
  }
}
