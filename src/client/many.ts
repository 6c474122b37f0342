import { getFile } from './get-file.js';
import { getManyWith } from './get-many.js';
import type { Link } from './link.js';
import { putFile } from './put-file.js';
import { putManyWith } from './put-many.js';
import type { ManyOptions, ManyResult, TransferItem } from './transfer.js';

/**
 * Gets files, and with `recursive` folders with everything in them, `jobs` files at once. The first begins before a
 * tree is read to its end; `watcher.total` is told once that is known. A folder's files go into the folder that the item
 * names, which is made where it is not there.
 *
 * Names that would lead out of that folder fail by themselves (`bad-name`), with nothing written; symlinks below a folder,
 * sockets and devices are left out, which `watcher.note` tells; no symlink below an item's folder here is followed.
 * Faults are in `failed`. A lost connection, `cancelled`, and no room on the disk (`no-space`, as soon as it is
 * known, for all that is still to come) leave what has not begun alone.
 */
export function getMany(
  link: Link,
  items: readonly TransferItem[],
  options: ManyOptions,
): Promise<ManyResult> {
  return getManyWith(getFile, link, items, options);
}

/**
 * Puts files, and with `recursive` folders with everything in them, `jobs` files at once. A folder's files go into the
 * folder that the item names, which is made where it is not there. Symlinks below a folder, sockets and devices are left
 * out, which `watcher.note` tells.
 *
 * Faults are in `failed`. A lost connection, `cancelled` and a full line (`quota`, `no-space`) leave what has not
 * begun alone.
 * @throws Fault `quota` before the first byte where all of it does not fit: `needs 20 GB, 3.1 GB free of 50 GB`; and
 * a lost connection or `cancelled` until then
 */
export function putMany(
  link: Link,
  items: readonly TransferItem[],
  options: ManyOptions,
): Promise<ManyResult> {
  return putManyWith(putFile, link, items, options);
}
