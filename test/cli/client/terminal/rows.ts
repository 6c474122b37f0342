import { fileRows } from './file-rows.js';
import { listingRows } from './listing-rows.js';
import type { Row } from './row.js';
import { tellRows } from './tell-rows.js';
import { transferRows, unhashedRows } from './transfer-rows.js';

/** All that is typed at the prompt. */
export const rows: readonly Row[] = [
  ...listingRows,
  ...fileRows,
  ...tellRows,
  ...transferRows,
  ...unhashedRows,
];
