import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  open,
  realpath,
  rename,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { fromBytes, type ByteString } from '../names.js';
import { errorCode, localFault } from './local-fault.js';
import { fsPath, localFromText, windows } from './local-path.js';

/** Not on Windows. */
const unix: Partial<typeof constants> = constants;

export interface LocalStat {
  readonly kind: 'file' | 'folder' | 'other';
  /** Bytes. */
  readonly size: number;
  /** The bits below the type. */
  readonly mode: number;
  /** Seconds since 1970, with their fraction. */
  readonly atime: number;
  readonly mtime: number;
}

/** A file of this machine, read and written at positions. Every method throws `Fault`, naming the file. */
export class LocalFile {
  readonly path: ByteString;
  readonly #handle: FileHandle;

  private constructor(path: ByteString, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Does not wait for the other end of a pipe: `stat` tells what it is, before anything is read. */
  static toRead(path: ByteString): Promise<LocalFile> {
    return LocalFile.#open(path, constants.O_RDONLY | (unix.O_NONBLOCK ?? 0));
  }

  /**
   * A new file. @throws Fault `exists` where anything has that name, a symlink too
   * @param mode its mode, less the process' umask
   */
  static create(path: ByteString, mode: number): Promise<LocalFile> {
    return LocalFile.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, mode);
  }

  /** One that is there, and that is not a symlink: whoever may write into the folder could have it lead elsewhere. */
  static toExtend(path: ByteString): Promise<LocalFile> {
    return LocalFile.#open(path, constants.O_RDWR | (unix.O_NOFOLLOW ?? 0));
  }

  static async #open(path: ByteString, flags: number, mode?: number): Promise<LocalFile> {
    return told(path, async () => new LocalFile(path, await open(fsPath(path), flags, mode)));
  }

  stat(): Promise<LocalStat> {
    return told(this.path, async () => statOf(await this.#handle.stat()));
  }

  /** `[start, end)`, or all up to the end of the file for `null`, in pieces of that many bytes; fewer where it ends before. */
  async *pieces(start: number, end: number | null, pieceSize: number): AsyncIterable<Buffer> {
    for (let at = start; end === null || at < end;) {
      const piece = await this.#readPiece(at, end === null ? pieceSize : Math.min(pieceSize, end - at));
      if (piece.length === 0) return;
      at += piece.length;
      yield piece;
    }
  }

  async #readPiece(at: number, length: number): Promise<Buffer> {
    // A buffer of its own: it is handed on, and stays in use until the other side has answered.
    const into = Buffer.allocUnsafe(length);
    return told(this.path, async () => {
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await this.#handle.read(into, filled, length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return into.subarray(0, filled);
    });
  }

  /** In full. */
  async write(chunks: readonly Buffer[], position: number): Promise<void> {
    let rest = chunks;
    let at = position;
    await told(this.path, async () => {
      while (rest.length > 0) {
        const { bytesWritten } = await this.#handle.writev(rest, at);
        at += bytesWritten;
        rest = after(rest, bytesWritten);
      }
    });
  }

  truncate(size: number): Promise<void> {
    return told(this.path, () => this.#handle.truncate(size));
  }

  /** On the disk. */
  sync(): Promise<void> {
    return told(this.path, () => this.#handle.sync());
  }

  setTimes(atime: number, mtime: number): Promise<void> {
    return told(this.path, () => this.#handle.utimes(atime, mtime));
  }

  setMode(mode: number): Promise<void> {
    return told(this.path, () => this.#handle.chmod(mode));
  }

  async close(): Promise<void> {
    await told(this.path, () => this.#handle.close());
  }
}

/** Follows symlinks; `null` where there is nothing. */
export function statLocal(path: ByteString): Promise<LocalStat | null> {
  return unlessMissing(path, async () => statOf(await stat(fsPath(path))));
}

/** Does not follow them: a symlink is `other`. */
export function lstatLocal(path: ByteString): Promise<LocalStat | null> {
  return unlessMissing(path, async () => statOf(await lstat(fsPath(path))));
}

/** Whether anything has that name, a symlink to nowhere too. */
export async function isTaken(path: ByteString): Promise<boolean> {
  return (await unlessMissing(path, () => lstat(fsPath(path)))) !== null;
}

/** The file itself where the name is a symlink; the name where it leads nowhere, or is not there. */
export async function resolved(path: ByteString): Promise<ByteString> {
  const isLink = await unlessMissing(path, async () => (await lstat(fsPath(path))).isSymbolicLink());
  if (isLink !== true) return path;
  return (await unlessMissing(path, () => realPath(path))) ?? path;
}

async function realPath(path: ByteString): Promise<ByteString> {
  if (windows) return localFromText(await realpath(fsPath(path)));
  return fromBytes(await realpath(fsPath(path), { encoding: 'buffer' }));
}

/** Takes the place of what has the new name. */
export function renameLocal(from: ByteString, to: ByteString): Promise<void> {
  return told(to, () => rename(fsPath(from), fsPath(to)));
}

export async function removeLocal(path: ByteString): Promise<void> {
  await unlessMissing(path, () => unlink(fsPath(path)));
}

/** A copy that shares its blocks where the filesystem can. @throws Fault `exists` */
export async function copyLocal(from: ByteString, to: ByteString): Promise<void> {
  await told(to, async () => {
    await copyFile(fsPath(from), fsPath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // The copy has the mode of the first one, which might not allow what follows.
    await chmod(fsPath(to), 0o600 | (await stat(fsPath(from))).mode);
  });
}

export function statOf(stats: Stats): LocalStat {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    size: stats.size,
    mode: stats.mode & 0o7777,
    atime: stats.atimeMs / 1000,
    mtime: stats.mtimeMs / 1000,
  };
}

function after(chunks: readonly Buffer[], written: number): readonly Buffer[] {
  let left = written;
  let index = 0;
  for (; index < chunks.length; index++) {
    const { length } = chunks[index] ?? { length: 0 };
    if (left < length) break;
    left -= length;
  }
  const [first, ...others] = chunks.slice(index);
  return first === undefined ? [] : [first.subarray(left), ...others];
}

async function told<T>(path: ByteString, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw localFault(error, path);
  }
}

async function unlessMissing<T>(path: ByteString, call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw localFault(error, path);
  }
}
