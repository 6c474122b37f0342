import type { MarkStore } from './accounts.js';
import type { Database } from './database.js';

export function sqliteMarks(database: Database): MarkStore {
  return {
    async get(name) {
      const row = await database.read((db) =>
        db.selectFrom('marks').select('value').where('name', '=', name).executeTakeFirst(),
      );
      return row?.value ?? null;
    },
    async set(name, value) {
      await database.write((db) =>
        db
          .insertInto('marks')
          .values({ name, value })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
          .execute(),
      );
    },
    async remove(name) {
      await database.write((db) => db.deleteFrom('marks').where('name', '=', name).execute());
    },
  };
}
