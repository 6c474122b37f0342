/** Requests of one command that are under way at once: enough to fill the line's round trip, few enough for any server. */
export const requestsAtOnce = 16;

/** Does work for each item, a few at once; the first that throws stops what has not begun. */
export async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const item = items[next++] as T;
      try {
        await work(item);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(requestsAtOnce, items.length) }, worker));
}
