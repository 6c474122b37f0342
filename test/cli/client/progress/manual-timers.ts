import type { ProgressTimers } from '../../../../src/cli/client/progress/timers.js';

/** Time that only passes when a test says so. */
export class ManualTimers implements ProgressTimers {
  #now = 0;
  readonly #timers = new Set<{ next: number; readonly every: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  every(milliseconds: number, callback: () => void): () => void {
    const timer = { next: this.#now + milliseconds, every: milliseconds, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get running(): number {
    return this.#timers.size;
  }

  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(({ next }) => next <= until).sort((a, b) => a.next - b.next)[0];
      if (!due) break;
      this.#now = due.next;
      due.next += due.every;
      due.callback();
    }
    this.#now = until;
  }
}
