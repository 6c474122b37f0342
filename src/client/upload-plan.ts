import type { ByteString } from '../names.js';
import type { RemoteStat } from './remote.js';
import type { RunningHash } from './running-hash.js';

/** How an upload is to be written, once everything about it is decided. */
export interface UploadPlan {
  /** The name it gets at the end. */
  readonly target: ByteString;
  /** The file that is written: the target in place, its partial file otherwise. */
  readonly path: ByteString;
  readonly inPlace: boolean;
  /** Whether the written file is made, emptied, or written as it is. */
  readonly open: 'create' | 'empty' | 'keep';
  /** Bytes of it that are there already. */
  readonly from: number;
  /** Of those bytes; `null` where they were not compared. */
  readonly hash: RunningHash | null;
  /** What has the target's name now. */
  readonly replaces: RemoteStat | null;
  /** The target was said not to be there, and nobody looked. */
  readonly unseen: boolean;
}
