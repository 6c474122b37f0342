import { accountFaults } from './account-faults.js';
import type { Home } from './accounts.js';
import type { UsageFigures, UsageRow, UsageStore } from './usage.js';

/** Usage that lives as long as the process. The rows follow the homes: `forget` is told of each that is removed. */
export function memoryUsage(
  homes: Pick<ReadonlyMap<number, Home>, 'has' | 'keys'>,
): UsageStore & { readonly forget: (homeId: number) => void } {
  const rows = new Map<number, UsageRow>();
  const noted = new Map<number, Map<number, number>>();

  const rowOf = (homeId: number): UsageRow => rows.get(homeId) ?? { ...neverOwned, homeId };

  /** Changes the row of a home if it has that epoch still. */
  function change(
    homeId: number,
    epoch: number,
    changed: (row: UsageRow) => UsageRow | null,
  ): Promise<boolean> {
    const row = homes.has(homeId) ? rowOf(homeId) : null;
    const next = row?.epoch === epoch ? changed(row) : null;
    if (next) rows.set(homeId, next);
    return Promise.resolve(next !== null);
  }

  return {
    all: () => Promise.resolve([...homes.keys()].sort((a, b) => a - b).map(rowOf)),
    get: (homeId) =>
      homes.has(homeId) ? Promise.resolve(rowOf(homeId)) : Promise.reject(accountFaults.noHome()),
    take: (homeId, epoch, owner) => change(homeId, epoch, (row) => ({ ...row, owner, epoch: epoch + 1 })),
    save: (homeId, epoch, figures) =>
      change(homeId, epoch, (row) => (row.owner === null ? null : { ...row, ...figuresOf(figures) })),
    release: (homeId, epoch, figures) =>
      change(homeId, epoch, (row) =>
        row.owner === null ? null : { ...row, ...figuresOf(figures), owner: null },
      ),
    links: (homeId, inode) => Promise.resolve(noted.get(homeId)?.get(inode) ?? null),
    setLinks: (homeId, inode, links) => {
      const ofHome = noted.get(homeId) ?? new Map<number, number>();
      if (links === null) ofHome.delete(inode);
      else ofHome.set(inode, links);
      if (homes.has(homeId)) noted.set(homeId, ofHome);
      return Promise.resolve();
    },
    replaceLinks: (homeId, links) => {
      if (homes.has(homeId)) noted.set(homeId, new Map(links));
      return Promise.resolve();
    },
    forget: (homeId) => {
      rows.delete(homeId);
      noted.delete(homeId);
    },
  };
}

const neverOwned = {
  owner: null,
  epoch: 0,
  counted: false,
  bytes: 0,
  files: 0,
  bytesCeiling: 0,
  filesCeiling: 0,
} as const satisfies Omit<UsageRow, 'homeId'>;

/** These alone: what is passed may have more to it, a whole row for one. */
function figuresOf({ counted, bytes, files, bytesCeiling, filesCeiling }: UsageFigures): UsageFigures {
  return { counted, bytes, files, bytesCeiling, filesCeiling };
}
