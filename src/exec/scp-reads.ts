import { Fault, toFault } from '../fault.js';
import type { Handle } from '../vfs/vfs.js';
import type { CommandStreams } from './streams.js';

/** Bytes that are read with one call. */
const block = 256 * 1024;

/** Calls on the way at once, so that the disk works while the peer takes what was read. */
const mostCalls = 2;

/**
 * Reads one file from its beginning, ahead of who asks, up to the size that was announced. What is read and not yet
 * asked for counts as output that waits (T3).
 */
export class ScpReads {
  readonly #handle: Handle;
  readonly #size: number;
  readonly #streams: CommandStreams;
  readonly #ahead: Promise<Buffer>[] = [];
  #asked = 0;
  #fault: Fault | null = null;

  constructor(handle: Handle, size: number, streams: CommandStreams) {
    this.#handle = handle;
    this.#size = size;
    this.#streams = streams;
    this.#ask();
  }

  /** Why some of what was given is zeros. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** The next bytes, zeros where there are none to read; `null` when so many were given as were announced. */
  async next(): Promise<Buffer | null> {
    const first = this.#ahead.shift();
    this.#ask();
    const bytes = await first;
    if (!bytes) return null;
    this.#streams.letGo('output', bytes.length);
    return bytes;
  }

  /** Resolves when no read is on the way any more: a file is not closed under them. */
  async settle(): Promise<void> {
    for (const { length } of await Promise.all(this.#ahead.splice(0))) this.#streams.letGo('output', length);
  }

  #ask(): void {
    while (this.#ahead.length < mostCalls && this.#asked < this.#size) {
      const length = Math.min(block, this.#size - this.#asked);
      this.#ahead.push(this.#read(length, this.#asked));
      this.#asked += length;
      this.#streams.keep('output', length);
    }
  }

  /** Never rejects: nobody may be waiting for it any more. */
  async #read(length: number, position: number): Promise<Buffer> {
    if (this.#fault) return Buffer.alloc(length);
    const into = Buffer.allocUnsafe(length);
    let filled = 0;
    try {
      filled = await this.#handle.read(into, position);
      if (filled < length) throw new Fault('failure', 'the file got shorter while it was sent');
    } catch (thrown) {
      this.#fault ??= toFault(thrown);
    }
    return filled < length ? into.fill(0, filled) : into;
  }
}
