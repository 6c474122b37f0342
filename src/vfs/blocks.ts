import type { Space } from './vfs.js';

/** Bytes of a block in every figure of free space that is told in blocks [PROTOCOL 4.3]. */
export const blockSize = 512;

/** Room in units of so many bytes, rounded down: nobody is promised a byte that is not there. */
export function inBlocks(
  { bytesTotal, bytesFree }: Space,
  unit: number = blockSize,
): { readonly total: number; readonly free: number } {
  return { total: Math.floor(bytesTotal / unit), free: Math.floor(bytesFree / unit) };
}
