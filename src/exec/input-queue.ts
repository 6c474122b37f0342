/** Chunks below this are copied together; the rest are kept as they came. */
const smallChunk = 4096;
/** A kept chunk holds on to all of the memory it was cut from: at most so many times its own length. */
const maxWaste = 8;
const blockSize = 8192;

/** Bytes not yet taken: `bytes` from `from` to `to`. An `own` piece is a block of ours that more is copied into. */
interface Piece {
  readonly bytes: Buffer;
  from: number;
  to: number;
  readonly own: boolean;
}

/** Input that waits for its reader; many small chunks cost no more memory than their bytes. */
export class InputQueue {
  readonly #pieces: Piece[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes over a chunk; it must not be written again. */
  push(chunk: Buffer): void {
    this.#length += chunk.length;
    const wasteful = chunk.length * maxWaste < chunk.buffer.byteLength;
    if (chunk.length < smallChunk || wasteful) this.#copy(chunk);
    else this.#pieces.push({ bytes: chunk, from: 0, to: chunk.length, own: false });
  }

  /** The next bytes, at most so many; empty when there are none. */
  take(most: number): Buffer {
    let first = this.#pieces[0];
    // A block that was used up stays while it is the only one: more is copied behind what was taken, never over it.
    while (first?.from === first?.to && this.#pieces.length > 1) {
      this.#pieces.shift();
      first = this.#pieces[0];
    }
    if (!first) return Buffer.alloc(0);
    const taken = first.bytes.subarray(first.from, Math.min(first.to, first.from + most));
    first.from += taken.length;
    this.#length -= taken.length;
    return taken;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }

  #copy(chunk: Buffer): void {
    for (let done = 0; done < chunk.length;) {
      let last = this.#pieces.at(-1);
      if (!last?.own || last.to === last.bytes.length) {
        last = { bytes: Buffer.allocUnsafeSlow(blockSize), from: 0, to: 0, own: true };
        this.#pieces.push(last);
      }
      const copied = chunk.copy(last.bytes, last.to, done);
      last.to += copied;
      done += copied;
    }
  }
}
