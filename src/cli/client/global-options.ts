import type { CollisionChoice, MismatchChoice, VerifyAlgorithm } from '../../client/transfer.js';

/** What the words before the host, and a profile, say about everything that follows. */
export interface GlobalOptions {
  /** One JSON document for each result. */
  readonly json: boolean;
  /** Only failures are printed. */
  readonly quiet: boolean;
  /** The number of each outcome stands before its sentence. */
  readonly codes: boolean;
  /** 0 says nothing, more with each `-v`. */
  readonly verbosity: number;
  /** `bar` on a terminal, `plain` a line every few seconds, `none`. */
  readonly progress: 'bar' | 'plain' | 'none';
  /** Attempts without progress after which a broken transfer is given up. */
  readonly retries: number;
  /** Milliseconds without an answer. */
  readonly timeout: number;
  /** Bytes a second, `null` for no limit. */
  readonly limit: number | null;
  readonly jobs: number;
  readonly verify: { readonly algorithm: VerifyAlgorithm; readonly explicit: boolean } | null;
  /** What flags decide for every file; `null` asks on a terminal and fails elsewhere. */
  readonly collision: CollisionChoice | null;
  readonly mismatch: MismatchChoice | null;
}
