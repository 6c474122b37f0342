import type { RunningHash } from './running-hash.js';

/**
 * The hash of what was handed on, and of what of it has arrived: pieces under way keep the hash up to their end, so that
 * after a broken connection nothing is read again to know the hash of what the other side has.
 */
export class SentHash {
  readonly #current: RunningHash;
  /** The first is the longest whose bytes have all arrived. */
  readonly #ends: RunningHash[];

  constructor(begin: RunningHash) {
    this.#current = begin.copy();
    this.#ends = [begin.copy()];
  }

  /** A piece is handed on. */
  add(piece: Buffer): void {
    this.#current.update(piece);
    this.#ends.push(this.#current.copy());
  }

  /** All before that place of the file have arrived. */
  arrived(position: number): void {
    let next = this.#ends[1];
    while (next && next.length <= position) {
      this.#ends.shift();
      next = this.#ends[1];
    }
  }

  /** Of a beginning that has arrived; all of it but for the part of a piece. */
  get safe(): RunningHash {
    return this.#ends[0] ?? this.#current;
  }

  /** Of all that was handed on. */
  get whole(): RunningHash {
    return this.#current;
  }
}
