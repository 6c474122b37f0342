import { Fault } from '../../src/fault.js';
import type { Timers } from '../../src/client/timers.js';

/** A clock that the test moves; it knows what is waited for. */
export interface ManualTimers extends Timers {
  /** Milliseconds of each wait that began, in order. */
  readonly waits: readonly number[];
  /** Lets time pass, and ends the waits that are over by then, each at its own moment. */
  pass(milliseconds: number): Promise<void>;
  /** Resolves once so many waits have begun in all. */
  begun(count: number): Promise<void>;
}

/** What was started by the last step has run: no timers, only promises. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export function manualTimers(): ManualTimers {
  let now = 0;
  const waits: number[] = [];
  const pending = new Set<{ readonly at: number; readonly end: () => void }>();
  return {
    waits,
    now: () => now,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(new Fault('cancelled'));
          return;
        }
        waits.push(milliseconds);
        const cancel = (): void => {
          pending.delete(wait);
          reject(new Fault('cancelled'));
        };
        const wait = {
          at: now + milliseconds,
          end: () => {
            signal?.removeEventListener('abort', cancel);
            resolve();
          },
        };
        pending.add(wait);
        signal?.addEventListener('abort', cancel);
      }),
    pass: async (milliseconds) => {
      const end = now + milliseconds;
      await settled();
      for (;;) {
        const next = [...pending].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        pending.delete(next);
        next.end();
        await settled();
      }
      now = end;
    },
    begun: async (count) => {
      while (waits.length < count) await settled();
    },
  };
}
