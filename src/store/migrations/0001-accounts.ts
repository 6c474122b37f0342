import { sql, type Kysely } from 'kysely';

/**
 * Accounts, their keys, homes with their lines, and marks. Ids are never used twice: an open session knows its account
 * by id, and must not become that of the next account. The triggers raise `revision` with every change that open
 * sessions have to learn of, and not with a login or a usage row: those come many times a second.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const bump = 'begin update revision set number = number + 1; end';

const statements = [
  `create table homes (
    id integer primary key autoincrement,
    path text not null unique,
    bytes_limit integer check (bytes_limit >= -1),
    files_limit integer check (files_limit >= -1)
  ) strict`,
  `create table accounts (
    id integer primary key autoincrement,
    name text not null collate nocase unique,
    role text not null,
    state text not null,
    home_id integer not null references homes (id),
    read_only integer not null,
    expires integer,
    password_hash text,
    password_version integer not null,
    created_at integer not null,
    last_login_at integer
  ) strict`,
  'create index accounts_home on accounts (home_id)',
  `create table keys (
    id integer primary key autoincrement,
    account_id integer not null references accounts (id) on delete cascade,
    fingerprint text not null,
    type text not null,
    blob blob not null,
    comment text not null,
    unique (account_id, fingerprint)
  ) strict`,
  'create table marks (name text primary key, value text not null) strict, without rowid',
  'create table revision (number integer not null) strict',
  'insert into revision values (1)',
  `create trigger account_added after insert on accounts ${bump}`,
  `create trigger account_removed after delete on accounts ${bump}`,
  `create trigger account_changed after update of name, role, state, home_id, read_only, expires, password_hash,
    password_version on accounts ${bump}`,
  `create trigger key_added after insert on keys ${bump}`,
  `create trigger key_removed after delete on keys ${bump}`,
  `create trigger key_changed after update on keys ${bump}`,
  `create trigger home_changed after update on homes ${bump}`,
];
