import { sql, type Kysely } from 'kysely';

/**
 * What each home uses, and the inodes in it that have several names. There is no trigger on `revision`: ledgers are
 * written often, and no session has to learn of it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const figure = 'integer not null default 0';

const statements = [
  `create table usage (
    home_id integer primary key references homes (id) on delete cascade,
    owner text,
    epoch integer not null,
    counted ${figure},
    bytes ${figure},
    files ${figure},
    bytes_ceiling ${figure},
    files_ceiling ${figure}
  ) strict`,
  `create table usage_links (
    home_id integer not null references homes (id) on delete cascade,
    inode integer not null,
    links integer not null,
    primary key (home_id, inode)
  ) strict, without rowid`,
];
