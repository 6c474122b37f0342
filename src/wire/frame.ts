import { Malformed } from './malformed.js';
import { lengthSize, maxHandleLength, maxPacket } from './limits.js';
import { replies, requests } from './packets.js';
import { u32At } from './reader.js';

export { maxPacket } from './limits.js';

/** A whole packet, without its uint32 length. */
export interface Frame {
  readonly type: number;
  /** The bytes from the type on, contiguous; of WRITE and DATA only up to the payload. */
  readonly head: Buffer;
  /** The payload of WRITE and DATA in the pieces it came in, and whatever follows it; of others nothing. */
  readonly data: readonly Buffer[];
}

export interface FrameAhead {
  readonly type: number;
  /** Bytes of the packet without its uint32 length. */
  readonly length: number;
  /** Bytes that a READ asks for; 0 for others. */
  readonly readLength: number;
}

/** Bytes not yet taken: `bytes` from `from` to `to`. An `own` piece is a block of ours that more is copied into. */
interface Piece {
  readonly bytes: Buffer;
  from: number;
  to: number;
  readonly own: boolean;
}

/** Chunks below this are copied together; the rest are kept as they came. */
const smallChunk = 4096;
/** A kept chunk holds on to all of the memory it was cut from: at most so many times its own length. */
const maxWaste = 8;
const blockSize = 8192;

/** type, id and the length of the handle: what READ and WRITE begin with. */
const handleAt = 9;

/**
 * Chunks of a stream to whole packets. [filexfer-02 3] Each byte is copied once at most, a WRITE's payload not at
 * all when it comes in large chunks; many small ones cost no more memory than their bytes.
 */
export class Frames {
  readonly #pieces: Piece[] = [];
  /** Pieces before this one are used up; they leave the array from time to time, not one by one. */
  #first = 0;
  #buffered = 0;
  /** Length of the packet in front, 0 while its uint32 is not here. */
  #length = 0;

  /** Takes over a chunk; it must not be written again. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#buffered += chunk.length;
    const wasteful = chunk.length * maxWaste < chunk.buffer.byteLength;
    if (chunk.length < smallChunk || wasteful) this.#copy(chunk);
    else this.#pieces.push({ bytes: chunk, from: 0, to: chunk.length, own: false });
  }

  /** Bytes held and not yet taken, the uint32 lengths included. */
  get buffered(): number {
    return this.#buffered;
  }

  /**
   * The next packet if it is here whole, left where it is, so that room for its answer can be found first.
   * @throws Malformed without id when its length is 0 or above `maxPacket`: nothing after it can be understood
   */
  peek(): FrameAhead | null {
    const length = this.#wholeLength();
    if (length === 0) return null;
    const front = this.#front(lengthSize + Math.min(length, handleAt));
    const type = front.readUInt8(lengthSize);
    return { type, length, readLength: type === requests.read.type ? this.#readLength(length) : 0 };
  }

  /**
   * Takes the next packet if it is here whole.
   * @throws Malformed as `peek`
   */
  next(): Frame | null {
    const length = this.#wholeLength();
    if (length === 0) return null;
    const front = this.#front(lengthSize + Math.min(length, handleAt));
    const type = front.readUInt8(lengthSize);
    const headLength = payloadAt(type, front.subarray(lengthSize), length);
    const head = this.#front(lengthSize + headLength).subarray(lengthSize);
    this.#drop(lengthSize + headLength);
    const data = headLength < length ? this.#slices(length - headLength) : [];
    this.#length = 0;
    return { type, head, data };
  }

  #wholeLength(): number {
    if (this.#length === 0) {
      if (this.#buffered < lengthSize) return 0;
      const length = u32At(this.#front(lengthSize), 0);
      if (length === 0 || length > maxPacket) {
        throw new Malformed(null, `a packet of ${length} bytes`);
      }
      this.#length = length;
    }
    return this.#buffered >= lengthSize + this.#length ? this.#length : 0;
  }

  /** Where the READ is malformed its decoding will say so. */
  #readLength(length: number): number {
    if (length < handleAt) return 0;
    const handleLength = u32At(this.#front(lengthSize + handleAt), lengthSize + handleAt - 4);
    const at = handleAt + handleLength + 8;
    return handleLength > maxHandleLength || at + 4 > length
      ? 0
      : u32At(this.#front(lengthSize + at + 4), lengthSize + at);
  }

  #copy(chunk: Buffer): void {
    let done = 0;
    while (done < chunk.length) {
      let last = this.#pieces[this.#pieces.length - 1];
      if (!last?.own || last.to === last.bytes.length) {
        last = { bytes: Buffer.allocUnsafeSlow(blockSize), from: 0, to: 0, own: true };
        this.#pieces.push(last);
      }
      const copied = chunk.copy(last.bytes, last.to, done);
      last.to += copied;
      done += copied;
    }
  }

  /** The first `length` bytes, which are here, contiguous and left where they are. */
  #front(length: number): Buffer {
    this.#skipUsed();
    const first = this.#pieces[this.#first];
    if (first && first.to - first.from >= length)
      return first.bytes.subarray(first.from, first.from + length);
    const joined = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const slice of this.#slices(length)) at += slice.copy(joined, at);
    // What was joined once is found joined by the next call.
    this.#buffered += length;
    this.#skipUsed();
    const piece: Piece = { bytes: joined, from: 0, to: length, own: false };
    if (this.#first > 0) this.#pieces[--this.#first] = piece;
    else this.#pieces.unshift(piece);
    return joined;
  }

  #drop(length: number): void {
    const first = this.#pieces[this.#first];
    if (!first) return;
    first.from += length;
    this.#buffered -= length;
  }

  /** Takes the first `length` bytes, which are here, as they lie. */
  #slices(length: number): Buffer[] {
    const slices: Buffer[] = [];
    this.#buffered -= length;
    for (let wanted = length; wanted > 0;) {
      this.#skipUsed();
      const piece = this.#pieces[this.#first];
      if (!piece) break;
      const slice = piece.bytes.subarray(piece.from, Math.min(piece.to, piece.from + wanted));
      piece.from += slice.length;
      wanted -= slice.length;
      slices.push(slice);
    }
    return slices;
  }

  #skipUsed(): void {
    for (
      let piece = this.#pieces[this.#first];
      piece?.from === piece?.to;
      piece = this.#pieces[this.#first]
    ) {
      if (!piece) break;
      // The block that is being filled stays: the next chunk goes behind what it held.
      if (piece.own && piece.to < piece.bytes.length && this.#first === this.#pieces.length - 1) break;
      this.#first++;
    }
    if (this.#first === this.#pieces.length || this.#first >= 64) this.#pieces.splice(0, this.#first);
    else return;
    this.#first = 0;
  }
}

/** Length of what comes before the payload, with the payload's own length; all of it for packets without. */
function payloadAt(type: number, front: Buffer, length: number): number {
  let at = length;
  if (type === replies.data.type) at = handleAt;
  if (type === requests.write.type && front.length === handleAt) {
    const handleLength = u32At(front, handleAt - 4);
    if (handleLength <= maxHandleLength) at = handleAt + handleLength + 12;
  }
  return Math.min(at, length);
}
