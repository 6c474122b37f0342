import type { Decisions } from './transfer.js';

/** How long a transfer took, without the time that a person took to answer: a rate speaks of the line. */
export class WorkTime {
  readonly #now: () => number;
  readonly #began: number;
  #answering = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#began = now();
  }

  get seconds(): number {
    return (this.#now() - this.#began - this.#answering) / 1000;
  }

  /** The same decisions, whose time is left out. */
  without(decisions: Decisions): Decisions {
    return {
      collision: (found) => this.#aside(() => decisions.collision(found)),
      mismatch: (found) => this.#aside(() => decisions.mismatch(found)),
    };
  }

  async #aside<T>(ask: () => Promise<T>): Promise<T> {
    const asked = this.#now();
    try {
      return await ask();
    } finally {
      this.#answering += this.#now() - asked;
    }
  }
}
