import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks: a test that looks all the time takes the processor from what it waits for. */
const pause = 20;

/** Milliseconds, less than a test may take: the sentence tells more than that it took too long. */
const patience = 25_000;

/**
 * Waits until `look` gives something.
 * @param what what is awaited, for the sentence when it does not come; asked for only then
 * @throws Error after 25 seconds
 */
export async function awaited<T>(
  what: () => string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${patience / 1000} s for ${what()}`);
    await sleep(pause);
  }
}
