import { Fault } from '../fault.js';
import type { Counting } from './counting.js';

/** What an attempt says when its answer depends on a count that is not done. */
export const unsure = Symbol('unsure');

/** Milliseconds that growth waits for the first count after a crash (L2). */
const patience = 30_000;

/**
 * Tries, and tries again once the home is counted, if the answer depends on that. What waits holds nothing up.
 * @param after runs once after so many milliseconds; returns the way to prevent it
 * @throws Fault `busy` when the count takes too long, or cannot be done
 */
export async function onceSure<T>(
  counting: Counting,
  after: (milliseconds: number, run: () => void) => () => void,
  attempt: () => Promise<T | typeof unsure>,
): Promise<T> {
  const first = await attempt();
  if (first !== unsure) return first;
  const waited = { out: false };
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = after(patience, () => {
      waited.out = true;
      resolve();
    });
  });
  try {
    for (;;) {
      await Promise.race([counting.start().catch(() => undefined), late]);
      if (waited.out) throw new Fault('busy', 'busy, try again: what this home holds is being counted');
      const result = await attempt();
      if (result !== unsure) return result;
      if (counting.failed) throw new Fault('busy', 'busy, try again: this home could not be counted');
    }
  } finally {
    cancel();
  }
}

/** Milliseconds that a question waits for a count: less than those after which a peer that asks gives up. */
const curiosity = 3000;

/** Waits a while for the very first count of a home, of which the books say nothing yet: it would look empty. */
export async function firstCount(
  counting: Counting,
  after: (milliseconds: number, run: () => void) => () => void,
  begun: Promise<void>,
): Promise<void> {
  if (counting.state !== 'unknown') return;
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = after(curiosity, resolve);
  });
  const counted = begun.then(() => counting.start()).catch(() => undefined);
  await Promise.race([counted, late]).finally(() => cancel());
}
