import { formatSize } from '../../../size.js';

/** `18.8 of 20 GB`, `900 MB of 20 GB`; only the part where the whole is not known. */
export function partOf(part: number, whole: number | null): string {
  const shown = formatSize(part);
  if (whole === null) return shown;
  const of = formatSize(whole);
  const unit = / \w+$/.exec(of)?.[0] ?? '';
  return `${shown.endsWith(unit) ? shown.slice(0, -unit.length) : shown} of ${of}`;
}

/** Whole percents, rounded down: 100 only when all is there. */
export function percentOf(part: number, whole: number): number {
  return part >= whole ? 100 : Math.floor((part / whole) * 100);
}
