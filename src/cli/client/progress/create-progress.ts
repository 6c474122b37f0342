import { Fault } from '../../../fault.js';
import type { Progress, ProgressMode, Written } from './bars.js';
import { barLine, plainLine, type Shown } from './layout.js';
import { shownFile, Tally, type FileTally } from './tally.js';
import type { ProgressTimers } from './timers.js';

/** Where bars go: stderr, or what stands for it. */
export interface ProgressOutput extends Written {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressOptions {
  /** Bars are only drawn on a terminal: elsewhere `bar` shows nothing. */
  readonly mode: ProgressMode;
  readonly output: ProgressOutput;
  readonly timers: ProgressTimers;
  /** What the transfers have to say beside the bar. */
  readonly notes?: (sentence: string) => void;
  /** Files are shown as one from the first; otherwise once there are several, or a total. */
  readonly several?: boolean;
}

/** What is on the screen, and can make room for other output. */
export interface LiveProgress extends Progress {
  /** Takes the bar away; it comes back by itself. */
  clear(): void;
  /** Takes it away for good. */
  drop(): void;
  /** Keeps it away until the result is called. */
  hold(): () => void;
}

/** Milliseconds from one drawing to the next: ten in a second at most. */
const redraw = 100;
/** Milliseconds from one plain line to the next. */
const plainEvery = 5_000;
/** A terminal that does not know its width. */
const usualColumns = 80;

export function createProgress({
  mode,
  output,
  timers,
  notes,
  several = false,
}: ProgressOptions): LiveProgress {
  const tally = new Tally(() => timers.now());
  const painter = mode === 'bar' && output.isTTY === true ? barPainter(output) : null;
  const plain = mode === 'plain';
  let ticking: (() => void) | null = null;
  let held = 0;
  /** Several were shown as one: their sum is the last line. */
  let summed = several;
  let finished = false;
  let dropped = false;

  const current = (): Shown | null => {
    const [file] = tally.underWay;
    summed ||= tally.many;
    if (summed) return tally.sum(false);
    return file ? shownFile(file, false) : null;
  };
  const draw = (): void => {
    const shown = current();
    if (shown && held === 0) painter?.draw(shown);
  };
  const tell = (): void => {
    const shown = current();
    if (shown) output.write(`${plainLine(shown)}\n`);
  };
  const start = (): void => {
    if (finished || ticking || (!painter && !plain)) return;
    ticking = plain ? timers.every(plainEvery, tell) : timers.every(redraw, draw);
  };
  const stop = (): void => {
    ticking?.();
    ticking = null;
  };
  /** A line that stays. */
  const leave = (shown: Shown): void => {
    if (dropped) return;
    if (plain) output.write(`${plainLine(shown)}\n`);
    else painter?.leave(shown);
  };
  const leaveFile = (file: FileTally | null): void => {
    if (summed) return;
    if (file) leave(shownFile(file, true));
    stop();
  };

  return {
    total: (bytes, files) => {
      // One file has a line of its own.
      if (files !== 1 || summed) tally.announce(bytes, files);
      start();
    },
    begin: (subject, { from, total }) => {
      tally.begin(subject, from, total);
      summed ||= tally.many;
      start();
    },
    moved: (subject, bytes) => tally.moved(subject, bytes),
    note: (_, sentence) => {
      painter?.clear();
      notes?.(sentence);
    },
    end: (subject, result) => {
      leaveFile(tally.end(subject, result instanceof Fault ? null : result));
    },
    finish: () => {
      if (finished) return;
      finished = true;
      stop();
      if (summed && tally.begun) leave(tally.sum(true));
      else if (!summed) for (const file of tally.underWay) leave(shownFile(file, true));
      painter?.clear();
    },
    clear: () => painter?.clear(),
    drop: () => {
      finished = dropped = true;
      stop();
      painter?.clear();
    },
    hold: () => {
      held++;
      painter?.clear();
      let released = false;
      return () => {
        if (!released) held--;
        released = true;
      };
    },
  };
}

/** Draws over its own line. */
function barPainter(output: ProgressOutput): {
  draw(shown: Shown): void;
  leave(shown: Shown): void;
  clear(): void;
} {
  let drawn = '';
  const line = (shown: Shown): string => barLine(shown, barColumns(output.columns || usualColumns));
  const draw = (shown: Shown): void => {
    const text = line(shown);
    if (text !== drawn) output.write(`\r${text}\u001b[K`);
    drawn = text;
  };
  return {
    draw,
    leave: (shown) => {
      output.write(`\r${line(shown).trimEnd()}\u001b[K\n`);
      drawn = '';
    },
    clear: () => {
      if (drawn !== '') output.write('\r\u001b[K');
      drawn = '';
    },
  };
}

/** A full row would begin the next one; and the terminal writes `^C` behind it, where there is room to spare. */
function barColumns(columns: number): number {
  return Math.max(0, columns - (columns < 30 ? 1 : 3));
}
