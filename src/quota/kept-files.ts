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
      void handle.close().then(closed, closed);
    });
  }

  release(token: number): void {
    this.#closers.get(token)?.();
    this.#closers.delete(token);
  }

  releaseAll(): void {
    for (const token of [...this.#closers.keys()]) this.release(token);
  }
}
