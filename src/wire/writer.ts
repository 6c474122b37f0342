import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { lengthSize, maxPacket } from './limits.js';

const wide = /[^\x00-\xff]/;

/** Builds one packet, with the uint32 length before it. [filexfer-02 3] */
export class Writer {
  #bytes: Buffer;
  #at = lengthSize;

  /** `room` is a guess at the packet's size; the writer grows when it was too small. */
  constructor(type: number, room = 128) {
    this.#bytes = Buffer.allocUnsafe(Math.max(room, 16));
    this.u8(type);
  }

  u8(value: number): void {
    this.#at = this.#reserve(1).writeUInt8(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#reserve(4).writeUInt32BE(value, this.#at);
  }

  /** @throws RangeError when `value` is no whole number from 0 to 2^53-1 */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no unsigned number`);
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  /** @throws RangeError for a char above 0xff: cut to a byte it could become a `/` or a NUL */
  byteString(value: ByteString): void {
    if (wide.test(value)) throw new RangeError('a byte string with a char above 0xff');
    this.u32(value.length);
    this.#reserve(value.length);
    this.#at += this.#bytes.write(value, this.#at, 'latin1');
  }

  string(value: Buffer): void {
    this.u32(value.length);
    this.raw(value);
  }

  /** Bytes without a length before them. */
  raw(value: Buffer): void {
    this.#reserve(value.length);
    this.#at += value.copy(this.#bytes, this.#at);
  }

  /** A string whose bytes are what `fill` writes. */
  nested(fill: () => void): void {
    const start = this.#at;
    this.u32(0);
    fill();
    this.#bytes.writeUInt32BE(this.#at - start - 4, start);
  }

  /**
   * The packet, length first.
   * @throws Fault `failure` when no peer would take a packet of that length
   */
  finish(): Buffer {
    const length = this.#at - lengthSize;
    if (length > maxPacket) throw new Fault('failure', 'the answer does not fit one packet');
    this.#bytes.writeUInt32BE(length, 0);
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(length: number): Buffer {
    const needed = this.#at + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}
