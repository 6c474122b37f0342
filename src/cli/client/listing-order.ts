import type { ListedEntry } from './listed-entry.js';

export interface ListingOrder {
  readonly time: boolean;
  readonly size: boolean;
  readonly reverse: boolean;
  readonly unsorted: boolean;
}

/** By name in byte order, by time with the newest first, or by size with the largest first; names decide ties. */
export function inOrder(entries: readonly ListedEntry[], order: ListingOrder): readonly ListedEntry[] {
  if (order.unsorted) return entries;
  const key = order.time
    ? (entry: ListedEntry) => entry.mtime ?? -Infinity
    : order.size
      ? (entry: ListedEntry) => entry.size ?? -Infinity
      : () => 0;
  const sign = order.reverse ? -1 : 1;
  return entries.toSorted((a, b) => {
    const [first, second] = [key(a), key(b)];
    const byKey = first === second ? 0 : second - first;
    return sign * (byKey || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  });
}
