import { Fault } from '../fault.js';
import { Thread } from '../threads.js';
import { hashLength, type HashAlgorithm } from './algorithms.js';
import type { HashOperations } from './hash-thread.js';

/** What of a file is hashed, and how. */
export interface HashRange {
  readonly algorithm: HashAlgorithm;
  /** First byte. */
  readonly start: number;
  /** Bytes, 0 for all up to the end of the file. */
  readonly length: number;
  /** Bytes that get a hash of their own, 0 for one hash of the whole range. */
  readonly blockSize: number;
}

export interface HashResult {
  /** One for each block in order; for `blockSize` 0 always exactly one. */
  readonly hashes: readonly Buffer[];
  /** Bytes that were hashed: fewer than asked where the file ended before. */
  readonly length: number;
}

/** As `Handle.read` of the Vfs: fills `into` from `position`, fewer bytes than asked only at the end of the file. */
export type ReadAt = (into: Buffer, position: number) => Promise<number>;

export interface HashPoolOptions {
  /** Threads at most; none is started before it is needed. */
  readonly threads?: number;
}

/** Bytes read and hashed at once: after an abort no more than this is done (T7). */
export const hashBlock = 262_144;

/** Bytes of all hashes of one call: more would fit no packet, and a file of 1 TiB has 2^32 blocks of 256 bytes. */
const maxHashes = 262_144;

/** One is filled while the other is hashed. */
interface Blocks {
  readonly shared: readonly SharedArrayBuffer[];
  readonly buffers: readonly [Buffer, Buffer];
}

interface Seat {
  readonly thread: Thread<HashOperations>;
  jobs: number;
}

/** Hashes ranges of files in a few threads: neither the event loop nor libuv's pool waits for a hash. */
export class HashPool {
  readonly #limit: number;
  readonly #seats: Seat[] = [];
  readonly #idleBlocks: Blocks[] = [];
  #lastJob = 0;
  #closed = false;

  constructor({ threads = 2 }: HashPoolOptions = {}) {
    this.#limit = threads;
  }

  /** Threads that were asked for so far. */
  get threads(): number {
    return this.#seats.length;
  }

  /**
   * Reads the range through `read` and hashes it.
   * @throws Fault `cancelled` once `signal` aborts or the pool closes, when the read under way has ended; `invalid`
   * when there would be more hashes than fit a packet; whatever `read` rejects with
   */
  async hash(read: ReadAt, range: HashRange, signal: AbortSignal): Promise<HashResult> {
    this.#stopIf(signal);
    const seat = this.#seat();
    const blocks = this.#idleBlocks.pop() ?? newBlocks();
    const job = ++this.#lastJob;
    seat.jobs++;
    const { thread } = seat;
    try {
      const { algorithm, blockSize } = range;
      await thread.call('begin', { job, algorithm, blockSize, blocks: blocks.shared });
      const length = await this.#feed(thread, job, blocks, read, range, signal);
      const hashes = Buffer.from(await thread.call('finish', job));
      return { hashes: split(hashes, hashLength(algorithm)), length };
    } catch (thrown) {
      if (!this.#closed) await thread.call('drop', job).catch(() => undefined);
      throw thrown;
    } finally {
      seat.jobs--;
      // Only now: the thread answers in order, so it has done with the blocks.
      if (this.#idleBlocks.length < this.#limit) this.#idleBlocks.push(blocks);
    }
  }

  /** Ends the threads; what is being hashed fails with `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#seats.map(({ thread }) => thread.close()));
  }

  async #feed(
    thread: Thread<HashOperations>,
    job: number,
    { buffers }: Blocks,
    read: ReadAt,
    { algorithm, start, length, blockSize }: HashRange,
    signal: AbortSignal,
  ): Promise<number> {
    const end = length === 0 ? Infinity : start + length;
    const most = blockSize === 0 ? Infinity : Math.floor(maxHashes / hashLength(algorithm)) * blockSize;
    const added: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
    let position = start;
    for (let turn: 0 | 1 = 0; position < end; turn = turn === 0 ? 1 : 0) {
      await added[turn];
      this.#stopIf(signal);
      const wanted = Math.min(hashBlock, end - position);
      const found = await read(buffers[turn].subarray(0, wanted), position);
      this.#stopIf(signal);
      if (found > 0) {
        added[turn] = thread.call('add', { job, block: turn, length: found });
        // It is awaited when its block is needed again; a rejection before that is not unhandled.
        added[turn].catch(() => undefined);
      }
      position += found;
      if (position - start > most) {
        throw new Fault('invalid', 'too many hashes for one answer: ask for larger blocks');
      }
      if (found < wanted) break;
    }
    await Promise.all(added);
    return position - start;
  }

  /** The thread with the least to do, or a new one while all are busy. */
  #seat(): Seat {
    const [least] = this.#seats.toSorted((a, b) => a.jobs - b.jobs);
    if (least && (least.jobs === 0 || this.#seats.length >= this.#limit)) return least;
    const seat: Seat = { thread: new Thread('hashes'), jobs: 0 };
    this.#seats.push(seat);
    return seat;
  }

  #stopIf(signal: AbortSignal): void {
    if (signal.aborted || this.#closed) throw new Fault('cancelled');
  }
}

function newBlocks(): Blocks {
  const shared = [new SharedArrayBuffer(hashBlock), new SharedArrayBuffer(hashBlock)] as const;
  return { shared, buffers: [Buffer.from(shared[0]), Buffer.from(shared[1])] };
}

function split(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}
