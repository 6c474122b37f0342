import type { Socket } from 'node:net';
import type { Timers } from '../ssh/timers.js';
import type { Direction, Link } from './link.js';

export interface WayOptions {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly link: Link;
  readonly timers: Timers;
  /** The link is cut: the connection is to be reset. */
  readonly cut: () => void;
}

/** Bytes that one direction of a connection holds back before it reads no further. */
const mostHeld = 2 ** 20;

/** Seconds of bytes that pass in one piece where there is a rate, so that slow is a trickle and no stutter. */
const pieceSeconds = 0.02;

/** Milliseconds that a rate may make up for, when a timer came late. */
const catchUp = 50;

/** One direction of a relayed connection: what comes in goes out as late, as slowly and as far as the link has it. */
export class Way {
  readonly #options: WayOptions;
  readonly #held: { bytes: Buffer; readonly since: number }[] = [];
  #heldBytes = 0;
  /** When the next byte may pass, where there is a rate. */
  #freeAt = 0;
  /** The other side has not taken what it was given. */
  #full = false;
  #ended = false;
  #closed = false;
  #cancel: (() => void) | null = null;
  readonly #unwatch: () => void;

  constructor(options: WayOptions) {
    this.#options = options;
    const { from, to, link } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    to.on('drain', () => {
      this.#full = false;
      this.#pump();
    });
    this.#unwatch = link.watch(() => this.#pump());
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#cancel?.();
    this.#held.length = 0;
  }

  #take(bytes: Buffer): void {
    if (this.#closed) return;
    this.#held.push({ bytes, since: this.#options.timers.now() });
    this.#heldBytes += bytes.length;
    this.#pump();
    if (this.#heldBytes >= mostHeld) this.#options.from.pause();
  }

  #pump(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#passAll();
    const { from, to, link, direction } = this.#options;
    if (this.#closed) return;
    if (this.#heldBytes < mostHeld / 2 && from.isPaused()) from.resume();
    if (this.#ended && this.#held.length === 0 && !link.stalled(direction)) to.end();
  }

  #passAll(): void {
    while (!this.#closed && !this.#full) {
      const first = this.#held[0];
      if (!first) return;
      const wait = this.#wait(first.since);
      if (wait > 0) {
        this.#cancel = this.#options.timers.after(wait, () => this.#pump());
        return;
      }
      if (!this.#pass(first)) return;
    }
  }

  /** Milliseconds until the byte in front may pass; what a timer cannot tell from 0 is 0. */
  #wait(since: number): number {
    const { timers, link } = this.#options;
    const now = timers.now();
    const late = link.latency > 0 ? since + link.latency - now : 0;
    const slow = link.bytesPerSecond < Infinity ? this.#slowness(now) : 0;
    const wait = Math.max(late, slow);
    return wait < 1 ? 0 : wait;
  }

  #slowness(now: number): number {
    // A piece that passed at a slower rate holds up the next one no longer than the rate of today would.
    const mostAhead = (2 * this.#largestPiece() * 1000) / this.#options.link.bytesPerSecond;
    this.#freeAt = Math.min(this.#freeAt, now + mostAhead);
    return this.#freeAt - now;
  }

  /** Lets the piece in front pass, or a part of it; `false` where nothing may. */
  #pass(first: { bytes: Buffer; readonly since: number }): boolean {
    const { direction, link, to, cut } = this.#options;
    if (link.stalled(direction)) return false;
    if (link.takeCut(direction)) {
      this.#closed = true;
      cut();
      return false;
    }
    const most = Math.min(first.bytes.length, link.allowance(direction), this.#largestPiece());
    const piece = first.bytes.subarray(0, most);
    first.bytes = first.bytes.subarray(most);
    if (first.bytes.length === 0) this.#held.shift();
    this.#heldBytes -= most;
    this.#charge(most);
    if (link.passed(direction, most)) {
      this.#closed = true;
      // A reset throws away what the kernel does not have yet.
      to.write(piece, () => cut());
      return false;
    }
    this.#full = !to.write(piece);
    return true;
  }

  #largestPiece(): number {
    return Math.max(1, Math.floor(this.#options.link.bytesPerSecond * pieceSeconds));
  }

  #charge(bytes: number): void {
    const { bytesPerSecond } = this.#options.link;
    if (bytesPerSecond === Infinity) return;
    const start = Math.max(this.#freeAt, this.#options.timers.now() - catchUp);
    this.#freeAt = start + (bytes / bytesPerSecond) * 1000;
  }
}
