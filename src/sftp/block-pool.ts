import { dataHeaderLength } from '../wire/codec.js';
import { maxBlock } from '../wire/limits.js';

/** Replies up to this length are cheaper to allocate than to keep. */
const smallest = 16 * 1024;

const wholeBlock = dataHeaderLength + maxBlock;

/** Lengths of kept buffers: a READ as most clients send it by default, and the largest that is granted. */
const lengths = [dataHeaderLength + 32_768, wholeBlock] as const;

/**
 * Buffers of DATA replies, used again once their bytes have left: a new one for each READ costs a download a tenth to a
 * sixth more CPU (docs/decisions/reply-buffers.md).
 */
export class BlockPool {
  readonly #free: ReadonlyMap<number, Buffer[]> = new Map(lengths.map((length) => [length, []]));
  readonly #lent = new WeakSet<ArrayBufferLike>();
  readonly #limit: number;
  #kept = 0;

  /** @param limit bytes of buffers that are kept while nobody uses them */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of this length, with anything in it. */
  take(length: number): Buffer {
    const whole = length <= smallest ? undefined : lengths.find((one) => one >= length);
    if (whole === undefined) return Buffer.allocUnsafe(length);
    const kept = this.#free.get(whole)?.pop();
    if (kept) this.#kept -= whole;
    const buffer = kept ?? Buffer.allocUnsafeSlow(whole);
    this.#lent.add(buffer.buffer);
    return buffer.subarray(0, length);
  }

  /** Whether a buffer, or what it is a part of, came from here and is to be given back. */
  owns(buffer: Buffer): boolean {
    return this.#lent.has(buffer.buffer);
  }

  /** Takes back what `take` gave, or a part of it; nobody may use it any more. What is not from here is left alone. */
  give(buffer: Buffer): void {
    const whole = buffer.buffer;
    if (!this.#lent.delete(whole) || this.#kept + whole.byteLength > this.#limit) return;
    this.#kept += whole.byteLength;
    this.#free.get(whole.byteLength)?.push(Buffer.from(whole));
  }
}
