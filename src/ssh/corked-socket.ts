import type { Socket } from 'node:net';

/** More than this goes to the kernel at once, so that it works while we do. */
const earlyFlush = 128 * 1024;

/**
 * Joins what is written in one turn of the event loop into one `writev`: ssh2 writes each packet on its own, and a
 * system call for each was the largest part of a download's cost.
 */
export class CorkedSocket {
  readonly #socket: Socket;
  readonly #beforeFlush: () => void;
  #scheduled = false;
  #pending = 0;
  #written = 0;

  /** `beforeFlush` is called once a turn, before what was written goes out; it may write. */
  constructor(socket: Socket, beforeFlush: () => void) {
    this.#socket = socket;
    this.#beforeFlush = beforeFlush;
  }

  /** Bytes given to `write` in all; the socket's own count walks its queue each time it is asked. */
  get bytesWritten(): number {
    return this.#written;
  }

  /** Bytes that the kernel has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.schedule();
    this.#written += bytes.length;
    this.#pending += bytes.length;
    this.#socket.write(bytes);
    if (this.#pending < earlyFlush) return;
    this.#pending = 0;
    this.#socket.uncork();
    this.#socket.cork();
  }

  /** Asks for a flush at the end of this turn. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#socket.cork();
    setImmediate(this.#turnEnded);
  }

  /** Sends what was written so far, without waiting for the turn's end. */
  flush(): void {
    if (!this.#scheduled) return;
    this.#pending = 0;
    this.#socket.uncork();
    this.#socket.cork();
  }

  readonly #turnEnded = (): void => {
    this.#beforeFlush();
    this.#scheduled = false;
    this.#pending = 0;
    this.#socket.uncork();
  };
}
