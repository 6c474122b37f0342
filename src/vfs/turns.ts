interface Waiting {
  readonly alone: boolean;
  start(): void;
}

/** Who may work on one thing: many together, or one alone; in the order they came, so that nobody waits forever. */
export class Turns {
  readonly #queue: Waiting[] = [];
  #together = 0;
  #alone = false;

  together<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn(false, work);
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn(true, work);
  }

  /** Takes a turn together with others if it is to be had at once; `leaveTogether` ends it. */
  tryTogether(): boolean {
    if (this.#queue.length > 0 || !this.#free(false)) return false;
    this.#take(false);
    return true;
  }

  leaveTogether(): void {
    this.#leave(false);
  }

  async #turn<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#queue.length === 0 && this.#free(alone)) this.#take(alone);
    else await new Promise<void>((resolve) => this.#queue.push({ alone, start: resolve }));
    try {
      return await work();
    } finally {
      this.#leave(alone);
    }
  }

  #leave(alone: boolean): void {
    if (alone) this.#alone = false;
    else this.#together--;
    this.#next();
  }

  #free(alone: boolean): boolean {
    return !this.#alone && (!alone || this.#together === 0);
  }

  #take(alone: boolean): void {
    if (alone) this.#alone = true;
    else this.#together++;
  }

  #next(): void {
    for (let first = this.#queue[0]; first && this.#free(first.alone); first = this.#queue[0]) {
      this.#queue.shift();
      this.#take(first.alone);
      first.start();
    }
  }
}
