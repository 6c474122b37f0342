import { Fault } from '../fault.js';

/**
 * Reads the fields of a key or signature blob [RFC 4251 5]. Defensive: a length that runs past the end, a number not
 * in its shortest form and bytes left over are refused, so that one key has exactly one blob and one fingerprint.
 */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws Fault `invalid` */
  string(): Buffer {
    const start = this.#at + 4;
    if (start > this.#bytes.length) throw malformed();
    const end = start + this.#bytes.readUInt32BE(this.#at);
    if (end > this.#bytes.length) throw malformed();
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  text(): string {
    return this.string().toString('latin1');
  }

  /**
   * A positive mpint as its big-endian magnitude, without the sign byte [RFC 4251 5].
   * @throws Fault `invalid` for zero, negative numbers and needless leading bytes
   */
  positive(): Buffer {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    if (bytes.length === 0 || first >= 0x80) throw malformed();
    if (first !== 0) return bytes;
    if (second < 0x80) throw malformed();
    return bytes.subarray(1);
  }

  /** @throws Fault `invalid` when bytes are left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed();
  }
}

function malformed(): Fault {
  return new Fault('invalid', 'the key is malformed');
}
