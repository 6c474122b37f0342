import { Fault } from '../fault.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Ledger } from './ledger.js';
import type { ScanOptions, ScanReport } from './home-usage.js';
import { OneByOne } from './one-by-one.js';
import { Recount } from './recount.js';

export interface CountingParts {
  /** Opens the home for one count. */
  readonly open: () => Promise<Vfs>;
  /** How a count gives way to transfers: waited for after each batch. */
  readonly pause: (batchMilliseconds: number) => Promise<void>;
  readonly ledger: Ledger;
  readonly state: CountState;
  /** Runs work with no change of names half done. */
  readonly inQueue: <T>(work: () => Promise<T>) => Promise<T>;
  /** Has everybody tell what they have written: the figures of a count are those of one moment. */
  readonly settle: () => Promise<unknown>;
  /** Keeps what a count has found. @param links names inside the home of inodes that have more than one */
  readonly counted: (links: ReadonlyMap<number, number>) => Promise<void>;
  /** Called when a count has come to be due again. */
  readonly doubted: () => void;
}

/**
 * How far the figures can be trusted. `uncounted`: the home holds no more than they say, and may hold less;
 * `unknown`: they say nothing.
 */
export type CountState = 'counted' | 'uncounted' | 'unknown';

/** Counts beside changes of names that are given up for one during which names rest. */
const restlessCounts = 2;

/** The counts of one home: those that are due since a crash, and those that somebody asks for, one at a time. */
export class Counting {
  readonly #parts: CountingParts;
  readonly #stopped = new AbortController();
  readonly #scans = new OneByOne();
  #due: Promise<ScanReport> | null = null;
  state: CountState;
  /** The count that is going on, to be told of every change. */
  current: Recount | null = null;
  /** Whether the last count that was due could not be finished. */
  failed = false;

  constructor(parts: CountingParts) {
    this.#parts = parts;
    this.state = parts.state;
  }

  /** From now on the figures are no more than a bound. */
  doubt(): void {
    if (this.current) this.current.unsure = true;
    if (this.state !== 'counted') return;
    this.state = 'uncounted';
    this.#parts.doubted();
  }

  /** Counts, if that is due. @throws Fault when it cannot be done */
  async start(): Promise<void> {
    while (this.state !== 'counted') await this.#countDue();
  }

  #countDue(): Promise<ScanReport> {
    this.#due ??= this.#inTurn({ check: false })
      .then(
        (report) => {
          this.failed = false;
          return report;
        },
        (thrown: unknown) => {
          this.failed = true;
          throw thrown;
        },
      )
      .finally(() => (this.#due = null));
    return this.#due;
  }

  /** One that is due serves whoever asks for no more than that. */
  scan(options: ScanOptions): Promise<ScanReport> {
    const { signal } = options;
    const scan = this.#due && !options.check ? this.#due : this.#inTurn(options);
    if (!signal) return scan;
    return Promise.race([
      scan,
      new Promise<never>((_resolve, reject) => {
        const end = (): void => reject(new Fault('cancelled'));
        if (signal.aborted) end();
        else signal.addEventListener('abort', end, { once: true });
      }),
    ]);
  }

  #inTurn(options: ScanOptions): Promise<ScanReport> {
    return this.#scans.run(() => this.#scan(options));
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #scan(options: ScanOptions): Promise<ScanReport> {
    for (let tried = 0; ; tried++) {
      if (this.#stopped.signal.aborted || options.signal?.aborted) throw new Fault('cancelled');
      const vfs = await this.#parts.open();
      try {
        const { inQueue } = this.#parts;
        const report =
          tried < restlessCounts
            ? await this.#count(vfs, options, inQueue)
            : await inQueue(() => this.#count(vfs, options, (work) => work(), atOnce));
        if (report) return report;
      } finally {
        await vfs.close();
      }
    }
  }

  /** @returns `null` when something happened that only another count can tell */
  async #count(
    vfs: Vfs,
    options: ScanOptions,
    inQueue: CountingParts['inQueue'],
    pause: CountingParts['pause'] = this.#parts.pause,
  ): Promise<ScanReport | null> {
    const { check, progress, signal } = options;
    const { ledger, settle, counted } = this.#parts;
    const stopped = this.#stopped.signal;
    const count = new Recount(
      {
        vfs,
        pause,
        signal: signal ? AbortSignal.any([signal, stopped]) : stopped,
        ...(progress && { progress }),
      },
      ledger.open,
    );
    this.current = count;
    try {
      await count.run();
      return await inQueue(async () => {
        await settle();
        if (count.unsure) return null;
        const disk = ledger.withClosing(count.total());
        const before = { bytes: ledger.bytes, files: ledger.files };
        if (!check) {
          ledger.replace(disk.bytes, disk.files);
          this.state = 'counted';
          this.current = null;
          try {
            await counted(count.links());
          } catch (thrown) {
            this.doubt();
            throw thrown;
          }
        }
        return { ledger: before, disk };
      });
    } finally {
      if (this.current === count) this.current = null;
    }
  }
}

/** While everybody waits for a count to change a name, it gives way to nobody for longer than a turn. */
function atOnce(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
