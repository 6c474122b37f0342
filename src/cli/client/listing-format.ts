import { toText } from '../../names.js';
import { formatSize } from '../../size.js';
import type { ListedEntry } from './listed-entry.js';
import { displayWidth } from './progress/display-width.js';

export interface LongFormat {
  /** Sizes for people. */
  readonly human: boolean;
  /** Numbers in place of the names of owners and groups. */
  readonly numeric: boolean;
  /** Milliseconds since 1970, for which times are far. */
  readonly now: number;
}

/** Lines of `ls -l`, their columns as wide as these entries need. */
export function longLines(entries: readonly ListedEntry[], format: LongFormat): readonly string[] {
  const rows = entries.map((entry) => ({
    permissions: permissionText(entry),
    links: entry.links === undefined ? '?' : String(entry.links),
    owner: ownerText(entry.owner, entry.uid, format.numeric),
    group: ownerText(entry.group, entry.gid, format.numeric),
    size: sizeText(entry.size, format.human),
    time: timeText(entry.mtime, format.now),
    name: toText(entry.name) + (entry.target === undefined ? '' : ` -> ${toText(entry.target)}`),
  }));
  const width = (column: 'links' | 'owner' | 'group' | 'size'): number =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[column])), 1);
  const [links, owner, group, size] = [width('links'), width('owner'), width('group'), width('size')];
  return rows.map((row) =>
    [
      row.permissions,
      paddedLeft(row.links, links),
      padded(row.owner, owner),
      padded(row.group, group),
      paddedLeft(row.size, size),
      row.time,
      row.name,
    ].join(' '),
  );
}

/** Names in as many columns as fit, read downwards. */
export function columnLines(names: readonly string[], width: number): readonly string[] {
  const widest = names.reduce((most, name) => Math.max(most, displayWidth(name)), 0) + 2;
  const columns = Math.max(1, Math.floor((width + 1) / widest));
  const rows = Math.ceil(names.length / columns);
  return Array.from({ length: rows }, (_, row) => {
    const cells: string[] = [];
    for (let at = row; at < names.length; at += rows) cells.push(names[at] ?? '');
    return cells.map((cell, index) => (index === cells.length - 1 ? cell : padded(cell, widest))).join('');
  });
}

/** `-rwxr-xr-x`; question marks where the server did not say. */
export function permissionText({
  kind,
  mode,
  letter,
}: Pick<ListedEntry, 'kind' | 'mode' | 'letter'>): string {
  const type = { file: '-', folder: 'd', symlink: 'l', other: letter ?? '?', unknown: '?' }[kind];
  if (mode === undefined) return `${type}?????????`;
  const three = (shift: number, special: number, mark: string): string => {
    const bits = (mode >> shift) & 7;
    const run = (bits & 1) !== 0;
    const last = (mode & special) !== 0 ? (run ? mark : mark.toUpperCase()) : run ? 'x' : '-';
    return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${last}`;
  };
  return type + three(6, 0o4000, 's') + three(3, 0o2000, 's') + three(0, 0o1000, 't');
}

function ownerText(name: string | undefined, id: number | undefined, numeric: boolean): string {
  if (!numeric && name !== undefined && name !== '') return name;
  return id === undefined ? (name ?? '?') : String(id);
}

function sizeText(size: number | undefined, human: boolean): string {
  if (size === undefined) return '?';
  return human ? formatSize(size) : String(size);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Half a mean year of the Gregorian calendar, in seconds: what is older, or of the future, shows its year [POSIX ls]. */
const halfYear = 31_556_952 / 2;

/** `Nov 21 23:50`, or `Nov 21  2024` where that is long ago; in local time. */
export function timeText(mtime: number | undefined, now: number): string {
  if (mtime === undefined) return '?'.padEnd(12);
  const date = new Date(mtime * 1000);
  if (Number.isNaN(date.getTime())) return '?'.padEnd(12);
  const age = now / 1000 - mtime;
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${months[date.getMonth()] ?? ''} ${String(date.getDate()).padStart(2)}`;
  return age >= 0 && age < halfYear
    ? `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
    : `${day}  ${String(date.getFullYear()).padEnd(4)}`;
}

/** Filled with blanks up to a width; a longer one stays whole. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function paddedLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}
