import { Violation } from './messages.js';

/** Line end included. [RFC 4253 4.2] */
const maxLength = 255;

/**
 * Gathers the peer's identification line, however it is cut up: ssh2 loses one that arrives in three pieces or more,
 * and would take 8 KiB of it. Whoever never ends the line is cut off by the login grace.
 */
export class IdentGatherer {
  #gathered: Buffer = Buffer.alloc(0);

  /**
   * The line with everything behind it, once it is whole; `null` until then.
   * @throws Violation when it cannot become one
   */
  take(chunk: Buffer): Buffer | null {
    this.#gathered = this.#gathered.length === 0 ? chunk : Buffer.concat([this.#gathered, chunk]);
    const end = this.#gathered.indexOf('\n');
    const length = end === -1 ? this.#gathered.length : end + 1;
    if (length > maxLength || (end === -1 && length === maxLength)) {
      throw new Violation('the identification line is too long');
    }
    if (end === -1) return null;
    // Printable ASCII only: it is logged and compared with names of programs.
    if (
      !/^SSH-(2\.0|1\.99)-[\x21-\x7e][\x20-\x7e]*\r?\n$/.test(this.#gathered.toString('latin1', 0, length))
    ) {
      throw new Violation('not an SSH 2 client');
    }
    return this.#gathered;
  }
}
