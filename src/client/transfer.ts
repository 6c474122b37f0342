import type { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { RemoteHandle } from './remote.js';

/** What to do where the target of a transfer is there already. */
export type CollisionChoice = 'resume' | 'overwrite' | 'rename' | 'skip' | 'fail';

/** What to do where the part that is already there differs from the source. */
export type MismatchChoice = 'restart' | 'fail';

export type VerifyAlgorithm = 'md5' | 'sha256';

/** A transfer as people see it. */
export interface TransferSubject {
  readonly direction: 'get' | 'put';
  /** Paths are bytes on both sides (`names.ts`); `-` is standard input or output. */
  readonly remote: ByteString;
  readonly local: ByteString;
}

/** What was found in the target's place. */
export interface Collision extends TransferSubject {
  /** Bytes already there: of the partial file where one is, of the target otherwise. */
  readonly there: number;
  /** Bytes of the source; `null` where unknown. */
  readonly total: number | null;
  /** Whether it can be resumed: what is there is no longer than the source. */
  readonly resumable: boolean;
  /** The name that `rename` would use. */
  readonly freeName: ByteString;
}

/** The part that is there is not the beginning of the source, or nobody can say. */
export interface Mismatch extends TransferSubject {
  readonly there: number;
  readonly total: number | null;
  /** `differs`: hashed on both sides. `unknown`: the server cannot hash, so nobody knows. */
  readonly finding: 'differs' | 'unknown';
}

/** Asked when a transfer cannot go on by itself. A policy of flags answers at once, a person in his time. */
export interface Decisions {
  collision(found: Collision): Promise<CollisionChoice>;
  mismatch(found: Mismatch): Promise<MismatchChoice | 'resume'>;
}

/** Told as a transfer goes on; for bars, logs and totals. */
export interface TransferWatcher {
  /** A file begins, or begins again after a broken connection: `from` bytes are there already. */
  begin?(subject: TransferSubject, size: { readonly from: number; readonly total: number | null }): void;
  /** So many bytes more have arrived at the other side. */
  moved?(subject: TransferSubject, bytes: number): void;
  /** Something the user should read: written in place, not verified, times not set, ... */
  note?(subject: TransferSubject, sentence: string): void;
  end?(subject: TransferSubject, result: TransferResult | Fault): void;
  /** A recursive transfer knows what it is about to move. */
  total?(bytes: number, files: number): void;
}

/** What a verified transfer compared. */
export interface Verified {
  readonly algorithm: VerifyAlgorithm;
  /** Of the bytes here, lower-case hexadecimal. */
  readonly here: string;
  /** Of the file at the server. */
  readonly there: string;
}

/** How a file's transfer ended when it did not fail. */
export interface TransferResult extends TransferSubject {
  readonly outcome: 'transferred' | 'already-there' | 'skipped';
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes that went over the line this time. */
  readonly moved: number;
  /** Bytes that were there before. */
  readonly resumedAt: number;
  /** `null` where it was not asked for, or the server cannot. */
  readonly verified: Verified | null;
  /** Seconds. */
  readonly took: number;
}

export interface TransferOptions {
  /** `null` for none. `explicit`: asked for by name, so that a server that cannot hash makes it fail. */
  readonly verify: {
    readonly algorithm: VerifyAlgorithm;
    readonly explicit: boolean;
    /** It is the only file: worth a program at a server that makes no hashes by itself, however small. */
    readonly alone?: boolean;
  } | null;
  readonly decisions: Decisions;
  /** Times and mode are carried over. */
  readonly preserve: boolean;
  /** Writes to the target's own name, without `.part` or `.filepart`. */
  readonly inPlace: boolean;
  /** Asks for the room before the first byte. */
  readonly checkRoom: boolean;
  /** Bytes a second, over all files of the link; `null` for as many as go. */
  readonly limit: number | null;
  /** What was written is on the server's disk when it ends. */
  readonly sync: boolean;
  readonly watcher: TransferWatcher;
  readonly signal: AbortSignal;
}

/**
 * The window engine: positioned requests under way, as many as fill the line. Pieces come in order, so that a hash can
 * be made while they flow.
 */
export interface Engine {
  /**
   * Reads `[start, end)` of a file, or up to its end where `end` is `null`, and gives the bytes in order.
   * Ends early where the file does.
   */
  read(handle: RemoteHandle, start: number, end: number | null, signal: AbortSignal): AsyncIterable<Buffer>;
  /**
   * Writes pieces one behind the other from `start`; resolves to the place behind them once all of them are answered.
   * After a fault all before the place of `written` are at the server, so that a resume can begin there.
   * @param written called with the place up to which all is answered, as it grows
   * @param sent called with the place behind all bytes, once they are on their way and nothing has gone wrong so far
   */
  write(
    handle: RemoteHandle,
    start: number,
    pieces: AsyncIterable<Buffer>,
    written: (position: number) => void,
    signal: AbortSignal,
    sent?: (position: number) => void,
  ): Promise<number>;
}

/** One file, or a folder with all that is in it, to be moved from one side to the other. */
export interface TransferItem {
  readonly remote: ByteString;
  readonly local: ByteString;
}

export interface ManyOptions extends TransferOptions {
  /** Folders too, with everything in them; otherwise one is refused with `is-a-folder`. */
  readonly recursive: boolean;
  /** Files under way at once, at least 1. */
  readonly jobs: number;
}

export interface FailedTransfer extends TransferSubject {
  readonly fault: Fault;
}

/** How several transfers ended: one file's fault does not end the others, a lost connection or `cancelled` does. */
export interface ManyResult {
  readonly results: readonly TransferResult[];
  readonly failed: readonly FailedTransfer[];
}
