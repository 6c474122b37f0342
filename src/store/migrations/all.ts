import type { Migration } from 'kysely';
import * as accounts from './0001-accounts.js';

/** In the order of their names. A migration that was released is never edited: the next one changes what it made. */
export const migrations = {
  '0001-accounts': accounts,
} as const satisfies Record<string, Migration>;
