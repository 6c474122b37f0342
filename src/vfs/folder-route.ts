import type { ByteString } from '../names.js';
import type { Listing } from './vfs.js';

/** A folder that a walk is in, or has to come back to. */
export class Folder {
  /** In the folder above it on the route, when it was entered. */
  readonly name: ByteString;
  readonly ino: number;
  /** `null` while it is let go; then it was read to its end. */
  listing: Listing | null;
  /** Folders in it that are still to be entered. */
  readonly names: ByteString[] = [];
  /** Whether the listing was read to its end. */
  ended = false;
  /** Whether more folders are in it than could be kept in `names`: it is to be read again for them. */
  dropped = false;
  /** Whether this reading is for folders alone: its entries were met before. */
  again = false;

  constructor(name: ByteString, ino: number, listing: Listing) {
    this.name = name;
    this.ino = ino;
    this.listing = listing;
  }

  get done(): boolean {
    return this.ended && !this.dropped && this.names.length === 0;
  }
}

/** Folders one within the other. The first is open as long as the route is; the walk goes on at the last. */
export type Route = Folder[];

/** Half of how many folders stay open at each distance that is twice the one before. */
const width = 4;

/**
 * Which folder of a route is to be let go when one at `depth` was entered; at most one is. What stays open is dense
 * close to the walk and thins out above: 2 folders for each doubling of the depth. So a walk back up finds an open one
 * near, and goes through a chain of n folders in about n log n steps with 2 log n descriptors.
 */
export function surplusAt(depth: number): number | null {
  const surplus = depth - width * (depth & -depth);
  return surplus > 0 ? surplus : null;
}
