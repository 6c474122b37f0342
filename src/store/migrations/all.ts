import type { Migration } from 'kysely';
import * as accounts from './0001-accounts.js';
import * as usage from './0002-usage.js';

/** In the order of their names. A migration that was released is never edited: the next one changes what it made. */
export const migrations = {
  '0001-accounts': accounts,
  '0002-usage': usage,
} as const satisfies Record<string, Migration>;
