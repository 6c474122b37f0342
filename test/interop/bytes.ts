import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes `size` bytes that do not repeat and are the same in every run. */
export async function writeNoise(path: string, size: number, seed = 1): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  function* chunks(): Generator<Buffer> {
    const zeros = Buffer.alloc(1 << 20);
    for (let left = size; left > 0; left -= zeros.length) {
      yield cipher.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
    }
  }
  await pipeline(Readable.from(chunks()), createWriteStream(path));
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
