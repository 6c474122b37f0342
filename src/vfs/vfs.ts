import type { ByteString } from '../names.js';

/**
 * What one account may see as a filesystem. Paths are virtual: absolute, `/`-separated byte strings as the client
 * sent them, possibly with `.`, `..` and empty names; the implementation resolves them inside its root (J1). Every
 * method rejects with a `Fault` whose text holds no host path (J2).
 *
 * Every mutating method returns the `Change` it made, measured by the implementation: the ledger of the quotas
 * lives on it. Each inode's changes join on: one begins with the bytes that the one before it ended with. A request
 * that fails after it has changed a size rejects with a `PartialFault`, which carries that `Change`.
 */
export interface Vfs {
  open(path: ByteString, options: OpenOptions): Promise<Handle>;
  /** Opens a folder for listing, as a stream: never the whole of it in memory. */
  list(path: ByteString): Promise<Listing>;
  stat(path: ByteString, options: FollowOption): Promise<Stats>;
  set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change>;
  mkdir(path: ByteString, mode: number): Promise<Change>;
  rmdir(path: ByteString): Promise<Change>;
  /** Removes a name that is not a folder. */
  remove(path: ByteString): Promise<Change>;
  /** Without `replace` an existing target is never touched, however many sessions race (`exists`). */
  rename(from: ByteString, to: ByteString, options: { readonly replace: boolean }): Promise<Change>;
  /** Another name for a file that exists. */
  link(existing: ByteString, name: ByteString): Promise<Change>;
  /** A symbolic link at `name` that holds `target` as text, unread. */
  symlink(name: ByteString, target: ByteString): Promise<Change>;
  readlink(path: ByteString): Promise<ByteString>;
  /** The absolute virtual path after symlinks; the last name may be missing, as OpenSSH's server allows. */
  realpath(path: ByteString): Promise<ByteString>;
  space(path: ByteString): Promise<Space>;
  /** Gives back what the filesystem itself holds; open handles stay usable until they are closed. */
  close(): Promise<void>;
}

export interface FollowOption {
  /** Whether a symbolic link as the last name stands for its target. */
  readonly follow: boolean;
}

export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  /** Writes go to the end of the file, in arrival order, whatever their position says (T2). Implies `write`. */
  readonly append?: boolean;
  readonly create?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  /** A symbolic link as the last name is refused (`not-a-file`) instead of followed. */
  readonly nofollow?: boolean;
  /** Permission bits for a new file, before J6; 0666 if absent. */
  readonly mode?: number;
}

/** An open regular file. Reads and writes are positional; any order and any number at once are allowed. */
export interface Handle {
  /** The path it was opened by, for the log. */
  readonly path: ByteString;
  readonly inode: Inode;
  /** What opening it did (created, truncated); `bytesBefore` equals `bytesAfter` where it did nothing. */
  readonly opened: Change;
  /** Fills `into` from `position`; fewer bytes than asked only at the end of the file, 0 there. */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes all of `slices` one after another at `position` (with `append`: at the end), or rejects. */
  write(slices: readonly Buffer[], position: number): Promise<Change>;
  stat(): Promise<Stats>;
  set(attributes: SetAttributes): Promise<Change>;
  /** Resolves once data and metadata are on stable storage. */
  sync(): Promise<void>;
  space(): Promise<Space>;
  /** `complete: false` says that the session ended before the client closed the file; the log tells the two apart. */
  close(ending?: { readonly complete: boolean }): Promise<void>;
}

export interface Listing {
  readonly path: ByteString;
  /** Which folder it is. A filesystem that does not say is asked by path. */
  readonly inode?: Inode | undefined;
  /** The next entries, at most `count`, without `.` and `..`; an empty array at the end. */
  next(count: number): Promise<readonly Entry[]>;
  /**
   * Opens a folder right in this one, which stays the one that was opened whatever name it has by now. Until it is
   * closed, a listing that was read to its end can still be entered from. No symbolic link is followed.
   *
   * A filesystem may leave it out, or refuse: then folders are entered by path, as deep as paths go.
   * @param name one name, as `next` gave it
   * @throws Fault `not-found`, `not-a-folder`; `denied` where another filesystem is mounted (J4); `unsupported`
   */
  enter?(name: ByteString): Promise<Listing>;
  close(): Promise<void>;
}

export interface Entry {
  readonly name: ByteString;
  readonly stats: Stats;
}

export type Kind = 'file' | 'folder' | 'symlink' | 'fifo' | 'socket' | 'block-device' | 'character-device';

/** Which file it is, whatever its names. */
export interface Inode {
  readonly dev: number;
  readonly ino: number;
}

export interface Stats extends Inode {
  readonly kind: Kind;
  /** st_size in bytes. */
  readonly size: number;
  /** Permission bits only (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly atime: number;
  readonly mtime: number;
  readonly nlink: number;
}

export interface SetAttributes {
  readonly size?: number;
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Seconds since 1970; the two come together, as in SFTP's ATTRS. */
  readonly times?: { readonly atime: number; readonly mtime: number };
}

/** What a mutation did to one inode. */
export interface Change extends Inode {
  readonly kind: Kind;
  /** Whether the inode was made by this change. */
  readonly created: boolean;
  /** st_size of a regular file before and after; 0 for every other kind. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Names left on the inode afterwards (st_nlink; for a removed folder 0). */
  readonly linksLeft: number;
  /** What the new name stood for before, where a rename replaced it. */
  readonly replaced?: Change;
}

/** Room on what holds the path, in bytes and inodes. */
export interface Space {
  readonly bytesTotal: number;
  /** What this account could still write. */
  readonly bytesFree: number;
  readonly filesTotal: number;
  readonly filesFree: number;
  readonly readOnly: boolean;
  readonly nameMax: number;
  /** The load line in bytes, where it leaves less room than the disk does. */
  readonly line?: { readonly used: number; readonly limit: number };
}
