import type { Timers } from './timers.js';

export interface KeepaliveOptions {
  readonly timers: Timers;
  readonly interval: () => number;
  readonly count: () => number;
  readonly probe: () => void;
  readonly dead: () => void;
}

/** Probes a peer that sends nothing, and gives it up when it does not answer. Any packet is an answer. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heard = false;
  #unanswered = 0;
  #cancel: () => void = () => undefined;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#arm();
  }

  heard(): void {
    this.#heard = true;
  }

  close(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#options.timers.after(this.#options.interval(), () => this.#tick());
  }

  #tick(): void {
    if (this.#heard) this.#unanswered = 0;
    else if (this.#unanswered >= this.#options.count()) {
      this.#options.dead();
      return;
    } else {
      this.#unanswered++;
      this.#options.probe();
    }
    this.#heard = false;
    this.#arm();
  }
}
