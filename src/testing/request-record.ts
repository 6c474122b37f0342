import type { Answer } from './answer.js';
import type { SeenRequest } from './seen-request.js';

/** Requests in the order in which they were taken up; the oldest are dropped when there are too many. */
export interface RequestRecord extends ReadonlyArray<SeenRequest> {
  /** How many are no longer there. */
  readonly dropped: number;
  /** Forgets all of them. */
  clear(): void;
}

/** Requests that are kept unless it is said otherwise. */
export const keptRequests = 10_000;

/** Keeps what sessions have seen. */
export class Recorder {
  readonly record: RequestRecord;
  readonly #entries: SeenRequest[] = [];
  readonly #most: number;
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
    // Not among its entries, so that it compares as the plain array it looks like.
    this.record = Object.defineProperties(this.#entries, {
      dropped: { get: () => this.#dropped },
      clear: {
        value: () => {
          this.#entries.length = 0;
          this.#dropped = 0;
        },
      },
    }) as unknown as RequestRecord;
  }

  /** Notes one; what is called with its answer adds that to it. */
  note(seen: SeenRequest): (answer: Answer) => void {
    const entry: { -readonly [K in keyof SeenRequest]: SeenRequest[K] } = { ...seen };
    this.#entries.push(entry);
    if (this.#entries.length > this.#most) {
      this.#entries.shift();
      this.#dropped++;
    }
    return (answer) => void Object.assign(entry, answer);
  }
}
