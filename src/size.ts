import { Fault } from './fault.js';

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
  PIB: 2 ** 50,
};

/**
 * Bytes that `100MB` (10^6), `1.5GiB` (2^30) or a bare number stand for; `null` for `none`.
 * @throws Fault `invalid`, saying what a size looks like
 */
export function parseSize(text: string): number | null {
  if (text.trim().toLowerCase() === 'none') return null;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match && units[(match[2] ?? '').toUpperCase()];
  const bytes = match && unit !== undefined && unit !== null ? Math.round(Number(match[1]) * unit) : NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new Fault(
      'invalid',
      `'${text}' is not a size: write 100MB (10^6), 100MiB (2^20), a number of bytes, or none`,
    );
  }
  return bytes;
}

/** A size for people: decimal units, and at most so many decimals (`99.2 MB`). */
export function formatSize(bytes: number, decimals = 1): string {
  if (bytes < 1e3) return `${bytes} B`;
  const names = ['KB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 'B';
  for (const name of names) {
    if (Number(value.toFixed(decimals)) < 1e3) break;
    value /= 1e3;
    unit = name;
  }
  return `${Number(value.toFixed(decimals))} ${unit}`;
}
