import type { ByteString } from '../names.js';
import { fileTypeMask, type Attrs } from './attrs.js';

/** What a line of `ls -l` shows. */
export interface LongnameParts {
  readonly name: ByteString;
  /** Of these the whole st_mode, the size and the mtime are shown. */
  readonly attrs: Attrs;
  readonly nlink: number;
  /** Names, not numbers, and without spaces: clients split the line at them. */
  readonly owner: ByteString;
  readonly group: ByteString;
  /** The moment that decides between a time and a year. */
  readonly now: Date;
}

const typeChars: ReadonlyMap<number, string> = new Map([
  [0o010000, 'p'],
  [0o020000, 'c'],
  [0o040000, 'd'],
  [0o060000, 'b'],
  [0o100000, '-'],
  [0o120000, 'l'],
  [0o140000, 's'],
]);

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Half a year in seconds: what is older, or in the future, shows its year and not its time. */
const recent = (365 * 86_400) / 2;

/**
 * A line as OpenSSH's server sends it in NAME; WinSCP takes owner and group from there. [filexfer-02 7] Times are in
 * the time zone of the process.
 */
export function longname({ name, attrs, nlink, owner, group, now }: LongnameParts): ByteString {
  const { permissions = 0, size = 0, mtime = 0 } = attrs;
  const links = String(nlink).padStart(3);
  const bytes = String(size).padStart(8);
  const date = dateText(mtime, now.getTime() / 1000);
  return `${modeText(permissions)}  ${links} ${owner.padEnd(8)} ${group.padEnd(8)} ${bytes} ${date} ${name}`;
}

function modeText(permissions: number): string {
  return (
    (typeChars.get(permissions & fileTypeMask) ?? '?') +
    triad(permissions >> 6, permissions & 0o4000, 's') +
    triad(permissions >> 3, permissions & 0o2000, 's') +
    triad(permissions, permissions & 0o1000, 't')
  );
}

/** Three permission bits; a set special bit takes the place of `x`, as a capital where `x` is not set. */
function triad(bits: number, special: number, letter: string): string {
  const execute = bits & 1;
  const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
}

function dateText(mtime: number, now: number): string {
  const date = new Date(mtime * 1000);
  const month = months[date.getMonth()];
  // Beyond what a Date can hold.
  if (month === undefined) return 'Jan  1  1970';
  const day = String(date.getDate()).padStart(2);
  return mtime > now - recent && mtime <= now
    ? `${month} ${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`
    : `${month} ${day}  ${date.getFullYear()}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
