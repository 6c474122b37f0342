import type { MarkStore } from '../../store/accounts.js';

const begun = 'last-start';
const ended = 'clean-end';

/** Notes that a server begins; resolves to whether the one before it came to its end. */
export async function markStart(marks: MarkStore, now: Date): Promise<boolean> {
  const clean = (await marks.get(begun)) === null || (await marks.get(ended)) !== null;
  await marks.set(begun, now.toISOString());
  await marks.remove(ended);
  return clean;
}

export function markCleanEnd(marks: MarkStore, now: Date): Promise<void> {
  return marks.set(ended, now.toISOString());
}
