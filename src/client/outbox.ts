import type { OpenChannel } from './internals.js';

/** Pieces below this are joined; larger ones are handed on as they are. */
const small = 8 * 1024;
/** More than this goes out at once, so that the system sends while the next requests are made. */
const early = 256 * 1024;

/**
 * Joins the requests of one turn of the event loop into few SSH packets and one system call: each packet is encrypted
 * and written on its own, which for small requests costs more than the request.
 */
export class Outbox {
  readonly #channel: OpenChannel;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #scheduled = false;

  constructor(channel: OpenChannel) {
    this.#channel = channel;
  }

  /** Hands on bytes that stay as they are; they leave at the end of this turn, in order. */
  send(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    }
    if (this.#bytes >= early) this.#flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    this.#bytes = 0;
    const socket = this.#channel._client._sock;
    socket.cork();
    try {
      let run: Buffer[] = [];
      const endRun = (): void => {
        if (run.length > 0) this.#channel.write(Buffer.concat(run));
        run = [];
      };
      for (const piece of pieces) {
        if (piece.length < small) {
          run.push(piece);
        } else {
          endRun();
          this.#channel.write(piece);
        }
      }
      endRun();
    } finally {
      socket.uncork();
    }
  }
}
