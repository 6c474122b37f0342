import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { lineOf, showLine } from '../quota/line.js';
import { parseSize } from '../size.js';
import type { Account, HomeLines } from '../store/accounts.js';

/** One limit of a home: a number, `null` for none, `default` for what the settings say. */
export type Limit = number | null | 'default';

/** @throws Fault `invalid` */
export function parseBytesLimit(text: string): Limit {
  return text === 'default' ? 'default' : parseSize(text);
}

/** @throws Fault `invalid` */
export function parseFilesLimit(text: string): Limit {
  if (text === 'default') return 'default';
  if (text === 'none') return null;
  const files = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(files)) {
    throw new Fault('invalid', `'${text}' is not a number of files: write 1000, none, or default`);
  }
  return files;
}

/**
 * A home has one line, whoever shares it: only its first account (the oldest) may be given another.
 * @throws Fault `invalid`, naming the first account
 */
export function assertOwnLine(
  sharing: readonly Account[],
  self: number | null,
  wanted: HomeLines,
  settings: Settings,
): void {
  const first = [...sharing].sort((a, b) => a.id - b.id)[0];
  if (!first || first.id === self) return;
  const now = lineOf(first.home, settings);
  const then = lineOf({ ...first.home, ...wanted }, settings);
  if (now.bytes === then.bytes && now.files === then.files) return;
  throw new Fault(
    'invalid',
    `the home is shared with '${first.name}', and its line is ${showLine(now)}: leave the limits out, or change them ` +
      `with 'plimsoll user set ${first.name}'`,
  );
}
