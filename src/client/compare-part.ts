import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Remote } from './remote.js';
import { RunningHash } from './running-hash.js';
import type { VerifyAlgorithm } from './transfer.js';
import { unlessAborted } from './unless-aborted.js';

/** Where bytes on this side come from: `[start, end)` of a file, fewer where it ends before. */
export type LocalBytes = (start: number, end: number) => AsyncIterable<Buffer>;

export interface ComparedPart {
  /** `unknown`: the server cannot hash. */
  readonly finding: 'same' | 'differs' | 'unknown';
  /** Of the bytes here, to go on with. */
  readonly here: RunningHash;
  /** What the server said, in hexadecimal. */
  readonly there: string | null;
}

export interface Comparison {
  readonly algorithm: VerifyAlgorithm;
  readonly signal: AbortSignal;
  /** Of a beginning that was hashed here already, and is not read again. */
  readonly known?: RunningHash;
}

/**
 * Whether the first `length` bytes are the same on both sides, by a hash that each makes of its own; nothing is
 * changed. @throws Fault `cancelled`
 */
export async function comparePart(
  remote: Remote,
  path: ByteString,
  length: number,
  local: LocalBytes,
  { algorithm, signal, known = RunningHash.begin(algorithm) }: Comparison,
): Promise<ComparedPart> {
  // A range of length 0 would be the whole file.
  if (length === 0) return { finding: 'same', here: known, there: null };
  const asked = remote.hash(path, algorithm, { start: 0, length });
  // Awaited below; a fault while this side still reads is no unhandled one.
  asked.catch(() => undefined);
  const here = known.copy();
  if (here.length < length) {
    for await (const bytes of local(here.length, length)) {
      if (signal.aborted) throw new Fault('cancelled');
      here.update(bytes);
    }
  }
  const answer = await unlessAborted(asked, signal);
  if (answer === null) return { finding: 'unknown', here, there: null };
  const there = answer.hash.toString('hex');
  return { finding: here.length === length && here.hex() === there ? 'same' : 'differs', here, there };
}
