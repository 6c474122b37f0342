import type {
  FailedTransfer,
  TransferItem,
  TransferResult,
  TransferSubject,
} from '../../../client/transfer.js';
import type { Fault } from '../../../fault.js';
import { toText } from '../../../names.js';
import { formatSize } from '../../../size.js';
import type { Place } from '../command.js';
import { textOf } from '../listed-entry.js';
import { shownLocal } from '../local-place.js';
import type { OutcomeName } from '../outcomes.js';
import { baseOf, shownRemote } from '../remote-path.js';
import { about } from '../several.js';

/** How the side that files come from calls one. */
export function shownSource({ direction, remote, local }: TransferSubject, place: Place): string {
  if (direction === 'put' && local === '-') return shownRemote(remote, place.remote);
  return direction === 'get' ? shownRemote(remote, place.remote) : shownLocal(local, place.local);
}

/** How the side that files go to calls one. */
export function shownTarget({ direction, remote, local }: TransferSubject, place: Place): string {
  return direction === 'get' ? shownLocal(local, place.local) : shownRemote(remote, place.remote);
}

/** A failure that names the command and the file, where its sentence does not name the file already. */
export function failure(subject: TransferSubject, fault: Fault, place: Place): Fault {
  const name = shownSource(subject, place);
  return fault.message.includes(name) ? fault : about(subject.direction, name, fault);
}

/** Whether it has another name than the one that was asked for. */
function isRenamed(result: TransferResult, asked: TransferItem | null): boolean {
  return asked !== null && (result.remote !== asked.remote || result.local !== asked.local);
}

export function outcomeOf(result: TransferResult, asked: TransferItem | null): OutcomeName {
  if (result.outcome !== 'transferred') return result.outcome;
  if (isRenamed(result, asked)) return 'renamed';
  if (result.verified === null) return 'not-verified';
  return result.resumedAt > 0 ? 'resumed' : 'transferred';
}

/** One file's result as lines for people: what moved, and both hashes. */
export function resultLines(
  result: TransferResult,
  asked: TransferItem | null,
  place: Place,
): readonly string[] {
  const { verified } = result;
  const line = [howItWent(result, asked), ...howItCompared(result)].join(', ');
  return [
    `${shownSource({ ...result, ...asked }, place)}: ${line}`,
    ...(verified === null
      ? []
      : [`  ${verified.algorithm.toUpperCase()} here ${verified.here} there ${verified.there}`]),
  ];
}

function howItWent(result: TransferResult, asked: TransferItem | null): string {
  const { outcome, size, moved, resumedAt, took } = result;
  if (outcome === 'already-there') return 'already there';
  if (outcome === 'skipped') return 'skipped';
  const target = result.direction === 'get' ? result.local : result.remote;
  return [
    formatSize(size),
    ...(resumedAt > 0 ? [`of which ${formatSize(resumedAt)} were there, ${formatSize(moved)}`] : []),
    `in ${seconds(took)}${rate(moved, took)}`,
    ...(isRenamed(result, asked) ? [`as ${toText(baseOf(target))}`] : []),
  ].join(' ');
}

function howItCompared({ outcome, verified }: TransferResult): readonly string[] {
  if (outcome === 'skipped') return [];
  if (verified !== null) return [`${verified.algorithm.toUpperCase()} equal`];
  return outcome === 'transferred' ? ['not verified'] : [];
}

/** The same as a document. */
export function resultDocument(
  result: TransferResult,
  asked: TransferItem | null,
): Readonly<Record<string, unknown>> {
  const { direction, remote, local, size, moved, resumedAt, verified, took } = result;
  return {
    command: direction,
    remote: textOf(remote),
    local: textOf(local),
    outcome: outcomeOf(result, asked),
    size,
    moved,
    resumedAt,
    seconds: took,
    verified,
  };
}

export interface Totals {
  readonly results: readonly TransferResult[];
  readonly failed: readonly FailedTransfer[];
}

/** `10000 files, 20 GB; 12 already there, 3 failed` */
export function totalsLine({ results, failed }: Totals): string {
  const moved = results.filter(({ outcome }) => outcome === 'transferred');
  const count = (what: TransferResult['outcome']): number =>
    results.filter(({ outcome }) => outcome === what).length;
  const others = [
    [count('already-there'), 'already there'],
    [count('skipped'), 'skipped'],
    [failed.length, 'failed'],
  ] as const;
  const files = moved.length === 1 ? '1 file' : `${moved.length} files`;
  const rest = others.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `${files}, ${formatSize(sum(moved))}${rest.length > 0 ? `; ${rest.join(', ')}` : ''}`;
}

export function totalsDocument({ results, failed }: Totals): Readonly<Record<string, unknown>> {
  const count = (what: TransferResult['outcome']): number =>
    results.filter(({ outcome }) => outcome === what).length;
  return {
    outcome: failed.length > 0 ? 'some-failed' : 'done',
    files: count('transferred'),
    bytes: sum(results.filter(({ outcome }) => outcome === 'transferred')),
    alreadyThere: count('already-there'),
    skipped: count('skipped'),
    failed: failed.length,
  };
}

function sum(results: readonly TransferResult[]): number {
  return results.reduce((bytes, { size }) => bytes + size, 0);
}

function seconds(took: number): string {
  if (took >= 90) {
    const whole = Math.round(took);
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Number(took.toFixed(took < 1 ? 2 : 1))} s`;
}

/** Of what took no time nobody can say a rate. */
function rate(bytes: number, took: number): string {
  return took >= 0.01 && bytes > 0 ? ` (${formatSize(Math.round(bytes / took))}/s)` : '';
}
