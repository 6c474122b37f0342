import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { ComparedPart } from './compare-part.js';
import type { RunningHash } from './running-hash.js';
import { formatPart } from './stopped-transfer.js';
import type { Mismatch, TransferOptions, TransferSubject, Verified, VerifyAlgorithm } from './transfer.js';

/** One of the two places where bytes of an earlier transfer may be: the partial file, or the target itself. */
export type Place = 'part' | 'target';

/** What was found on the side that bytes go to, and how more is learnt about it. */
export interface Found {
  readonly subject: TransferSubject;
  /** The path on that side, for sentences. */
  readonly path: ByteString;
  /** Bytes of what is there, `null` where nothing is. */
  readonly target: number | null;
  readonly part: number | null;
  /** Bytes of the source; `null` where unknown. */
  readonly total: number | null;
  /** Whether the source can be read from a place in it; a stream cannot. */
  readonly seekable: boolean;
  /** Hashes the first bytes of what is there and of the source. */
  compare(place: Place, length: number): Promise<ComparedPart>;
  /** The name that `rename` would use. */
  freeName(): Promise<ByteString>;
}

/** Where a transfer begins. */
export type StartingPoint =
  /** Nothing is there, or what is there is kept until the new one is complete. */
  | { readonly kind: 'new' }
  /** Under another name. */
  | { readonly kind: 'renamed'; readonly path: ByteString }
  /** What is there is written over from its beginning. */
  | { readonly kind: 'over'; readonly place: Place }
  /** What is there is the beginning of the source. `hash` is of those bytes; `null` where they were not compared. */
  | {
      readonly kind: 'extend';
      readonly place: Place;
      readonly from: number;
      readonly hash: RunningHash | null;
    }
  | { readonly kind: 'already-there'; readonly verified: Verified | null }
  | { readonly kind: 'skip' };

/**
 * Decides where to begin, asking whoever decides about collisions; nothing is changed meanwhile.
 * @throws Fault `exists` where the choice is to fail, `verification-failed` where a part differs and is to be kept
 */
export async function startingPoint(
  found: Found,
  options: Pick<TransferOptions, 'verify' | 'decisions' | 'inPlace'>,
): Promise<StartingPoint> {
  const { target, total, seekable } = found;
  // In place, a partial file of another run is none of ours.
  const part = options.inPlace ? null : found.part;
  if (target === null && part === null) return { kind: 'new' };

  const whole =
    seekable && options.verify && target !== null && target === total
      ? await compareWhole(found, target)
      : null;
  if (whole?.finding === 'same') return { kind: 'already-there', verified: whole.verified };

  const place: Place = part === null ? 'target' : 'part';
  const there = part ?? target ?? 0;
  const resumable = seekable && (total === null || there <= total);
  const freeName = await found.freeName();
  const choice = await options.decisions.collision({ ...found.subject, there, total, resumable, freeName });
  switch (choice) {
    case 'skip':
      return { kind: 'skip' };
    case 'rename':
      return { kind: 'renamed', path: freeName };
    case 'overwrite':
      return over(place, options.inPlace);
    case 'fail':
      throw new Fault('exists', refusal(found, place, there));
    case 'resume':
      if (!seekable)
        throw new Fault(
          'exists',
          `${toText(found.path)} exists already, and what comes from a stream cannot be resumed`,
        );
      return resume(
        found,
        { place, there, differs: !resumable || (place === 'target' && whole?.finding === 'differs') },
        options,
      );
  }
}

async function resume(
  found: Found,
  { place, there, differs }: { readonly place: Place; readonly there: number; readonly differs: boolean },
  { decisions, inPlace }: Pick<TransferOptions, 'decisions' | 'inPlace'>,
): Promise<StartingPoint> {
  const compared = differs ? null : await found.compare(place, there);
  if (compared?.finding === 'same') return { kind: 'extend', place, from: there, hash: compared.here };
  const mismatch: Mismatch = {
    ...found.subject,
    there,
    total: found.total,
    finding: compared?.finding === 'unknown' ? 'unknown' : 'differs',
  };
  const choice = await decisions.mismatch(mismatch);
  if (choice === 'restart') return over(place, inPlace);
  if (choice === 'resume' && compared) return { kind: 'extend', place, from: there, hash: compared.here };
  throw new Fault('verification-failed', differing(found, mismatch));
}

/** A target is only written over in place; otherwise it stays until the new one takes its name. */
function over(place: Place, inPlace: boolean): StartingPoint {
  return place === 'part' || inPlace ? { kind: 'over', place } : { kind: 'new' };
}

interface ComparedWhole {
  readonly finding: ComparedPart['finding'];
  readonly verified: Verified | null;
}

async function compareWhole(found: Found, length: number): Promise<ComparedWhole> {
  const { finding, here, there } = await found.compare('target', length);
  if (finding !== 'same') return { finding, verified: null };
  const hex = here.hex();
  return { finding, verified: { algorithm: here.algorithm, here: hex, there: there ?? hex } };
}

function refusal({ path, total }: Found, place: Place, there: number): string {
  const name = toText(path);
  return place === 'part'
    ? `${name}: an earlier transfer of it is there in part (${formatPart(there, total)}); go on with --resume, or begin anew with --overwrite`
    : `${name} exists already; choose --resume, --overwrite, --rename or --skip`;
}

function differing({ path, total }: Found, { there, finding }: Mismatch): string {
  const what = `${toText(path)}: the ${formatPart(there, total)} that are there`;
  return finding === 'differs'
    ? `${what} are not the beginning of the source; nothing was changed (--on-mismatch restart begins anew)`
    : `${what} cannot be compared, since the server makes no hashes; nothing was changed`;
}

/** The algorithm that a part is compared by: it is compared even where the whole is not to be verified. */
export function comparisonAlgorithm(verify: TransferOptions['verify']): VerifyAlgorithm {
  return verify?.algorithm ?? 'md5';
}
