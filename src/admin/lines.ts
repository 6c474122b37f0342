import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { formatSize, parseSize } from '../size.js';
import type { Account, Home, HomeLines } from '../store/accounts.js';

/** One limit of a home: a number, `null` for none, `default` for what the settings say. */
export type Limit = number | null | 'default';

/** The line of a home with the defaults filled in; `null` is no limit. */
export interface Line {
  readonly bytes: number | null;
  readonly files: number | null;
}

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

export function lineOf(home: Home, settings: Settings): Line {
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
