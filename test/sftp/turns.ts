/** Lets whatever is ready happen, `count` turns of the event loop long. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until something is so, by turns of the event loop. */
export async function until(so: () => boolean): Promise<void> {
  while (!so()) await turns();
}
