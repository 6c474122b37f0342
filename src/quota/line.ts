import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { formatSize, parseSize } from '../size.js';
import type { Home } from '../store/accounts.js';

/** The load line of a home with the defaults filled in; `null` is no limit. */
export interface Line {
  readonly bytes: number | null;
  readonly files: number | null;
}

/** A home's own limits, or what the settings say where it has none. */
export function lineOf(home: Home, settings: Pick<Settings, 'quota.bytes' | 'quota.files'>): Line {
  const files = settings['quota.files'];
  return {
    bytes: home.bytesLimit === 'default' ? settings['quota.bytes'] : home.bytesLimit,
    files: home.filesLimit !== 'default' ? home.filesLimit : files === 'none' ? null : Number(files),
  };
}

export function showLine(line: Line): string {
  const bytes = line.bytes === null ? 'no limit' : formatSize(line.bytes);
  return line.files === null ? bytes : `${bytes}, ${line.files} files`;
}

/** How a size or a number of files is written. */
type Shown = (amount: number) => string;

/**
 * The refusal of what would pass the line: `quota exceeded: 99.2 MB of 100 MB used, 4.1 MB more needed`.
 * @param figures bytes or files; `needed` is what the request would have added, more than 0
 */
export function overLine(
  kind: 'bytes' | 'files',
  figures: { readonly used: number; readonly limit: number; readonly needed: number },
): Fault {
  const { used, limit, needed } = figures;
  const sentence = (shown: Shown): string =>
    `quota exceeded: ${shown(used)} of ${shown(limit)}${kind === 'files' ? ' files' : ''} used, ${shown(needed)} more needed`;
  if (kind === 'files') return new Fault('quota', sentence(String));
  // Rounded to one decimal, 99.24 + 0.79 of 100 would look as if it fitted.
  const adds = ([a = 0, b = 0, most = 0]: readonly number[]): boolean =>
    a + b > most === used + needed > limit;
  return new Fault('quota', sentence(precise([used, needed, limit], adds)));
}

/**
 * The sentence for whoever begins a session in a home that is nearly full: `your home is 93 % full: 93 MB of 100 MB
 * used`; about bytes or files, whichever is fuller. `null` where there is nothing to say.
 * @param percent of the line from which on it is said; 0 is never
 */
export function warnLine(
  usage: { readonly bytes: number; readonly files: number },
  line: Line,
  percent: number,
): string | null {
  const [bytes, files] = [fullness(usage.bytes, line.bytes), fullness(usage.files, line.files)];
  const full = Math.max(bytes, files);
  if (percent === 0 || full < percent) return null;
  const limit = bytes >= files ? line.bytes : line.files;
  if (limit === null) return null;
  const head = `your home is ${Math.floor(full)} % full:`;
  if (files > bytes) return `${head} ${usage.files} of ${limit} files used`;
  const differs = ([a, b]: readonly number[]): boolean => (a === b) === (usage.bytes === limit);
  const shown = precise([usage.bytes, limit], differs);
  return `${head} ${shown(usage.bytes)} of ${shown(limit)} used`;
}

/** In percent. Where nothing is allowed, it is full. */
function fullness(used: number, limit: number | null): number {
  if (limit === null) return -1;
  return limit === 0 ? 100 : (used * 100) / limit;
}

/** How to write sizes with as few decimals as say the truth about them: what is shown must pass `holds`, too. */
function precise(sizes: readonly number[], holds: (shown: readonly number[]) => boolean): Shown {
  const decimals = Array.from({ length: exactly }, (_, index) => index + 1);
  const enough = decimals.find((n) => holds(sizes.map((size) => parseSize(formatSize(size, n)) ?? 0)));
  return (size) => formatSize(size, enough ?? exactly);
}

/** Decimals of a petabyte that show each byte. */
const exactly = 15;
