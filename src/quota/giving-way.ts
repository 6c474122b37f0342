import type { Traffic } from './limited.js';

/** For each millisecond of counting, so many of pause while files are read or written. */
const pauses = 9;

/** How counts give way to transfers: they rest after each batch while anything is read or written. */
export function givingWay(
  traffic: Traffic,
  after: (milliseconds: number, run: () => void) => () => void,
): (batchMilliseconds: number) => Promise<void> {
  let before = traffic.requests;
  return async (batchMilliseconds) => {
    const busy = traffic.requests !== before;
    before = traffic.requests;
    if (!busy) return;
    await new Promise<void>((resolve) => void after(Math.max(1, batchMilliseconds * pauses), resolve));
  };
}
