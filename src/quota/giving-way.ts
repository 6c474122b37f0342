import type { Traffic } from './limited.js';

/** For each millisecond of counting, so many of pause while files are read or written here. */
const pauses = 19;
/** The same where only others can be busy, which cannot be seen from here. */
const pausesBeside = 4;
/** Milliseconds for which it is taken as known whether there are others. */
const knownFor = 1000;

export interface GivingWay {
  readonly traffic: Traffic;
  /** Whether somebody else may be reading and writing files while nobody does here. */
  readonly beside: () => Promise<boolean>;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly now: () => number;
}

/** How counts give way to transfers: they rest after each batch while anything is read or written, or may be. */
export function givingWay(parts: GivingWay): (batchMilliseconds: number) => Promise<void> {
  const { traffic, beside, after, now } = parts;
  let before = traffic.requests;
  let asked = -Infinity;
  let others = false;
  return async (batchMilliseconds) => {
    const busy = traffic.requests !== before;
    before = traffic.requests;
    if (!busy && now() - asked >= knownFor) {
      asked = now();
      others = await beside().catch(() => true);
    }
    if (!busy && !others) return;
    const rest = batchMilliseconds * (busy ? pauses : pausesBeside);
    await new Promise<void>((resolve) => void after(Math.max(1, rest), resolve));
  };
}
