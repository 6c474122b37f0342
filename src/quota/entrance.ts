import type { Change, Handle } from '../vfs/vfs.js';
import type { HeldFile } from './held-file.js';
import type { OwnerPort } from './owner-port.js';

/** How often an open is tried whose file is removed between the looking and the booking. */
export const mostOpens = 64;

/** When a look at a file was taken, in what has happened to files since. */
export interface Moment {
  /** Who the owner was. */
  readonly port: OwnerPort | null;
  readonly left: number;
  readonly changes: number;
}

/** A handle that was opened, and its file in the books. */
export interface Entrance {
  readonly handle: Handle;
  readonly file: HeldFile;
  /** What opening it did, whoever did it. */
  readonly opened: Change;
}

/** Closes a handle that did not get into the books. */
export async function closingUnless(
  handle: Handle,
  entering: Promise<HeldFile | null>,
): Promise<HeldFile | null> {
  const file = await entering.catch(async (thrown: unknown) => {
    await handle.close();
    throw thrown;
  });
  if (!file) await handle.close();
  return file;
}
