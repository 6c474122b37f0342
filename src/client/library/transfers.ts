import { Fault } from '../../fault.js';
import type {
  CollisionChoice,
  Decisions,
  MismatchChoice,
  TransferOptions,
  TransferResult,
  TransferSubject,
  TransferWatcher,
  VerifyAlgorithm,
  Verified,
} from '../transfer.js';
import { plainText } from './paths.js';

/** How far one file's transfer is. */
export interface TransferProgress {
  readonly direction: 'get' | 'put';
  readonly remote: string;
  readonly local: string;
  /** Bytes at the other side, with those that were there before. */
  readonly done: number;
  /** Bytes of the source; `null` where nobody knows. */
  readonly total: number | null;
}

/** How `get` and `put` go about it. */
export interface TransferSettings {
  /**
   * What to do where the target is there already and differs: `fail` if absent. The same bytes are left alone. `resume`
   * goes on behind what is there once it was compared with the beginning of the source.
   */
  readonly ifExists?: CollisionChoice;
  /** What to do where what is there is not the beginning of the source: `fail` if absent. */
  readonly onMismatch?: MismatchChoice;
  /**
   * The hash that is compared in the end. By name, a server that can hash neither by itself nor by a shell makes it
   * fail; if absent it is MD5 where the server hashes by itself, or a shell does for 1 MiB and more, and elsewhere
   * `verified` of the result is `null`.
   */
  readonly verify?: VerifyAlgorithm | false;
  /** Carries over times and mode. */
  readonly preserve?: boolean;
  /** Writes to the target's own name, in place of `NAME.part` or `NAME.filepart` that gets its name when it is whole. */
  readonly inPlace?: boolean;
  /** `false` does not ask for the room before the first byte. */
  readonly checkRoom?: boolean;
  /** Bytes a second. */
  readonly limit?: number;
  /** What was written is on the server's disk when it ends, where the server can say. */
  readonly sync?: boolean;
  /** Called as bytes arrive at the other side. */
  readonly progress?: (state: TransferProgress) => void;
  /** Sentences about what went otherwise than usual: not verified, written in place, times not set. */
  readonly note?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

export interface TreeSettings extends TransferSettings {
  /** Files under way at once: 4 if absent. */
  readonly jobs?: number;
}

/** How the transfer of one file ended. */
export interface Transferred {
  readonly outcome: 'transferred' | 'already-there' | 'skipped';
  readonly remote: string;
  readonly local: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes that went over the line this time. */
  readonly moved: number;
  /** Bytes that were there before. */
  readonly resumedAt: number;
  /** Both hashes, lower-case hexadecimal; `null` where none were compared. */
  readonly verified: Verified | null;
  readonly seconds: number;
}

/** How a tree's transfer ended: what failed is in the `Fault` that is thrown. */
export interface TreeTransferred {
  readonly files: readonly Transferred[];
}

/** Some files of a tree did not arrive. Its code is that of the fault where there is only one, `some-failed` otherwise. */
export class TreeFault extends Fault {
  readonly files: readonly Transferred[];
  readonly failed: readonly { readonly remote: string; readonly local: string; readonly fault: Fault }[];

  constructor(
    files: readonly Transferred[],
    failed: readonly { readonly remote: string; readonly local: string; readonly fault: Fault }[],
  ) {
    const first = failed[0]?.fault;
    if (first && failed.length === 1 && files.length === 0)
      super(first.code, first.message, { cause: first });
    else
      super(
        'some-failed',
        `${failed.length} of ${failed.length + files.length} files failed: ${first?.message ?? ''}`,
      );
    this.files = files;
    this.failed = failed;
  }
}

export function transferred({
  outcome,
  remote,
  local,
  size,
  moved,
  resumedAt,
  verified,
  took,
}: TransferResult): Transferred {
  return {
    outcome,
    remote: plainText(remote),
    local: plainText(local),
    size,
    moved,
    resumedAt,
    verified,
    seconds: took,
  };
}

/** @throws Fault `invalid` for a limit that is none */
export function transferOptions(settings: TransferSettings): TransferOptions {
  const { ifExists = 'fail', onMismatch = 'fail', verify, limit } = settings;
  if (limit !== undefined && !(limit > 0))
    throw new Fault('invalid', 'limit is a number of bytes a second, above 0');
  const decisions: Decisions = {
    collision: () => Promise.resolve(ifExists),
    mismatch: () => Promise.resolve(onMismatch),
  };
  return {
    verify: verify === false ? null : { algorithm: verify ?? 'md5', explicit: verify !== undefined },
    decisions,
    preserve: settings.preserve ?? false,
    inPlace: settings.inPlace ?? false,
    checkRoom: settings.checkRoom ?? true,
    limit: limit ?? null,
    sync: settings.sync ?? false,
    watcher: watcherFor(settings),
    signal: settings.signal ?? new AbortController().signal,
  };
}

function watcherFor({ progress, note }: TransferSettings): TransferWatcher {
  const files = new Map<string, { done: number; total: number | null }>();
  const tell = ({ direction, remote, local }: TransferSubject): void => {
    const state = files.get(key({ direction, remote, local }));
    if (state) progress?.({ direction, remote: plainText(remote), local: plainText(local), ...state });
  };
  return {
    ...(progress && {
      begin: (subject, { from, total }) => {
        files.set(key(subject), { done: from, total });
        tell(subject);
      },
      moved: (subject, bytes) => {
        const state = files.get(key(subject));
        if (state) state.done += bytes;
        tell(subject);
      },
      end: (subject) => void files.delete(key(subject)),
    }),
    ...(note && { note: (_subject, sentence) => note(sentence) }),
  };
}

function key({ remote, local }: TransferSubject): string {
  return `${remote}\0${local}`;
}
