import type { Budget } from './budget.js';

/** One session's part of a budget that it shares with others: gives back no more than it took. */
export class Share {
  readonly #budget: Budget;
  readonly #wake: () => void;
  #taken = 0;

  /** @param wake called when somebody gave back, after `take` said no or `whenGiven` was asked for it */
  constructor(budget: Budget, wake: () => void) {
    this.#budget = budget;
    this.#wake = wake;
  }

  get full(): boolean {
    return this.#budget.full;
  }

  /**
   * Takes `bytes`, or says no and wakes later. Who holds nothing is never refused: what the others hold may be read
   * by nobody, and two could wait for each other for ever.
   */
  take(bytes: number): boolean {
    if (this.#taken === 0) {
      this.charge(bytes);
      return true;
    }
    if (!this.#budget.take(bytes)) {
      this.whenGiven();
      return false;
    }
    this.#taken += bytes;
    return true;
  }

  /** Takes what is there already, over the limit if need be. */
  charge(bytes: number): void {
    this.#taken += bytes;
    this.#budget.charge(bytes);
  }

  give(bytes: number): void {
    const given = Math.min(bytes, this.#taken);
    this.#taken -= given;
    this.#budget.give(given);
  }

  whenGiven(): void {
    this.#budget.whenGiven(this.#wake);
  }

  /** Gives everything back, and is not woken any more. */
  close(): void {
    this.#budget.forget(this.#wake);
    this.give(this.#taken);
  }
}
