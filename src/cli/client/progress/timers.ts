/** Time, passed in so that tests need not wait for it. */
export interface ProgressTimers {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls again and again, without keeping the process alive; the result ends it. */
  every(milliseconds: number, callback: () => void): () => void;
}

export const systemProgressTimers: ProgressTimers = {
  now: () => performance.now(),
  every: (milliseconds, callback) => {
    const timer = setInterval(callback, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
