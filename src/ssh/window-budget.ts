/** The window of a channel that moves little. */
export const idleWindow = 2 * 2 ** 20;

/** What any channel is granted, however little is left: without it, one that came late could never move anything. */
export const smallestWindow = 64 * 1024;

/** What one connection may have been granted and not have had taken, over all its channels. */
const connectionLimit = 16 * 2 ** 20;

/** Of that, what is left for windows when as much waits for the disk as may. */
const besideInput = 12 * 2 ** 20;

/** What all windows of a process may have grown by, beyond what idle ones have. */
const processLimit = 256 * 2 ** 20;

/** How far the windows of one process have grown. */
export class WindowGrowth {
  readonly #limit: number;
  #taken = 0;

  constructor(limit = processLimit) {
    this.#limit = limit;
  }

  /** How far the window of a channel may grow that has grown by `own`. */
  most(own: number): number {
    return Math.max(0, leavingAsMuch(this.#limit - this.#taken + own));
  }

  moved(bytes: number): void {
    this.#taken += bytes;
  }
}

export interface WindowBudgetOptions {
  /** The setting `session.inputBytes`: who allows more to wait for the disk does not mean smaller windows. */
  readonly inputBytes: number;
  /** Bytes that arrived and wait for the disk. */
  readonly waiting: () => number;
  readonly growth: WindowGrowth;
}

/**
 * What the channels of one connection have been granted together: with what arrived and waits no more than 16 MiB (P1),
 * but for the 64 KiB that every channel gets.
 */
export class WindowBudget {
  readonly #limit: number;
  readonly #waiting: () => number;
  readonly #growth: WindowGrowth;
  #granted = 0;

  constructor({ inputBytes, waiting, growth }: WindowBudgetOptions) {
    this.#limit = Math.max(connectionLimit, inputBytes + besideInput);
    this.#waiting = waiting;
    this.#growth = growth;
  }

  /** The window of a new channel: an eighth of what is left, so that ten idle ones still leave enough for one to grow. */
  first(): number {
    const left = this.#limit - this.#granted - this.#waiting();
    return Math.min(idleWindow, Math.max(smallestWindow, Math.floor(left / 8)));
  }

  /** How large the window of a channel may be that has `left` of it and asks for `wanted`. */
  most(left: number, wanted: number): number {
    const here = leavingAsMuch(this.#limit - this.#waiting() - this.#granted + left);
    const everywhere = idleWindow + this.#growth.most(beyondIdle(left));
    return Math.max(smallestWindow, Math.min(wanted, here, everywhere));
  }

  /** A channel's window is now `to`, and was `from`. */
  moved(from: number, to: number): void {
    this.#granted += to - from;
    this.#growth.moved(beyondIdle(to) - beyondIdle(from));
  }
}

function beyondIdle(window: number): number {
  return Math.max(0, window - idleWindow);
}

/**
 * Nobody gets more of what is left than then remains for all others: one gets half, two a third each, and however many
 * they are, the next still gets something.
 */
function leavingAsMuch(left: number): number {
  return Math.floor(left / 2);
}
