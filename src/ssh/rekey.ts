import { Violation } from './messages.js';
import type { Timers } from './timers.js';

export interface RekeyOptions {
  readonly bytes: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly grace: number;
  readonly timers: Timers;
  /** Begins a key exchange. */
  readonly start: () => void;
  /** A key exchange did not end in time. */
  readonly overdue: () => void;
}

/** A key may serve this many packets of a direction at the most, whatever the settings say. [RFC 4344 3.1] */
const maxPackets = 2 ** 31;

/** Exchanges a peer may ask for at once; its bytes and its time earn it more, up to the burst. */
const burst = 64;
const firstBurst = 4;
const bytesPerExchange = 16 * 1024;

/** When to exchange keys, and how long that may take. ssh2 itself never begins one and waits for ever. */
export class Rekey {
  readonly #options: RekeyOptions;
  #running = true;
  #asked = false;
  #begunAt = { moved: 0, incoming: 0, outgoing: 0 };
  #cancel: () => void = () => undefined;
  #earned = firstBurst;
  #earnedAt: { readonly moved: number; readonly time: number };

  constructor(options: RekeyOptions) {
    this.#options = options;
    this.#earnedAt = { moved: 0, time: options.timers.now() };
  }

  /** Bytes moved both ways in all, and the numbers of the last packets. */
  moved(bytes: number, incoming: number, outgoing: number): void {
    if (this.#running) return;
    const begun = this.#begunAt;
    // Numbers of packets are taken modulo 2^32, and start again at each strict exchange.
    const packets = Math.max((incoming - begun.incoming) >>> 0, (outgoing - begun.outgoing) >>> 0);
    if (bytes - begun.moved >= this.#options.bytes || packets >= maxPackets) this.#begin();
  }

  /**
   * The peer's KEXINIT came: it wants new keys, or agrees that we do.
   * @throws Violation when it wants them more often than any setting of a client makes sense of (CVE-2016-8858)
   */
  begun(bytes: number): void {
    if (this.#asked) return;
    const now = this.#options.timers.now();
    const { moved, time } = this.#earnedAt;
    this.#earned += (bytes - moved) / bytesPerExchange + (now - time) / 1000;
    this.#earned = Math.min(this.#earned, burst) - 1;
    this.#earnedAt = { moved: bytes, time: now };
    if (this.#earned < 0) throw new Violation('key exchanges without end');
    this.#wait();
  }

  /** New keys are in use. */
  ended(bytes: number, incoming: number, outgoing: number): void {
    this.#running = false;
    this.#asked = false;
    this.#begunAt = { moved: bytes, incoming, outgoing };
    this.#cancel();
    this.#cancel = this.#options.timers.after(this.#options.interval, () => this.#begin());
  }

  close(): void {
    this.#running = true;
    this.#cancel();
  }

  #begin(): void {
    if (this.#running) return;
    this.#asked = true;
    this.#wait();
    this.#options.start();
  }

  #wait(): void {
    this.#running = true;
    this.#cancel();
    this.#cancel = this.#options.timers.after(this.#options.grace, this.#options.overdue);
  }
}
