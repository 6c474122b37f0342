import { formatSize } from '../../../size.js';
import { bar } from './bar.js';
import { inColumns } from './display-width.js';

/** What there is to show of a transfer, or of several as one. */
export interface Shown {
  /** Printable: nothing in it steers a terminal. */
  readonly name: string;
  readonly done: number;
  /** `null` where unknown. */
  readonly total: number | null;
  /** Bytes a second; `null` where nobody can say yet. */
  readonly rate: number | null;
  /** Milliseconds it has taken, once it is over; until then the time left is shown. */
  readonly took: number | null;
}

/** Columns of each part, the gap before it left out. */
const percentColumns = 4;
const sizeColumns = 8;
const rateColumns = 10;
const timeColumns = 7;
const shortestName = 6;
const shortestBar = 7;
/** A name longer than this is cut although there is room: the bar should not jump about. */
const longestName = 40;

/**
 * One line of at most so many columns. Where they are few, the bar goes first, then the time, the rate and the bytes;
 * the name and the percentage stay.
 */
export function barLine(shown: Shown, columns: number): string {
  const gap = columns < 60 ? ' ' : '  ';
  const ratio = ratioOf(shown);
  const parts: string[] = [];
  let left = columns - shortestName;
  const add = (part: string, width: number): void => {
    const text = gap + part.padStart(width);
    if (text.length > left) left = 0;
    else {
      parts.push(text);
      left -= text.length;
    }
  };
  if (ratio !== null) add(percentOf(ratio), percentColumns);
  add(formatSize(shown.done), sizeColumns);
  add(rateText(shown), rateColumns);
  add(timeText(shown), timeColumns);
  const tail = parts.join('');
  const room = Math.max(0, columns - tail.length);
  const barRoom = room - gap.length - 2;
  if (ratio === null || barRoom - shortestName < shortestBar) return inColumns(shown.name, room) + tail;
  const name = Math.min(longestName, Math.max(shortestName, Math.floor(barRoom / 2)));
  const width = barRoom - name;
  return `${inColumns(shown.name, name)}${gap}[${bar(ratio, width)}]${tail}`;
}

/** The same as a sentence, for a log. */
export function plainLine(shown: Shown): string {
  const { name, done, total, took } = shown;
  const ratio = ratioOf(shown);
  const parts = [
    ...(ratio === null ? [] : [percentOf(ratio)]),
    total === null ? formatSize(done) : `${formatSize(done)} of ${formatSize(total)}`,
    ...(shown.rate === null ? [] : [rateText(shown)]),
    ...(took !== null ? [`took ${clock(took)}`] : [`${timeText(shown)} left`]),
  ];
  return `${name}: ${parts.join(', ')}`;
}

function ratioOf({ done, total }: Shown): number | null {
  if (total === null) return null;
  return total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
}

/** Not 100 % before the last byte. */
function percentOf(ratio: number): string {
  return `${Math.floor(ratio * 100)}%`;
}

function rateText({ rate }: Shown): string {
  return rate === null ? '' : `${formatSize(Math.round(rate))}/s`;
}

function timeText({ done, total, rate, took }: Shown): string {
  if (took !== null) return clock(took);
  if (total === null || rate === null || rate < 1) return '--:--';
  return clock((Math.max(0, total - done) / rate) * 1000);
}

function clock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds >= 100 * 3600) return `${Math.floor(seconds / 86_400)} days`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = two(Math.floor(seconds / 60) % 60);
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${minutes}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
