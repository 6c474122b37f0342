import type { Terminal } from '../../terminal.js';
import type { Bars, OccupiedLine, ProgressMode } from './bars.js';
import { createProgress, type LiveProgress, type ProgressOutput } from './create-progress.js';
import { systemProgressTimers, type ProgressTimers } from './timers.js';

export interface BarsOptions {
  readonly mode: ProgressMode;
  /** Where bars are drawn: stderr. */
  readonly output: ProgressOutput;
  readonly timers?: ProgressTimers;
}

export function createBars({ mode, output, timers = systemProgressTimers }: BarsOptions): Bars {
  const live = new Set<LiveProgress>();
  let occupied: OccupiedLine | null = null;
  const held = async <T>(ask: () => Promise<T>): Promise<T> => {
    const releases = [...live].map((progress) => progress.hold());
    try {
      return await ask();
    } finally {
      for (const release of releases) release();
    }
  };
  const bars: Bars = {
    mode,
    possible: output.isTTY === true,
    start: (notes, several = false) => {
      const progress = createProgress({ mode: bars.mode, output, timers, notes, several });
      live.add(progress);
      return {
        ...progress,
        finish: () => {
          live.delete(progress);
          progress.finish();
        },
      };
    },
    drop: () => {
      for (const progress of live) progress.drop();
      live.clear();
    },
    beside: (stream) => ({
      write: (text) => {
        for (const progress of live) progress.clear();
        occupied?.clear();
        const written = stream.write(text);
        occupied?.redraw();
        return written;
      },
    }),
    occupy: (line) => {
      occupied = line;
      return () => {
        if (occupied === line) occupied = null;
      };
    },
    asking: (terminal: Terminal): Terminal => ({
      ...terminal,
      ask: (question, signal) => held(() => terminal.ask(question, signal)),
      askSecret: (question) => held(() => terminal.askSecret(question)),
      confirm: (question) => held(() => terminal.confirm(question)),
    }),
  };
  return bars;
}
