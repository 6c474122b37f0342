import { setTimeout as sleep } from 'node:timers/promises';
import type { Used } from './disk-usage.js';

export function same(one: Used, other: Used): boolean {
  return one.bytes === other.bytes && one.files === other.files;
}

/**
 * Asks again until the answer will do.
 * @throws Error with the last answer when none did for `patience` milliseconds
 */
export async function until<T>(
  ask: () => Promise<T>,
  will: (answer: T) => boolean,
  what: string,
  patience = 10_000,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = await ask();
    if (will(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`waited for ${what}, and it is ${JSON.stringify(answer)}`);
    await sleep(5);
  }
}
