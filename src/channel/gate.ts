import { Fault } from '../fault.js';

/** Hashing and copying at one time, for one account (T7). */
export const longTasks = 2;

/** Lets so many long tasks run at once; the others wait their turn. */
export class Gate {
  readonly #width: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** @throws Fault `cancelled` when `signal` aborts before the turn came */
  async pass<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#width) await this.#turn(signal);
    else this.#running++;
    try {
      if (signal.aborted) throw new Fault('cancelled');
      return await task();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Resolves with the place of a task that ended. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#queue.splice(this.#queue.indexOf(turn), 1);
        reject(new Fault('cancelled'));
      };
      const turn = (): void => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      if (signal.aborted) {
        reject(new Fault('cancelled'));
        return;
      }
      signal.addEventListener('abort', cancel, { once: true });
      this.#queue.push(turn);
    });
  }
}
