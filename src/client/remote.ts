import type { HashAlgorithm } from '../hash/algorithms.js';
import type { ByteString } from '../names.js';
import type { AccountStatus } from '../wire/account-status.js';

/** What is asked of a path, ahead of the moment its answer is needed. */
export interface Question {
  readonly ask: 'stat' | 'lstat' | 'space';
  readonly path: ByteString;
}

/** What a name stands for; `unknown` where the server does not say. */
export type RemoteKind = 'file' | 'folder' | 'symlink' | 'other' | 'unknown';

/** What a server says of a file; only what it sent is there. [filexfer-02 5] */
export interface RemoteStat {
  readonly kind: RemoteKind;
  /** Bytes. */
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** The bits below the type: 0o7777 at most. */
  readonly mode?: number;
  /** Seconds since 1970. */
  readonly atime?: number;
  readonly mtime?: number;
}

export interface RemoteEntry {
  /** One name, as the server sent it: it may be anything, `..` and `/` too. */
  readonly name: ByteString;
  /** The line of `ls -l`, as the server wrote it. */
  readonly longname: ByteString;
  readonly stat: RemoteStat;
}

/** What SETSTAT changes. `uid` comes with `gid`, `atime` with `mtime`. [filexfer-02 6.9] */
export interface RemoteChange {
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly atime?: number;
  readonly mtime?: number;
}

/** A part of a file in bytes; `length` 0 is all up to the end, as check-file has it. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/** How a file is opened. [filexfer-02 6.3] */
export interface OpenMode {
  readonly read?: boolean;
  readonly write?: boolean;
  /** Makes it where it is not there. */
  readonly create?: boolean;
  /** Together with `create`: fails where it is. */
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  /** The mode of a file that is made. */
  readonly mode?: number;
}

/** An open file of the server. Reads and writes name their place; any number may be under way at once. */
export interface RemoteHandle {
  /** Bytes from `offset`, at most `length` and perhaps fewer, in the pieces they came in; `null` at the end. */
  read(offset: number, length: number): Promise<readonly Buffer[] | null>;
  /** `data` must not change until this resolves. Written in full. */
  write(offset: number, data: Buffer): Promise<void>;
  stat(): Promise<RemoteStat>;
  setStat(change: RemoteChange): Promise<void>;
  /** What was written is on the disk. `false` where the server cannot say. [fsync@openssh.com] */
  sync(): Promise<boolean>;
  close(): Promise<void>;
}

/** Room for more. `null`: no limit, or not known. */
export interface RemoteSpace {
  /** Bytes that may still be written. */
  readonly free: number;
  /** Bytes in all, used and free. */
  readonly total: number;
  readonly freeFiles: number | null;
  readonly totalFiles: number | null;
  readonly readOnly: boolean;
}

/** A hash that the server made. */
export interface RemoteHash {
  readonly algorithm: HashAlgorithm;
  readonly hash: Buffer;
  /** How it was asked for. */
  readonly by: 'check-file' | 'md5-hash' | 'shell';
}

/** A hash that waits to be made. One of the two is called, once. */
export interface PreparedHash {
  /** As `hash` gives it. */
  make(): Promise<RemoteHash | null>;
  /** It is not wanted any more. */
  drop(): void;
}

export interface RemoteOutput {
  /** `null` where a signal ended it. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** What a server says of itself when a session begins. */
export interface RemoteFacts {
  /** Its identification string without line end. [RFC 4253 4.2] */
  readonly ident: string;
  readonly version: number;
  /** What VERSION announced: names and values. */
  readonly extensions: ReadonlyMap<string, string>;
  /** From `vendor-id`, where it is sent. */
  readonly product: { readonly vendor: string; readonly name: string; readonly version: string } | null;
  /** Bytes of the largest READ and WRITE that may be asked for. [limits@openssh.com] */
  readonly maxRead: number;
  readonly maxWrite: number;
  /** Milliseconds of the shortest answer when the session began. */
  readonly roundTrip: number;
  /** Whether RENAME is known to refuse an existing target: at OpenSSH's server and ours. */
  readonly renameKeeps: boolean;
}

/**
 * The files of a server, over one SFTP session. Paths are bytes (`names.ts`); relative ones count from where the server
 * starts a session. Every method throws `Fault`: `not-found`, `denied`, `exists`, `quota`, ... as the server's answer
 * says, `unsupported` where it does not know the request, `no-connection` once the connection is gone.
 */
export interface Remote {
  readonly facts: RemoteFacts;
  has(extension: string): boolean;
  /** Whether a hash costs one request; otherwise a program is started at the server for each. */
  hashesCheaply(algorithm: HashAlgorithm): boolean;
  /** What the server has said on stderr since the last call; refusals, mostly. */
  takeStderr(): string;
  realpath(path: ByteString): Promise<ByteString>;
  /** Sends what is to be asked next, so that the answers are there by then; `stat`, `lstat` and `space` take them. */
  foresee(questions: readonly Question[]): void;
  /** Follows symlinks. */
  stat(path: ByteString): Promise<RemoteStat>;
  /** Does not. */
  lstat(path: ByteString): Promise<RemoteStat>;
  /** `.` and `..` left out; in the server's order, a batch for each of its answers. */
  list(folder: ByteString): AsyncIterable<readonly RemoteEntry[]>;
  open(path: ByteString, mode: OpenMode): Promise<RemoteHandle>;
  mkdir(path: ByteString, mode?: number): Promise<void>;
  rmdir(path: ByteString): Promise<void>;
  remove(path: ByteString): Promise<void>;
  /** Without `replace` an existing target is refused with `exists`, whatever the server would have done. */
  rename(from: ByteString, to: ByteString, options: { readonly replace: boolean }): Promise<void>;
  symlink(target: ByteString, link: ByteString): Promise<void>;
  readlink(path: ByteString): Promise<ByteString>;
  hardlink(existing: ByteString, name: ByteString): Promise<void>;
  /** With `follow: false` of a symlink itself, by lsetstat; `unsupported` where the server does not have it. */
  setStat(path: ByteString, change: RemoteChange, options?: { readonly follow: boolean }): Promise<void>;
  /** Copies a file on the server, by copy-file or copy-data. `unsupported` where it has neither. */
  copyFile(from: ByteString, to: ByteString, options: { readonly overwrite: boolean }): Promise<void>;
  /** By space-available or statvfs; `null` where the server has neither. */
  space(path: ByteString): Promise<RemoteSpace | null>;
  /** `null` where the server does not have it. [PROTOCOL 5] */
  accountStatus(): Promise<AccountStatus | null>;
  /** `null` for an id that has none; names in the order of the ids. `null` altogether where the server cannot say. */
  owners(
    uids: readonly number[],
    gids: readonly number[],
  ): Promise<{ readonly users: readonly string[]; readonly groups: readonly string[] } | null>;
  /**
   * A hash made by the server: by check-file in the dialect it speaks, by md5-hash, or by a shell's `md5sum` and
   * `sha256sum`. `null` where it has none of them for this algorithm.
   */
  hash(path: ByteString, algorithm: HashAlgorithm, range: Range): Promise<RemoteHash | null>;
  /**
   * Has a shell wait to make the hash of a whole file, so that no time is lost when it is complete; `null` where a shell
   * is not needed, or not there. The file need not be there yet.
   */
  prepareHash(path: ByteString, algorithm: HashAlgorithm): PreparedHash | null;
  /** Runs a command on a channel of its own. @throws Fault `unsupported` where none is granted */
  exec(command: ByteString, signal?: AbortSignal): Promise<RemoteOutput>;
}
