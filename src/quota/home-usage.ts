import type { Line } from './line.js';

/** What a home uses now, against its line. */
export interface HomeUsage {
  /** Exact at this moment. Before the first count after a crash: never less than what is on the disk. */
  readonly bytes: number;
  readonly files: number;
  readonly line: Line;
  /** Whether the figures are exact: a home that was not counted since a crash waits for its scan. */
  readonly counted: boolean;
  /** More was given back than there was: the home was changed behind the server's back, and only a scan tells how (L5). */
  readonly drift?: true;
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
