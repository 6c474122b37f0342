import type { Line } from '../quota/line.js';
import type { Count, ScanReport } from '../quota/home-usage.js';
import { formatSize } from '../size.js';
import type { Figures } from './home-usage.js';

/** A home that accounts live in. */
interface OfHome {
  /** The first of its accounts, the oldest: its line is set by that one. */
  readonly name: string;
  /** Those who share it, the oldest first; only where there are several. */
  readonly accounts?: readonly string[];
}

/** A home's line and use, as `quota show --json` prints it. */
export interface QuotaView extends OfHome {
  readonly bytes: UseOfLimit;
  readonly files: UseOfLimit;
  /** Where a server still counts it after a crash: `used` is the most that it can be. */
  readonly counting?: true;
  /** Where more was removed than the ledger knew of: only a scan tells what is used. */
  readonly drift?: true;
}

export interface UseOfLimit {
  /** `null` where it cannot be found out. */
  readonly used: number | null;
  /** `null` is no limit. */
  readonly limit: number | null;
}

/** What a scan found, as `quota scan --json` prints it. */
export interface ScanView extends OfHome, ScanReport {
  /** What is on the disk and not in the ledger; negative where it is the other way round. */
  readonly drift: Count;
}

export function quotaView(names: readonly string[], figures: Figures | null, line: Line): QuotaView {
  return {
    ...ofHome(names),
    bytes: { used: figures?.bytes ?? null, limit: line.bytes },
    files: { used: figures?.files ?? null, limit: line.files },
    ...(figures?.counted === false && { counting: true }),
    ...(figures?.drift && { drift: true }),
  };
}

export function scanView(names: readonly string[], { ledger, disk }: ScanReport): ScanView {
  const drift = { bytes: disk.bytes - ledger.bytes, files: disk.files - ledger.files };
  return { ...ofHome(names), ledger, disk, drift };
}

export function hasDrift({ drift }: ScanView): boolean {
  return drift.bytes !== 0 || drift.files !== 0;
}

/** What an operator has to know who set a line below what its home uses; `null` where it is not. */
export function aboveLine({ name, bytes, files }: QuotaView): string | null {
  const over = [
    ...(isOver(bytes) ? [formatSize(bytes.used - bytes.limit)] : []),
    ...(isOver(files) ? [showFiles(files.used - files.limit)] : []),
  ];
  if (over.length === 0) return null;
  return `${name} is over that line by ${over.join(' and ')}: nothing can grow in that home until so much is removed.`;
}

export function showFiles(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

function isOver(use: UseOfLimit): use is { readonly used: number; readonly limit: number } {
  return use.used !== null && use.limit !== null && use.used > use.limit;
}

function ofHome(names: readonly string[]): OfHome {
  return { name: names[0] ?? '', ...(names.length > 1 && { accounts: names }) };
}
