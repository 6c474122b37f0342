import { toFault, type Fault } from '../fault.js';
import type { Handle } from '../vfs/vfs.js';
import type { CommandStreams } from './streams.js';

/** Bytes that are written with one call. */
const block = 256 * 1024;

/** Calls on the way at once: while one is written, the next arrive. */
const mostCalls = 4;

/** Pieces of a block, at most: each may hold a whole packet in memory, however short it is itself. */
const mostPieces = 64;

/**
 * Writes one file from its beginning as its bytes come, several blocks at once; after a failure it writes no more. What
 * is gathered or being written counts as input that waits (T3).
 */
export class ScpWrites {
  readonly #handle: Handle;
  readonly #streams: CommandStreams;
  readonly #calls = new Set<Promise<void>>();
  #pieces: Buffer[] = [];
  #gathered = 0;
  /** Where the next block goes. */
  #position = 0;
  #failure: { readonly fault: Fault; readonly position: number } | null = null;
  #size: number;

  constructor(handle: Handle, streams: CommandStreams) {
    this.#handle = handle;
    this.#streams = streams;
    this.#size = handle.opened.bytesAfter;
  }

  /** What went wrong first. */
  get fault(): Fault | null {
    return this.#failure?.fault ?? null;
  }

  /** Size of the file, as it was last heard of. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes; resolves when there is room for more. */
  async take(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !this.#failure;) {
      const piece = rest.subarray(0, block - this.#gathered);
      rest = rest.subarray(piece.length);
      this.#pieces.push(piece);
      this.#gathered += piece.length;
      this.#streams.keep('input', piece.length);
      if (this.#gathered === block) {
        this.#start();
        while (this.#calls.size >= mostCalls) await Promise.race(this.#calls);
      } else if (this.#pieces.length >= mostPieces) {
        this.#pieces = [Buffer.concat(this.#pieces)];
      }
    }
  }

  /** Resolves when everything taken is written, or has failed. */
  async settle(): Promise<void> {
    if (this.#failure) this.#drop();
    else if (this.#gathered > 0) this.#start();
    await Promise.all(this.#calls);
    if (this.#failure) await this.#cut(this.#failure.position);
  }

  #drop(): void {
    this.#streams.letGo('input', this.#gathered);
    this.#pieces = [];
    this.#gathered = 0;
  }

  #start(): void {
    const [pieces, position, length] = [this.#pieces, this.#position, this.#gathered];
    this.#position += length;
    this.#pieces = [];
    this.#gathered = 0;
    const call = this.#write(pieces, position).finally(() => {
      this.#calls.delete(call);
      this.#streams.letGo('input', length);
    });
    this.#calls.add(call);
  }

  async #write(pieces: readonly Buffer[], position: number): Promise<void> {
    try {
      const { bytesAfter } = await this.#handle.write(pieces, position);
      this.#size = bytesAfter;
    } catch (thrown) {
      if (this.#failure && this.#failure.position < position) return;
      this.#failure = { fault: toFault(thrown), position };
    }
  }

  /** A block behind the one that failed may have been written: what stays is to be resumed from its end. */
  async #cut(position: number): Promise<void> {
    if (this.#size <= position || this.#handle.opened.bytesAfter > position) return;
    await this.#handle.set({ size: position }).catch(() => undefined);
  }
}
