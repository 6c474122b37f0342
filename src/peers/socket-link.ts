import type { Socket } from 'node:net';
import { Fault } from '../fault.js';
import type { Link } from './conversation.js';
import { longestMessage } from './message.js';

const lengthSize = 4;
/** Bytes that may wait for an end that does not read; beyond, it is left. */
export const mostUnsent = 64 * 2 ** 20;
/** Bytes of messages that wait for their turn before no more is read. */
const mostHeld = 2 * longestMessage;

/**
 * Messages on a socket, each behind its uint32 length. It keeps the process alive only while a reply is waited for. What
 * is no message ends it.
 */
export class SocketLink implements Link {
  /**
   * Whoever the messages are for, set before the first can come. `true` puts the next one off to a later turn of the
   * event loop; what it throws ends the link.
   */
  take: (payload: Buffer) => boolean = () => false;
  readonly #socket: Socket;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #putOff = false;
  #ended = false;

  /** @param gone called once, when nothing comes any more */
  constructor(socket: Socket, gone: () => void) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      this.#hand();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#hand();
    });
    // The end of the other process; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', gone);
  }

  send(payload: Buffer): void {
    if (this.#socket.destroyed) return;
    const frame = Buffer.allocUnsafe(lengthSize + payload.length);
    frame.writeUInt32BE(payload.length);
    payload.copy(frame, lengthSize);
    this.#socket.write(frame);
    if (this.#socket.writableLength > mostUnsent) this.destroy();
  }

  awaited(any: boolean): void {
    if (any) this.#socket.ref();
    else this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #hand(): void {
    try {
      while (!this.#putOff && !this.#socket.destroyed) {
        const payload = this.#next();
        if (payload === null) break;
        if (this.take(payload)) this.#putOffNext();
      }
    } catch {
      this.destroy();
    }
    // What it said before it ended still counts.
    if (this.#ended && !this.#putOff) this.destroy();
    if (this.#heldBytes > mostHeld) this.#socket.pause();
    else this.#socket.resume();
  }

  #putOffNext(): void {
    this.#putOff = true;
    setImmediate(() => {
      this.#putOff = false;
      this.#hand();
    });
  }

  /** The next whole message. @throws Fault `bad-message` when it is to be longer than any may be */
  #next(): Buffer | null {
    if (this.#heldBytes < lengthSize) return null;
    const length = this.#front(lengthSize).readUInt32BE();
    if (length > longestMessage) throw new Fault('bad-message');
    const whole = lengthSize + length;
    if (this.#heldBytes < whole) return null;
    const front = this.#front(whole);
    if (front.length > whole) this.#held[0] = front.subarray(whole);
    else this.#held.shift();
    this.#heldBytes -= whole;
    return front.subarray(lengthSize, whole);
  }

  /** A buffer that begins with the next `length` bytes, which are here. */
  #front(length: number): Buffer {
    const [first] = this.#held;
    if (first !== undefined && first.length >= length) return first;
    const joined = Buffer.concat(this.#held);
    this.#held = [joined];
    return joined;
  }
}
