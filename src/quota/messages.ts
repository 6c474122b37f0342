import type { ByteString } from '../names.js';
import type { Change } from '../vfs/vfs.js';

/** How one inode has grown or shrunk since it was told last: `[inode, bytes before, bytes after]`. */
export type Sized = readonly [inode: number, before: number, after: number];

/** What travels with everything that a process tells the owner: both ends book it in the order it was sent. */
export interface Report {
  /** Growth came out of the lease, what was freed went into it. */
  readonly sizes: readonly Sized[];
  /** Bytes of the lease that are given back. */
  readonly returned: number;
}

/** A change of names, as it is asked of the owner. */
export type NameChange =
  | { readonly kind: 'mkdir'; readonly path: ByteString; readonly mode: number }
  | { readonly kind: 'rmdir'; readonly path: ByteString }
  | { readonly kind: 'remove'; readonly path: ByteString }
  | { readonly kind: 'rename'; readonly path: ByteString; readonly to: ByteString; readonly replace: boolean }
  | { readonly kind: 'link'; readonly path: ByteString; readonly name: ByteString }
  | { readonly kind: 'symlink'; readonly path: ByteString; readonly target: ByteString };

/** A file to be made where there is none; an existing one is left as it is. */
export interface Creation {
  readonly path: ByteString;
  readonly exclusive: boolean;
  /** A symlink as the last name is refused instead of followed. */
  readonly nofollow: boolean;
  readonly mode?: number;
}

export interface Created {
  readonly change: Change;
  /** Until this is given back the owner keeps the file open, so that its inode number means nothing else. */
  readonly token: number;
}

/** What a process says about a file that it has opened for the first time. */
export interface Entering {
  readonly inode: number;
  /** st_size when it was opened; `null` where it may have changed since, or lost its name. */
  readonly size: number | null;
  /** Whether it is to be written. */
  readonly write: boolean;
}

export interface Entered {
  /** Whether the claim came along: then `size` is what the ledger has charged. */
  readonly claimed: boolean;
  readonly size: number;
  /** Somebody else may have changed or removed it since it was opened: the file is to be looked at again. */
  readonly look: boolean;
}

/** A file that a process has open, as it tells a new owner. */
export interface Held {
  readonly inode: number;
  /** As charged, where the process has the claim; else as it was seen last. */
  readonly size: number;
  readonly claimed: boolean;
  /** It has no name any more. */
  readonly gone: boolean;
}
