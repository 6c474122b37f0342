/**
 * How long the other side is waited for. Runs out `ms` after the last `renew`; stands still while a person is asked.
 */
export class Patience {
  readonly #ms: number;
  readonly #onOut: () => void;
  #timer: NodeJS.Timeout | undefined;
  #asking = 0;
  #over = false;

  constructor(ms: number, onOut: () => void) {
    this.#ms = ms;
    this.#onOut = onOut;
    this.renew();
  }

  renew(): void {
    clearTimeout(this.#timer);
    if (this.#over || this.#asking > 0) return;
    this.#timer = setTimeout(this.#onOut, this.#ms);
  }

  readonly asking = async <T>(work: Promise<T>): Promise<T> => {
    this.#asking++;
    clearTimeout(this.#timer);
    try {
      return await work;
    } finally {
      this.#asking--;
      this.renew();
    }
  };

  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
