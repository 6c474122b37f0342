import type { Writable } from 'node:stream';
import { toText } from '../../names.js';
import { flag } from '../command.js';
import type { ClientPrinter } from './client-printer.js';
import { entryDocument, nameDocument, type ListedEntry } from './listed-entry.js';
import { columnLines, longLines } from './listing-format.js';
import { inOrder } from './listing-order.js';

/** What `ls`, `dir`, `lls` and `ldir` take. */
export const listingOptions = {
  long: flag('-l, --long', 'permissions, links, owner, group, size and time too'),
  all: flag('-a, --all', 'names that begin with a dot too'),
  human: flag('-h, --human', 'sizes for people: 99.2 MB'),
  time: flag('-t, --time', 'the newest first'),
  size: flag('-S, --size', 'the largest first'),
  reverse: flag('-r, --reverse', 'the other way round'),
  one: flag('-1, --one', 'one name a line'),
  numeric: flag('-n, --numeric', 'as -l, with the numbers of owners and groups'),
  unsorted: flag('-f, --unsorted', 'as they come, at once'),
};

export type ListingOptions = Readonly<Record<keyof typeof listingOptions, boolean>>;

/** Names that are shown together. */
export interface ListedGroup {
  /** The folder they are in, as it is said; `null` for names that were given themselves. */
  readonly folder: string | null;
  readonly entries: readonly ListedEntry[];
}

export interface ListingShape {
  readonly options: ListingOptions;
  /** Columns of the terminal; `null` off one. */
  readonly columns: number | null;
  readonly now: number;
}

export function isLong(options: ListingOptions): boolean {
  return options.long || options.numeric;
}

/** Without the names that are kept from those who did not ask for all. */
export function shownEntries(
  entries: readonly ListedEntry[],
  { all }: Pick<ListingOptions, 'all'>,
): readonly ListedEntry[] {
  return all ? entries : entries.filter(({ name }) => !name.startsWith('.'));
}

/** One JSON document of all groups, or their lines. */
export function showListing(
  groups: readonly ListedGroup[],
  shape: ListingShape,
  printer: Pick<ClientPrinter, 'result'>,
): void {
  const ordered = groups.map(({ folder, entries }) => ({ folder, entries: inOrder(entries, shape.options) }));
  const several = groups.length > 1;
  printer.result(
    ordered.flatMap(({ folder, entries }) =>
      entries.map((entry) => ({
        ...entryDocument(entry),
        ...(several && folder !== null && { folder: nameDocument(folder).name }),
      })),
    ),
    ordered.flatMap(({ folder, entries }, index) => [
      ...(index > 0 ? [''] : []),
      ...(several && folder !== null ? [`${folder}:`] : []),
      ...listingLines(entries, shape),
    ]),
  );
}

export function listingLines(
  entries: readonly ListedEntry[],
  { options, columns, now }: ListingShape,
): readonly string[] {
  if (isLong(options)) return longLines(entries, { human: options.human, numeric: options.numeric, now });
  const names = entries.map(({ name }) => toText(name));
  return columns === null || options.one ? names : columnLines(names, columns);
}

/** Columns of the terminal that answers are shown on; `null` where they go elsewhere. */
export function terminalColumns(stdout: Writable = process.stdout): number | null {
  const { isTTY, columns } = stdout as Writable & { readonly isTTY?: boolean; readonly columns?: number };
  return isTTY === true ? columns || 80 : null;
}
