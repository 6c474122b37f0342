import type { TransferWatcher } from '../../../client/transfer.js';
import type { Terminal } from '../../terminal.js';

/** Shows one command's transfers. */
export interface Progress extends TransferWatcher {
  /** Nothing more is to come: what is on the screen stays there, or goes. May be called again. */
  finish(): void;
}

export type ProgressMode = 'bar' | 'plain' | 'none';

/** What text can be written to. */
export interface Written {
  write(text: string): unknown;
}

export interface OccupiedLine {
  clear(): void;
  redraw(): void;
}

/** The line that bars are drawn on, which other output shares with them. */
export interface Bars {
  /** What the next transfers are shown by; the command `progress` changes it. */
  mode: ProgressMode;
  /** Whether a person can see bars at all: `progress` has something to turn on. */
  readonly possible: boolean;
  /**
   * For one command; `note` sentences go to `notes`, failures are left to the command.
   * @param several shown as one from the first, before anybody knows their total
   */
  start(notes: (sentence: string) => void, several?: boolean): Progress;
  /** Takes away what is shown: a command was given up that may go on unseen. */
  drop(): void;
  /** A stream that takes the bar away before each write; it is drawn again afterwards. */
  beside(stream: Written): Written;
  /** Keeps somebody else's line, the prompt, on the same screen: taken away before each such write, drawn again after it. */
  occupy(line: OccupiedLine): () => void;
  /** A terminal whose questions keep the bar away until they are answered. */
  asking(terminal: Terminal): Terminal;
}
