import { atLeast, oneOf, options, positive, whole } from './checked.js';

/** From the client to the server, and back. */
export type Direction = 'up' | 'down';

/** Which way a fault of the link looks. */
export type Directions = Direction | 'both';

export interface CutOptions {
  /** Which bytes are counted; `both` counts the sum, and is the default. */
  readonly direction?: Directions;
}

export interface SlowOptions {
  /** For each connection and each direction. */
  readonly bytesPerSecond?: number;
  /** Milliseconds that each byte is on the way, in each direction. */
  readonly latency?: number;
}

export interface StallOptions {
  /** Bytes that still pass, in both directions together; 0 if absent. */
  readonly afterBytes?: number;
}

/** Bytes that may still pass, and what happens behind them. */
interface Mark {
  readonly ending: 'cut' | 'stall';
  readonly direction: Directions;
  left: number;
}

/**
 * How the link between clients and server is at the moment: one for all connections of a relay. Bytes are those on the
 * wire, encrypted, SSH's own included.
 */
export class Link {
  /** Infinity where it is as fast as it can. */
  bytesPerSecond = Infinity;
  /** Milliseconds. */
  latency = 0;
  readonly #changed = new Set<() => void>();
  #marks: Mark[] = [];

  /** Calls whenever what may pass has changed; returns the way out. */
  watch(changed: () => void): () => void {
    this.#changed.add(changed);
    return () => void this.#changed.delete(changed);
  }

  /** @throws Fault `invalid` */
  cutAfter(bytes: number, how: CutOptions = {}): void {
    const { direction = 'both' } = options('cutAfter', how, { direction: true });
    const counted = oneOf('direction', direction, ['up', 'down', 'both']);
    this.#marks.push({ ending: 'cut', direction: counted, left: whole('bytes', bytes) });
    this.#tell();
  }

  /** @throws Fault `invalid` */
  slow(how: SlowOptions): void {
    const { bytesPerSecond, latency } = options('slow', how, { bytesPerSecond: true, latency: true });
    // Checked before either is set.
    const rate =
      bytesPerSecond === undefined ? this.bytesPerSecond : positive('bytesPerSecond', bytesPerSecond);
    const delay = latency === undefined ? this.latency : atLeast(0, 'latency', latency);
    this.bytesPerSecond = rate;
    this.latency = delay;
    this.#tell();
  }

  /** @throws Fault `invalid` */
  stall(how: StallOptions = {}): void {
    const { afterBytes = 0 } = options('stall', how, { afterBytes: true });
    this.#marks.push({ ending: 'stall', direction: 'both', left: whole('afterBytes', afterBytes) });
    this.#tell();
  }

  /** Ends stalls, those too that have not begun. */
  resume(): void {
    this.#marks = this.#marks.filter(({ ending }) => ending !== 'stall');
    this.#tell();
  }

  clear(): void {
    this.#marks = [];
    this.bytesPerSecond = Infinity;
    this.latency = 0;
    this.#tell();
  }

  /** Nothing passes this way for now. */
  stalled(direction: Direction): boolean {
    return this.#marks.some((mark) => mark.ending === 'stall' && mark.left === 0 && sees(mark, direction));
  }

  /** How many bytes may pass in one piece; with 0 and no stall the connection is to be cut. */
  allowance(direction: Direction): number {
    return Math.min(...this.#marks.filter((mark) => sees(mark, direction)).map(({ left }) => left), Infinity);
  }

  /** Counts what passes. Gives whether the connection is to be cut behind it. */
  passed(direction: Direction, bytes: number): boolean {
    for (const mark of this.#marks) if (sees(mark, direction)) mark.left -= bytes;
    return this.takeCut(direction);
  }

  /** Whether there is a cut to be made now; whoever asks makes it, and it is over. */
  takeCut(direction: Direction): boolean {
    const due = this.#marks.findIndex(
      (mark) => mark.ending === 'cut' && mark.left === 0 && sees(mark, direction),
    );
    if (due < 0) return false;
    this.#marks.splice(due, 1);
    return true;
  }

  #tell(): void {
    for (const changed of [...this.#changed]) changed();
  }
}

function sees(mark: Mark, direction: Direction): boolean {
  return mark.direction === 'both' || mark.direction === direction;
}
