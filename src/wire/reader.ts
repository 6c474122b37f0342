import { fromBytes, type ByteString } from '../names.js';
import { Malformed } from './malformed.js';

/** The high half of 2^53-1: beyond it a u64 is no longer an exact number (T6). */
const maxSafeHigh = 0x1fffff;

/** The unsigned number in the four bytes at `at`, which the caller knows to be there. [RFC 4251 5] */
export function u32At(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at);
}

/**
 * Takes typed values off the front of one packet, in wire order. Every bound and count is checked here and nowhere
 * else; what does not fit throws `Malformed` with the id read so far.
 */
export class Reader {
  /** The id of the packet being read, once it is known. */
  id: number | null = null;
  readonly #bytes: Buffer;
  readonly #tail: readonly Buffer[];
  #at = 0;

  /** `tail` are the bytes that follow `bytes`; only `slices` reaches them. */
  constructor(bytes: Buffer, tail: readonly Buffer[] = []) {
    this.#bytes = bytes;
    this.#tail = tail;
  }

  /** Bytes not yet taken, without the tail. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  fail(message: string): never {
    throw new Malformed(this.id, message);
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** The number that `u32` would give, left where it is. */
  peekU32(): number {
    const value = this.u32();
    this.#at -= 4;
    return value;
  }

  /** A u64 up to 2^53-1; larger ones are refused (T6). */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high > maxSafeHigh) this.fail('a number above 2^53-1');
    return high * 2 ** 32 + low;
  }

  /** A u64 that only informs: a larger one becomes 2^53-1. */
  u64Capped(): number {
    const value = this.u32() * 2 ** 32 + this.u32();
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  /** A string's bytes, a view of the packet. */
  string(maxLength: number): Buffer {
    const length = this.u32();
    if (length > maxLength) this.fail(`a string of more than ${maxLength} bytes`);
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  byteString(maxLength: number): ByteString {
    return fromBytes(this.string(maxLength));
  }

  /** All that is left, a view of the packet. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#advance(this.left));
  }

  /** A string's bytes in the pieces they came in, over the end of `bytes` into the tail. */
  slices(): readonly Buffer[] {
    let wanted = this.u32();
    const found: Buffer[] = [];
    const take = (piece: Buffer): void => {
      const part = piece.subarray(0, wanted);
      if (part.length > 0) found.push(part);
      wanted -= part.length;
    };
    const here = this.#bytes.subarray(this.#at, this.#at + wanted);
    this.#at += here.length;
    take(here);
    for (const piece of this.#tail) take(piece);
    if (wanted > 0) this.fail('the data ends early');
    return found;
  }

  /**
   * A count of things that take at least `smallest` bytes each. One that cannot be true is refused before anything
   * is allocated for it.
   */
  count(smallest: number): number {
    const count = this.u32();
    if (count * smallest > this.left) this.fail('a count larger than the packet');
    return count;
  }

  /** A reader confined to the bytes of one string. */
  nested(): Reader {
    const inner = new Reader(this.string(this.#bytes.length));
    inner.id = this.id;
    return inner;
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) this.fail('the packet ends early');
    this.#at = start + length;
    return start;
  }
}
