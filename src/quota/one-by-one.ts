/** Runs work one piece at a time, in the order it came, whatever becomes of the pieces before. */
export class OneByOne {
  #last: Promise<unknown>;
  readonly #between: () => Promise<void> | void;

  /**
   * @param begin what the first piece waits for
   * @param between waited for after each piece
   */
  constructor(
    begin: Promise<unknown> = Promise.resolve(),
    between: () => Promise<void> | void = () => undefined,
  ) {
    this.#last = begin;
    this.#between = between;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.then(this.#between, this.#between);
    return run;
  }

  /** Resolves when everything that came before is done. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

/** What a process was given has to reach it before it can be asked to give it back. */
export function onceTold(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
