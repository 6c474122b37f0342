/** Time, passed in so that tests need not wait for it. */
export interface Timers {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls once after so many milliseconds; the result calls it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    // Longer ones would fire at once.
    const timer = setTimeout(callback, Math.min(milliseconds, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
