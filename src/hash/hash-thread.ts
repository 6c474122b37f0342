import type { HashAlgorithm } from './algorithms.js';
import { RangeHasher } from './range-hasher.js';

/** What is being hashed in this thread, by the number its asker gave it. */
const jobs = new Map<number, { readonly hasher: RangeHasher; readonly blocks: readonly Buffer[] }>();

function jobOf(job: number): { readonly hasher: RangeHasher; readonly blocks: readonly Buffer[] } {
  const found = jobs.get(job);
  // A thread that died and was started again knows nothing of what it had begun.
  if (!found) throw new Error(`no hashing of number ${job} in this thread`);
  return found;
}

export interface Begin {
  readonly job: number;
  readonly algorithm: HashAlgorithm;
  /** Bytes of one block, 0 for a single hash. */
  readonly blockSize: number;
  /** Memory shared with the asker, who fills it and says so by `add`; none for who only appends. */
  readonly blocks: readonly SharedArrayBuffer[];
}

export interface Add {
  readonly job: number;
  /** Which of the shared blocks holds the next bytes, and how many. */
  readonly block: number;
  readonly length: number;
}

export interface Append {
  readonly job: number;
  readonly bytes: Uint8Array;
}

export const operations = {
  begin: ({ job, algorithm, blockSize, blocks }: Begin): void => {
    jobs.set(job, {
      hasher: new RangeHasher(algorithm, blockSize),
      blocks: blocks.map((block) => Buffer.from(block)),
    });
  },
  add: ({ job, block, length }: Add): void => {
    const { hasher, blocks } = jobOf(job);
    const bytes = blocks[block];
    if (!bytes || length > bytes.length) throw new RangeError(`no ${length} bytes in block ${block}`);
    hasher.update(bytes.subarray(0, length));
  },
  append: ({ job, bytes }: Append): void => jobOf(job).hasher.update(bytes),
  /** All hashes, one after another: one buffer crosses threads at less cost than many. */
  finish: (job: number): Uint8Array => {
    const { hasher } = jobOf(job);
    jobs.delete(job);
    return Buffer.concat(hasher.digest());
  },
  /** Forgets a job that nobody waits for. */
  drop: (job: number): void => void jobs.delete(job),
};

export type HashOperations = typeof operations;
