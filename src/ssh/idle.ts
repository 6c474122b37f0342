import type { Timers } from './timers.js';

/**
 * Calls once when nothing was asked for so long and nothing is being answered. Keepalives and their answers are nobody's
 * request.
 */
export class Idle {
  readonly #timers: Timers;
  readonly #limit: () => number;
  readonly #busy: () => boolean;
  readonly #expired: () => void;
  #last: number;
  #cancel: () => void = () => undefined;

  /** `limit` in milliseconds, read again each time, so that a changed setting acts at once. */
  constructor(timers: Timers, limit: () => number, busy: () => boolean, expired: () => void) {
    this.#timers = timers;
    this.#limit = limit;
    this.#busy = busy;
    this.#expired = expired;
    this.#last = timers.now();
    this.#arm();
  }

  touch(): void {
    this.#last = this.#timers.now();
  }

  close(): void {
    this.#cancel();
  }

  #arm(): void {
    if (this.#busy()) this.touch();
    const left = this.#last + this.#limit() - this.#timers.now();
    if (left <= 0) this.#expired();
    else this.#cancel = this.#timers.after(left, () => this.#arm());
  }
}
