import { Fault } from '../fault.js';

/** SQLite's result code (`SQLITE_BUSY_SNAPSHOT`, ...), or `null` for what SQLite did not throw. */
function codeOf(thrown: unknown): string | null {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}

/** Whether another connection holds a lock, so that the same call may succeed a moment later. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(thrown) ?? '');
}

const sentences: readonly (readonly [
  code: RegExp,
  fault: ConstructorParameters<typeof Fault>[0],
  text: string,
])[] = [
  [/^SQLITE_BUSY|^SQLITE_LOCKED/, 'busy', 'the account database is in use by another process: try again'],
  [/^SQLITE_NOTADB/, 'failure', 'the account database is not a database: move the file away or restore it'],
  [/^SQLITE_CORRUPT/, 'failure', 'the account database is damaged: restore it from a backup'],
  [/^SQLITE_FULL|^SQLITE_IOERR_(NOSPC|SHMSIZE)/, 'no-space', 'no space is left for the account database'],
  [/^SQLITE_READONLY/, 'denied', 'the account database or its folder cannot be written'],
  [
    /^SQLITE_CANTOPEN/,
    'denied',
    'the account database cannot be opened: its folder is missing or closed to this user',
  ],
  [/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)/, 'exists', 'that name exists already'],
];

/** What SQLite threw in the product's words; the sentence names no path, SQLite's own text is the cause. */
export function sqliteFault(thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (code === null) return thrown;
  const [, fault, text] = sentences.find(([pattern]) => pattern.test(code)) ?? [];
  return new Fault(fault ?? 'failure', text ?? 'the account database failed', { cause: thrown });
}
