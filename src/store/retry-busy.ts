import { isBusy } from './sqlite-fault.js';

/** Time and chance, passed in so that tests own them. */
export interface Patience {
  /** Resolves after so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

const first = 2;
const longest = 100;
const total = 10_000;

/**
 * Calls again while another connection holds the database's lock, for about ten seconds of waiting. SQLite's own busy
 * handler sleeps inside the call, and with it the event loop; this one gives the loop back, and its jitter keeps two
 * processes from meeting again and again.
 */
export async function retryWhileBusy<T>(operation: () => Promise<T>, patience: Patience): Promise<T> {
  let waited = 0;
  let pause = first;
  for (;;) {
    try {
      return await operation();
    } catch (thrown) {
      if (!isBusy(thrown) || waited >= total) throw thrown;
    }
    const time = pause * (0.5 + patience.random());
    await patience.sleep(time);
    waited += time;
    pause = Math.min(pause * 2, longest);
  }
}
