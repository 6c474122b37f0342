/** Milliseconds of the past that the rate speaks of. */
const span = 5_000;
/** Milliseconds between two marks; what is younger than one mark says nothing yet. */
const step = 250;

/**
 * Bytes a second of late. It only counts what moved while it watched: a resumed transfer begins with a rate of its own,
 * and one that stalls comes down to 0.
 */
export class Rate {
  readonly #now: () => number;
  #marks: { readonly at: number; readonly moved: number }[];
  #moved = 0;
  readonly #began: number;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
    this.#marks = [{ at: this.#began, moved: 0 }];
  }

  moved(bytes: number): void {
    this.#moved += bytes;
  }

  /** `null` until there is something to go by. */
  recent(): number | null {
    const at = this.#now();
    const last = this.#marks.at(-1);
    if (last && at - last.at >= step) this.#marks.push({ at, moved: this.#moved });
    // One mark from before the span stays, so that the whole span is spoken of.
    const young = this.#marks.findIndex((mark) => at - mark.at < span);
    this.#marks = this.#marks.slice(Math.max(0, young < 0 ? this.#marks.length - 1 : young - 1));
    const [first] = this.#marks;
    if (!first || at - first.at < step) return null;
    return ((this.#moved - first.moved) * 1000) / (at - first.at);
  }

  /** Over the whole time; `null` where nothing moved. */
  overall(): number | null {
    return this.#moved === 0 ? null : (this.#moved * 1000) / Math.max(1, this.#now() - this.#began);
  }

  /** Milliseconds since it began. */
  elapsed(): number {
    return this.#now() - this.#began;
  }
}
