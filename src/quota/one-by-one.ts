/** Runs work one piece at a time, in the order it came, whatever becomes of the pieces before. */
export class OneByOne {
  #last: Promise<unknown>;

  /** @param begin what the first piece waits for */
  constructor(begin: Promise<unknown> = Promise.resolve()) {
    this.#last = begin;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Resolves when everything that came before is done. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
