/** What a window is made from. */
export interface WindowOptions {
  /** Milliseconds of the shortest answer of the server so far. */
  readonly roundTrip: number;
  /** Bytes under way at once, at most; all of them are in memory. */
  readonly most?: number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

const mebibyte = 2 ** 20;
/** 160 MB/s over a round trip of 100 ms. */
const largest = 16 * mebibyte;
/** Over a short line more only fills queues, and memory. */
const largestNear = 4 * mebibyte;
/** Bytes under way for each millisecond of round trip: a line of 400 MB/s. */
const bytesForMillisecond = 400_000;
/** Above this round trip a line is far, and opening the window slowly costs time. */
const far = 20;
/** A window never holds more than so many milliseconds of what the line carries: whoever stops waits for it. */
const mostHeld = 1000;

/**
 * How many bytes are asked for or sent before the first of them is answered. It opens as answers show what the line
 * carries, so that a slow line is not filled with what nobody wants any more after Ctrl-C.
 */
export class Window {
  readonly #most: number;
  readonly #now: () => number;
  readonly #began: number;
  #bytes: number;
  #answered = 0;
  /** Bytes answered when it may open next. */
  #next: number;

  constructor({ roundTrip, most = largest, now = () => performance.now() }: WindowOptions) {
    const wanted = Math.max(largestNear, roundTrip * bytesForMillisecond);
    this.#most = Math.min(most, largest, wanted);
    this.#bytes = Math.min(this.#most, roundTrip < far ? 2 * mebibyte : 4 * mebibyte);
    this.#next = this.#bytes;
    this.#now = now;
    this.#began = now();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** So many bytes more were answered. */
  answered(bytes: number): void {
    this.#answered += bytes;
    if (this.#answered < this.#next || this.#bytes === this.#most) return;
    this.#next = this.#answered + this.#bytes;
    const rate = this.#answered / Math.max(1, this.#now() - this.#began);
    if (rate * mostHeld >= this.#bytes) this.#bytes = Math.min(this.#most, 2 * this.#bytes);
  }
}
