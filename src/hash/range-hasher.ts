import { createHasher, type HashAlgorithm, type Hasher } from './algorithms.js';

/**
 * Hashes of a stream of bytes: one of all of it when `blockSize` is 0, else one of each block, the last one shorter.
 * [filexfer-extensions-00 3.2]
 */
export class RangeHasher {
  readonly #algorithm: HashAlgorithm;
  readonly #blockSize: number;
  readonly #hashes: Buffer[] = [];
  #current: Hasher;
  #inBlock = 0;

  constructor(algorithm: HashAlgorithm, blockSize: number) {
    this.#algorithm = algorithm;
    this.#blockSize = blockSize === 0 ? Infinity : blockSize;
    this.#current = createHasher(algorithm);
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + this.#blockSize - this.#inBlock);
      this.#current.update(bytes.subarray(at, end));
      this.#inBlock += end - at;
      at = end;
      if (this.#inBlock === this.#blockSize) this.#endBlock();
    }
  }

  digest(): readonly Buffer[] {
    if (this.#inBlock > 0 || this.#blockSize === Infinity) this.#endBlock();
    return this.#hashes;
  }

  #endBlock(): void {
    this.#hashes.push(this.#current.digest());
    this.#current = createHasher(this.#algorithm);
    this.#inBlock = 0;
  }
}
