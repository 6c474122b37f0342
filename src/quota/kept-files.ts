import type { Handle } from '../vfs/vfs.js';

/** Milliseconds that a file made for a peer is kept open for it. */
const patience = 10_000;

/**
 * Files that the owner has made for a peer and keeps open until the peer has opened them too: until then their inode
 * numbers must not come to mean other files.
 */
export class KeptFiles {
  readonly #after: (milliseconds: number, run: () => void) => () => void;
  readonly #closers = new Map<number, () => void>();
  readonly #closing = new Set<Promise<void>>();
  #last = 0;

  /** @param after runs once after so many milliseconds; returns the way to prevent it */
  constructor(after: (milliseconds: number, run: () => void) => () => void) {
    this.#after = after;
  }

  next(): number {
    return ++this.#last;
  }

  /**
   * @param letGo called just before the file is closed: its inode's number may be the next file's by then; what it gives
   * is called once it is closed
   */
  keep(token: number, handle: Handle, letGo: () => () => unknown): void {
    const cancel = this.#after(patience, () => this.release(token));
    this.#closers.set(token, () => {
      cancel();
      const closed = letGo();
      const closing = handle
        .close()
        .catch(() => undefined)
        .then(() => {
          this.#closing.delete(closing);
          closed();
        });
      this.#closing.add(closing);
    });
  }

  release(token: number): void {
    this.#closers.get(token)?.();
    this.#closers.delete(token);
  }

  /** Resolves once they are closed, those that were let go before too. */
  async releaseAll(): Promise<void> {
    for (const token of [...this.#closers.keys()]) this.release(token);
    await Promise.all(this.#closing);
  }
}
