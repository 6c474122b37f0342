import { createHash, type Hash } from 'node:crypto';
import { Fault } from '../fault.js';
import type { VerifyAlgorithm } from './transfer.js';

/** The hash of all bytes from a file's beginning up to `length`, made while they flow. */
export class RunningHash {
  readonly algorithm: VerifyAlgorithm;
  readonly #hash: Hash;
  #length: number;

  private constructor(algorithm: VerifyAlgorithm, hash: Hash, length: number) {
    this.algorithm = algorithm;
    this.#hash = hash;
    this.#length = length;
  }

  /** @throws Fault `unsupported` where OpenSSL refuses the algorithm, as a FIPS build does md5 */
  static begin(algorithm: VerifyAlgorithm): RunningHash {
    try {
      return new RunningHash(algorithm, createHash(algorithm), 0);
    } catch (error) {
      const other = algorithm === 'md5' ? ': use --verify sha256' : '';
      throw new Fault('unsupported', `this computer cannot make ${algorithm} hashes${other}`, {
        cause: error,
      });
    }
  }

  /** Bytes that are in it. */
  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** The hash so far, in lower-case hexadecimal; more may follow. */
  hex(): string {
    return this.#hash.copy().digest('hex');
  }

  /** As it is now; what follows goes into one of the two. */
  copy(): RunningHash {
    return new RunningHash(this.algorithm, this.#hash.copy(), this.#length);
  }
}
