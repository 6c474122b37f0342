import type { TransferOptions } from './transfer.js';

/** What keeps transfers from going faster than they may; one for all files of a link. */
export interface Pace {
  /** Resolves when so many bytes may move. @throws what `signal` says, when it aborts */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** How one file is transferred, with what only somebody who moves several can know. */
export interface FileOptions extends TransferOptions {
  /** Takes the place of `limit`, for several files that share it. */
  readonly pace?: Pace;
  /**
   * Neither the target nor its partial file is there, since its folder was made or listed just now: nothing is asked
   * about them before the file is written, which saves a round trip for each small file.
   */
  readonly absent?: boolean;
}
