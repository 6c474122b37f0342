import { toBytes } from '../../names.js';
import type { RemoteEntry, RemoteKind, RemoteStat } from '../remote.js';
import { plainText } from './paths.js';

/** What a server says of a file; `null` where it does not say. */
export interface FileInfo {
  readonly kind: RemoteKind;
  /** Bytes. */
  readonly size: number | null;
  /** The bits below the type: 0o7777 at most. */
  readonly mode: number | null;
  readonly modified: Date | null;
  readonly accessed: Date | null;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** A file in a folder. */
export interface FolderEntry extends FileInfo {
  readonly name: string;
  /** The same as the server sent it; what to use where `name` is not all of it because it is no UTF-8. */
  readonly nameBytes: Buffer;
  /** The line of `ls -l`, as the server wrote it: not fit for a terminal as it is. */
  readonly longName: string;
}

export function fileInfo({ kind, size, mode, mtime, atime, uid, gid }: RemoteStat): FileInfo {
  return {
    kind,
    size: size ?? null,
    mode: mode ?? null,
    modified: mtime === undefined ? null : new Date(mtime * 1000),
    accessed: atime === undefined ? null : new Date(atime * 1000),
    uid: uid ?? null,
    gid: gid ?? null,
  };
}

export function folderEntry({ name, longname, stat }: RemoteEntry): FolderEntry {
  return {
    name: plainText(name),
    nameBytes: toBytes(name),
    longName: plainText(longname),
    ...fileInfo(stat),
  };
}
