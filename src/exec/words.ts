import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';

/** One word of a command line, as a POSIX shell would hand it on. */
export interface Word {
  /** The word with its quotes removed. */
  readonly text: ByteString;
  /**
   * The same as a pattern, where what was quoted is escaped with `\` and so stands for itself; `null` where nothing in
   * it was a pattern.
   */
  readonly pattern: ByteString | null;
}

/**
 * The commands of a pipe, each as its words [POSIX XCU 2.2, 2.3].
 * @throws Fault `invalid` for what would need a shell: lists, redirections, substitutions, an open quote
 */
export function splitCommand(_line: ByteString): readonly (readonly Word[])[] {
  throw new Fault('unsupported');
}
