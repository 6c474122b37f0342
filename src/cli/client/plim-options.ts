import type { Terminal } from '../terminal.js';
import type { Machine } from './own-files.js';
import type { Streams } from './state.js';

/** Everything that `plim` touches; tests bring their own. */
export interface PlimOptions extends Machine {
  /** Without the interpreter and the program. */
  readonly argv: readonly string[];
  readonly version: string;
  readonly streams: Streams;
  readonly terminal: Terminal;
}
