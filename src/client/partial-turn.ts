import type { ByteString } from '../names.js';

/**
 * When a file of a tree has its turn. Until NAME is complete, its bytes have the name NAME.part or NAME.filepart: a file
 * that has such a name itself goes after NAME, which would take its bytes for its own. 0 for all others.
 */
export function partialTurn(name: ByteString, suffix: ByteString): number {
  let turn = 0;
  for (let end = name.length; name.endsWith(suffix, end); end -= suffix.length) turn++;
  return turn;
}
