import { Gate } from '../channel/gate.js';
import { Fault } from '../fault.js';
import { Thread } from '../threads.js';
import { hashLength, type HashAlgorithm } from './algorithms.js';
import type { Begin, HashOperations } from './hash-thread.js';
import { RangeHasher } from './range-hasher.js';

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

/** The next bytes in order, no more than `hashBlock` of them; `null` at the end. What is given may be used again at once. */
export type NextBytes = () => Promise<Buffer | null>;

export interface HashPoolOptions {
  /** Threads at most; none is started before it is needed. */
  readonly threads?: number;
}

/** Bytes read and hashed at once: after an abort no more than this is done (T7). */
export const hashBlock = 262_144;

/** Bytes of a range that are hashed here: to ask a thread takes longer, and the more of both processors. */
const small = 16_384;

/** Files hashed at once, whoever asks: the blocks of each stay for ever, since nothing gives their memory back. */
const mostAtOnce = 64;

/** Bytes of all hashes of one call: more would fit no packet, and a file of 1 TiB has 2^32 blocks of 256 bytes. */
const maxHashes = 262_144;

/**
 * One is filled while the other is hashed. They are kept for the next hash for ever: V8 does not count what lies behind
 * a SharedArrayBuffer, and so frees none in a thread that has no other garbage.
 */
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
  readonly #atOnce = new Gate(mostAtOnce);
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
  hash(read: ReadAt, range: HashRange, signal: AbortSignal): Promise<HashResult> {
    return this.#atOnce.pass(signal, () => this.#hash(read, range, signal));
  }

  async #hash(read: ReadAt, range: HashRange, signal: AbortSignal): Promise<HashResult> {
    this.#stopIf(signal);
    const { algorithm, blockSize } = range;
    const blocks = this.#idleBlocks.pop() ?? newBlocks();
    let length = 0;
    try {
      const first = await this.#first(read, range, blocks, signal);
      if (first.isAll && first.found <= small)
        return hashHere(blocks.buffers[0].subarray(0, first.found), range);
      const hashes = await this.#run({ algorithm, blockSize, blocks: blocks.shared }, async (thread, job) => {
        length = await this.#feed(thread, job, blocks, first.found, read, range, signal);
      });
      return { hashes: split(hashes, hashLength(algorithm)), length };
    } finally {
      // Only now: the thread answers in order, so it has done with the blocks.
      this.#idleBlocks.push(blocks);
    }
  }

  /**
   * Hashes what comes as slowly as somebody likes, and holds none of it meanwhile: one piece at most is on its way.
   * @throws Fault as `hash`; whatever `next` rejects with
   */
  async hashStream(next: NextBytes, algorithm: HashAlgorithm, signal: AbortSignal): Promise<Buffer> {
    this.#stopIf(signal);
    return this.#run({ algorithm, blockSize: 0, blocks: [] }, async (thread, job) => {
      for (let bytes = await next(); bytes; bytes = await next()) {
        this.#stopIf(signal);
        // A view would be sent with all of the memory that it was cut from.
        await thread.call('append', { job, bytes: new Uint8Array(bytes) });
      }
      this.#stopIf(signal);
    });
  }

  /** Ends the threads; what is being hashed fails with `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#seats.map(({ thread }) => thread.close()));
  }

  /** Begins a job in a thread, lets `feed` give it its bytes, and gives its hashes, one after another. */
  async #run(
    begin: Omit<Begin, 'job'>,
    feed: (thread: Thread<HashOperations>, job: number) => Promise<void>,
  ): Promise<Buffer> {
    const seat = this.#seat();
    const { thread } = seat;
    const job = ++this.#lastJob;
    seat.jobs++;
    try {
      await thread.call('begin', { job, ...begin });
      await feed(thread, job);
      return Buffer.from(await thread.call('finish', job));
    } catch (thrown) {
      if (!this.#closed) await thread.call('drop', job).catch(() => undefined);
      throw thrown;
    } finally {
      seat.jobs--;
    }
  }

  /** Reads the first block, and tells whether it is all. */
  async #first(
    read: ReadAt,
    { start, length }: HashRange,
    { buffers }: Blocks,
    signal: AbortSignal,
  ): Promise<{ readonly found: number; readonly isAll: boolean }> {
    const wanted = length === 0 ? hashBlock : Math.min(hashBlock, length);
    const found = await read(buffers[0].subarray(0, wanted), start);
    this.#stopIf(signal);
    return { found, isAll: found < wanted || found === length };
  }

  /** @param first bytes that are in the first block already */
  async #feed(
    thread: Thread<HashOperations>,
    job: number,
    { buffers }: Blocks,
    first: number,
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
      const found = position === start ? first : await read(buffers[turn].subarray(0, wanted), position);
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

function hashHere(bytes: Buffer, { algorithm, blockSize }: HashRange): HashResult {
  const hasher = new RangeHasher(algorithm, blockSize);
  hasher.update(bytes);
  return { hashes: hasher.digest(), length: bytes.length };
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
