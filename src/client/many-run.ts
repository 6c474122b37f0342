import { setMaxListeners } from 'node:events';
import { Fault, toFault } from '../fault.js';
import { JobQueue } from './job-queue.js';
import { lostForGood } from './lost-for-good.js';
import type {
  FailedTransfer,
  ManyOptions,
  ManyResult,
  TransferItem,
  TransferResult,
  TransferSubject,
} from './transfer.js';

/** Whether nothing else would go well after it, so that what has not begun is left alone. */
function isFinal(fault: Fault): boolean {
  return fault.code === 'quota' || fault.code === 'no-space' || lostForGood(fault);
}

/** Folders that are read at once: enough that their round trips do not add up. */
const foldersAtOnce = 4;
/** Files whose names wait for their turn. */
const ahead = 1000;

/** One run over several items: its queue, how each file of it ended, and when it has to stop. */
export class ManyRun {
  readonly queue: JobQueue;
  readonly options: ManyOptions;
  /** Aborts with the caller's, whose listeners it spares: each file under way adds some. */
  readonly signal: AbortSignal;
  readonly #direction: 'get' | 'put';
  readonly #results: TransferResult[] = [];
  readonly #failed: FailedTransfer[] = [];

  constructor(direction: 'get' | 'put', options: ManyOptions, full?: () => void) {
    this.#direction = direction;
    this.options = options;
    this.signal = AbortSignal.any([options.signal]);
    setMaxListeners(0, this.signal);
    this.queue = new JobQueue({
      files: Math.max(1, options.jobs),
      folders: foldersAtOnce,
      ahead,
      ...(full && { full }),
    });
  }

  subject({ remote, local }: TransferItem): TransferSubject {
    return { direction: this.#direction, remote, local };
  }

  note(item: TransferItem, sentence: string): void {
    this.options.watcher.note?.(this.subject(item), sentence);
  }

  add(result: TransferResult): void {
    const { verified } = result;
    // A tree has many of them: the same hash is kept once.
    this.#results.push(
      verified?.here === verified?.there && verified
        ? { ...result, verified: { ...verified, there: verified.here } }
        : result,
    );
  }

  /** One item did not go well; some faults end the whole run. */
  fail(item: TransferItem, thrown: unknown): void {
    const fault = toFault(thrown);
    this.#failed.push({ ...this.subject(item), fault });
    if (isFinal(fault)) this.queue.stop();
  }

  /** The same for what no transfer has told its watcher yet. */
  refuse(item: TransferItem, thrown: unknown): void {
    this.options.watcher.end?.(this.subject(item), toFault(thrown));
    this.fail(item, thrown);
  }

  /** Does a part of the work for an item; what it throws is held against the item. */
  async attempt(item: TransferItem, work: () => Promise<void>): Promise<void> {
    try {
      if (this.signal.aborted) throw new Fault('cancelled');
      await work();
    } catch (thrown) {
      // What ended the run is told once, not for each folder that was being read.
      if (!this.queue.stopped || !isFinal(toFault(thrown))) this.refuse(item, thrown);
    }
  }

  /** Moves a file; what it throws it has told its watcher already. */
  async move(item: TransferItem, transfer: () => Promise<TransferResult>): Promise<void> {
    try {
      if (this.signal.aborted) throw new Fault('cancelled');
      this.add(await transfer());
    } catch (thrown) {
      this.fail(item, thrown);
    }
  }

  result(): ManyResult {
    return { results: this.#results, failed: this.#failed };
  }
}
