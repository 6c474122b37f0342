import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder, memory-backed where there is room for so many MiB, so that the disk is not what is measured. */
export function workFolder(mebibytes: number): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > mebibytes * 2 ** 20) return mkdtempSync('/dev/shm/plimsoll-bench-');
  } catch {
    // No such filesystem here.
  }
  return mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
}

/** A file that cannot be compressed. */
export function writeNoise(path: string, mebibytes: number): void {
  const file = openSync(path, 'w');
  for (let index = 0; index < mebibytes; index++) writeSync(file, randomBytes(2 ** 20));
  closeSync(file);
}
