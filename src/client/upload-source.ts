import type { Readable } from 'node:stream';
import { Fault } from '../fault.js';
import { unlessAborted } from './unless-aborted.js';
import type { LocalFile } from './local-files.js';

/** Where the bytes of an upload come from. */
export interface UploadSource {
  /** Bytes in all; `null` where only the end tells. */
  readonly total: number | null;
  /** Whether any place can be read, any number of times; otherwise only what `arrived` has not let go of. */
  readonly seekable: boolean;
  /** All bytes from there on, each piece in a buffer that stays as it is. */
  pieces(start: number, pieceSize: number): AsyncIterable<Buffer>;
  /** What is before that place is not needed any more. */
  arrived(position: number): void;
  /** Why no more bytes come, where the source itself broke. */
  readonly broken: Fault | null;
}

/** The bytes a file had when the transfer began; for one without a size (`/proc`), all there are. */
export function fileSource(file: LocalFile, size: number): UploadSource {
  const total = size === 0 ? null : size;
  return {
    total,
    seekable: true,
    pieces: (start, pieceSize) => file.pieces(start, total, pieceSize),
    arrived: () => undefined,
    broken: null,
  };
}

/** Bytes that are in memory already. */
export function memorySource(bytes: Buffer): UploadSource {
  return {
    total: bytes.length,
    seekable: true,
    pieces: (start) => memoryPieces(bytes, start, bytes.length),
    arrived: () => undefined,
    broken: null,
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- as those of files are read
export async function* memoryPieces(bytes: Buffer, start: number, end: number): AsyncIterable<Buffer> {
  if (start < end) yield bytes.subarray(start, end);
}

/** The bytes of a stream, kept until they have arrived, so that a broken connection loses none. */
export class StreamSource implements UploadSource {
  readonly total = null;
  readonly seekable = false;
  readonly #bytes: AsyncIterator<unknown, undefined>;
  readonly #signal: AbortSignal;
  readonly #kept: { readonly start: number; readonly piece: Buffer }[] = [];
  #read = 0;
  #broken: Fault | null = null;

  constructor(readable: Readable, signal: AbortSignal) {
    this.#bytes = readable[Symbol.asyncIterator]();
    this.#signal = signal;
    // The iterator listens from its first `next` on, which may be long after; what broke before, it tells then.
    readable.on('error', () => undefined);
  }

  get broken(): Fault | null {
    return this.#broken;
  }

  async *pieces(start: number): AsyncIterable<Buffer> {
    for (const kept of [...this.#kept]) {
      const inside = Math.max(0, start - kept.start);
      if (inside < kept.piece.length) yield kept.piece.subarray(inside);
    }
    for (let piece = await this.#next(); piece; piece = await this.#next()) {
      this.#kept.push({ start: this.#read, piece });
      this.#read += piece.length;
      yield piece;
    }
  }

  arrived(position: number): void {
    let first = this.#kept[0];
    while (first && first.start + first.piece.length <= position) {
      this.#kept.shift();
      first = this.#kept[0];
    }
  }

  async #next(): Promise<Buffer | null> {
    try {
      const next = await unlessAborted(this.#bytes.next(), this.#signal);
      if (next.done === true) return null;
      const { value } = next;
      if (typeof value === 'string') return Buffer.from(value);
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      throw new Error('it gives something other than bytes');
    } catch (error) {
      if (error instanceof Fault) throw error;
      const why = error instanceof Error ? error.message : String(error);
      this.#broken = new Fault('failure', `the source of the bytes broke: ${why}`, { cause: error });
      throw this.#broken;
    }
  }
}
