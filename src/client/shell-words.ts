import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';

/** A word that a POSIX shell takes as it is [POSIX XCU 2.2.2]. @throws Fault `bad-name` for NUL */
export function quoted(word: ByteString): ByteString {
  if (word.includes('\0')) throw new Fault('bad-name', 'a name cannot contain NUL');
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}
