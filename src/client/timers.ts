import { Fault } from '../fault.js';

/** Time, as the client waits for it; tests bring their own. */
export interface Timers {
  /** Milliseconds that only grow. */
  now(): number;
  /** @throws Fault `cancelled`, at once, when `signal` aborts */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** What Node's timers count to; longer ones would end at once. */
const longest = 2 ** 31 - 1;

export const systemTimers: Timers = {
  now: () => performance.now(),
  wait: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new Fault('cancelled'));
        return;
      }
      const cancel = (): void => {
        clearTimeout(timer);
        reject(new Fault('cancelled'));
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', cancel);
          resolve();
        },
        Math.min(milliseconds, longest),
      );
      signal?.addEventListener('abort', cancel, { once: true });
    }),
};
