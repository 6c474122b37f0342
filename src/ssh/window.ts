import { idleWindow, type WindowBudget } from './window-budget.js';

/** The window of one that moves much: 8 MiB are 80 MB/s over 100 ms of round trip. */
export const largestWindow = 8 * 2 ** 20;

/** The largest piece of data a peer may put into one packet. */
export const receivePacket = 32 * 1024;

/** Milliseconds in which a window that moves much is used up: more than any round trip of use. */
const promptly = 1000;

/** A grant is at least this part of the window: small enough that no sender waits for it, and few in all. */
const grantPart = 16;

/**
 * The window we grant the peer of one channel [RFC 4254 5.2]. It doubles while a whole window arrives within a second and
 * is taken as it comes, and goes back when it is not: what was granted cannot be taken back, but is not granted again.
 */
export class ReceiveWindow {
  /** What the peer may send at first. */
  readonly first: number;
  readonly #budget: WindowBudget;
  readonly #now: () => number;
  #left: number;
  #target = idleWindow;
  /** What arrived since `#since`. */
  #arrived = 0;
  #since = 0;
  #closed = false;

  /** @param now milliseconds that only grow */
  constructor(budget: WindowBudget, now: () => number) {
    this.#budget = budget;
    this.#now = now;
    this.first = budget.first();
    this.#left = this.first;
    budget.moved(0, this.first);
  }

  /** Counts what arrived; `false` when the peer sent more than it was granted. */
  take(length: number): boolean {
    if (length > this.#left) return false;
    if (this.#arrived === 0) this.#since = this.#now();
    this.#arrived += length;
    this.#move(this.#left - length);
    return true;
  }

  /** Bytes to grant now, when all that arrived has been taken; 0 while enough is left. */
  topUp(): number {
    if (this.#arrived >= this.#target) this.#judge();
    const window = this.#budget.most(this.#left, this.#target);
    const grant = window - this.#left;
    if (grant * grantPart < window) return 0;
    this.#move(window);
    return grant;
  }

  /** What arrives is not taken as fast as it comes. */
  shrink(): void {
    this.#target = idleWindow;
    this.#arrived = 0;
  }

  /** The channel is gone for us: gives back what it was granted, which the peer may still send. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.moved(this.#left, 0);
  }

  #judge(): void {
    const prompt = this.#now() - this.#since <= promptly;
    this.#target = prompt
      ? Math.min(2 * this.#target, largestWindow)
      : Math.max(this.#target / 2, idleWindow);
    this.#arrived = 0;
  }

  #move(left: number): void {
    if (!this.#closed) this.#budget.moved(this.#left, left);
    this.#left = left;
  }
}

/** What a channel's window may grow to. [RFC 4254 5.2] */
const maxWindow = 2 ** 32 - 1;

/** The window a peer grants us; a grant beyond the protocol's largest is cut. */
export function widened(window: number, grant: number): number {
  return Math.min(window + grant, maxWindow);
}
