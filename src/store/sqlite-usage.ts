import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import { accountFaults } from './account-faults.js';
import type { Database } from './database.js';
import type { LinksRow, Tables, UsageUpdate } from './rows.js';
import type { UsageFigures, UsageRow, UsageStore } from './usage.js';

type Db = Kysely<Tables>;

/** Rows that are written or removed in one turn of the event loop. */
const batch = 500;

/** What is guarded is one statement each, and commits alone: there is no moment between the check and the write. */
export function sqliteUsage(database: Database): UsageStore {
  return {
    all: () =>
      database.read(async (db) => (await usageOfHomes(db).orderBy('homes.id').execute()).map(usageOf)),

    get: (homeId) =>
      database.read(async (db) => {
        const row = await usageOfHomes(db).where('homes.id', '=', homeId).executeTakeFirst();
        if (!row) throw accountFaults.noHome();
        return usageOf(row);
      }),

    take: (homeId, epoch, owner) =>
      database.read((db) =>
        epoch === 0 ? takeFirst(db, homeId, owner) : takeNext(db, homeId, epoch, owner),
      ),

    save: (homeId, epoch, figures) => database.read((db) => write(db, homeId, epoch, columnsOf(figures))),

    release: (homeId, epoch, figures) =>
      database.read((db) => write(db, homeId, epoch, { ...columnsOf(figures), owner: null })),

    links: (homeId, inode) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('usage_links')
          .select('links')
          .where('home_id', '=', homeId)
          .where('inode', '=', inode)
          .executeTakeFirst();
        return row?.links ?? null;
      }),

    setLinks: (homeId, inode, links) =>
      database.read((db) =>
        links === null ? forgetLinks(db, homeId, inode) : noteLinks(db, homeId, inode, links),
      ),

    replaceLinks: (homeId, links) =>
      database.write(async (db) => {
        while (await removeLinks(db, homeId)) await nextTurn();
        const home = await db.selectFrom('homes').select('id').where('id', '=', homeId).executeTakeFirst();
        if (!home) return;
        for (const rows of batches(homeId, links)) {
          await db.insertInto('usage_links').values(rows).execute();
          await nextTurn();
        }
      }),
  };
}

function usageOfHomes(db: Db) {
  return db
    .selectFrom('homes')
    .leftJoin('usage', 'usage.home_id', 'homes.id')
    .select('homes.id')
    .select(['owner', 'epoch', 'counted', 'bytes', 'files', 'bytes_ceiling', 'files_ceiling']);
}

function usageOf(
  row: Awaited<ReturnType<ReturnType<typeof usageOfHomes>['executeTakeFirstOrThrow']>>,
): UsageRow {
  return {
    homeId: row.id,
    owner: row.owner,
    epoch: row.epoch ?? 0,
    counted: row.counted === 1,
    bytes: row.bytes ?? 0,
    files: row.files ?? 0,
    bytesCeiling: row.bytes_ceiling ?? 0,
    filesCeiling: row.files_ceiling ?? 0,
  };
}

function columnsOf(figures: UsageFigures): UsageUpdate {
  return {
    counted: figures.counted ? 1 : 0,
    bytes: figures.bytes,
    files: figures.files,
    bytes_ceiling: figures.bytesCeiling,
    files_ceiling: figures.filesCeiling,
  };
}

/** Of two that make a home's first row, the second changes nothing. */
async function takeFirst(db: Db, homeId: number, owner: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('usage')
    .columns(['home_id', 'owner', 'epoch'])
    .expression((from) =>
      from
        .selectFrom('homes')
        .select(['id', sql.val(owner).as('owner'), sql.lit(1).as('epoch')])
        .where('id', '=', homeId),
    )
    .onConflict((conflict) => conflict.column('home_id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

async function takeNext(db: Db, homeId: number, epoch: number, owner: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('usage')
    .set({ owner, epoch: epoch + 1 })
    .where('home_id', '=', homeId)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function write(db: Db, homeId: number, epoch: number, columns: UsageUpdate): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('usage')
    .set(columns)
    .where('home_id', '=', homeId)
    .where('epoch', '=', epoch)
    .where('owner', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes nothing of a home that is gone. */
async function noteLinks(db: Db, homeId: number, inode: number, links: number): Promise<void> {
  await db
    .insertInto('usage_links')
    .columns(['home_id', 'inode', 'links'])
    .expression((from) =>
      from
        .selectFrom('homes')
        .select(['id', sql.val(inode).as('inode'), sql.val(links).as('links')])
        .where('id', '=', homeId),
    )
    .onConflict((conflict) => conflict.columns(['home_id', 'inode']).doUpdateSet({ links }))
    .execute();
}

async function forgetLinks(db: Db, homeId: number, inode: number): Promise<void> {
  await db.deleteFrom('usage_links').where('home_id', '=', homeId).where('inode', '=', inode).execute();
}

/** @returns whether there may be more */
async function removeLinks(db: Db, homeId: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from usage_links where home_id = ${homeId} and inode in
    (select inode from usage_links where home_id = ${homeId} limit ${batch})
  `.execute(db);
  return numAffectedRows === BigInt(batch);
}

function* batches(homeId: number, links: ReadonlyMap<number, number>): Generator<LinksRow[]> {
  let rows: LinksRow[] = [];
  for (const [inode, count] of links) {
    rows.push({ home_id: homeId, inode, links: count });
    if (rows.length < batch) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}
