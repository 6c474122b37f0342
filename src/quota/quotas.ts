import type { Home } from '../store/accounts.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Line } from './line.js';

/** What a home uses now, against its line. */
export interface HomeUsage {
  /** Exact at this moment. Before the first count after a crash: never less than what is on the disk. */
  readonly bytes: number;
  readonly files: number;
  readonly line: Line;
  /** Whether the figures are exact: a home that was not counted since a crash waits for its scan. */
  readonly counted: boolean;
}

export interface Count {
  readonly bytes: number;
  readonly files: number;
}

/** What a scan found, at one moment. */
export interface ScanReport {
  readonly ledger: Count;
  readonly disk: Count;
}

export interface ScanOptions {
  /** Reports, and changes nothing. */
  readonly check: boolean;
  /** Called now and then with how many entries were met so far. */
  readonly progress?: (entries: number) => void;
  readonly signal?: AbortSignal;
}

/** The lines of all homes in this process. */
export interface Quotas {
  /** The files of a home with its line in force: what is changed through them, and only that, is charged. */
  limited(home: Home, files: Vfs): Vfs;
  /** @throws Fault `busy` when the owner of the ledger does not answer */
  usage(home: Home): Promise<HomeUsage>;
  /** Counts the home on disk and sets the ledger to it (L7). @throws Fault `cancelled`, `busy` */
  scan(home: Home, options: ScanOptions): Promise<ScanReport>;
  /** Counts those homes again whose owner died. */
  recover(): Promise<void>;
  /** Hands every ledger back, exact; to be called when nothing is open any more. */
  close(): Promise<void>;
}
