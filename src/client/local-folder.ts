import { constants, type BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, open, stat, utimes } from 'node:fs/promises';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { errorCode, localFault } from './local-fault.js';
import { fsPath, localToText, windows } from './local-path.js';
import type { RemoteStat } from './remote.js';

/**
 * A folder here that files are got into. It is known by its inode, so that what is put in its place while a transfer
 * runs, a symlink to somewhere else for one, is not written into.
 */
export class LocalFolder {
  readonly path: ByteString;
  /** Whether it was made just now. */
  readonly isNew: boolean;
  readonly #inode: Pick<BigIntStats, 'dev' | 'ino'>;
  /** Whether its last name may be a symlink: only where a person named it. */
  readonly #follows: boolean;

  private constructor(path: ByteString, isNew: boolean, follows: boolean, inode: BigIntStats) {
    this.path = path;
    this.isNew = isNew;
    this.#follows = follows;
    this.#inode = inode;
  }

  /**
   * Makes a folder, or takes the one that is there.
   * @param follows whether a symlink to a folder is good enough
   * @throws Fault `not-a-folder` where something else has its name, and as the system says
   */
  static async at(
    path: ByteString,
    { mode, follows }: { readonly mode: number; readonly follows: boolean },
  ): Promise<LocalFolder> {
    let isNew = true;
    try {
      await mkdir(fsPath(path), mode);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw localFault(error, path);
      isNew = false;
    }
    return new LocalFolder(path, isNew, follows, await folderAt(path, follows));
  }

  /** @throws Fault `not-a-folder` where something else stands in its place by now */
  async check(): Promise<void> {
    const { dev, ino } = await folderAt(this.path, this.#follows);
    if (dev === this.#inode.dev && ino === this.#inode.ino) return;
    throw new Fault(
      'not-a-folder',
      `${localToText(this.path)}: has been replaced while files were got into it`,
    );
  }

  /** Carries over mode and times, as far as the server tells them, once nothing is got into it any more. */
  async preserve({ mode, atime, mtime }: RemoteStat): Promise<void> {
    await this.check();
    const bits = mode === undefined ? null : mode & 0o777;
    try {
      if (windows) {
        if (bits !== null) await chmod(fsPath(this.path), bits);
        if (mtime !== undefined) await utimes(fsPath(this.path), atime ?? mtime, mtime);
        return;
      }
      const noFollow = this.#follows ? 0 : constants.O_NOFOLLOW;
      const handle = await open(fsPath(this.path), constants.O_RDONLY | constants.O_DIRECTORY | noFollow);
      try {
        if (mtime !== undefined) await handle.utimes(atime ?? mtime, mtime);
        if (bits !== null) await handle.chmod(bits);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw localFault(error, this.path);
    }
  }
}

async function folderAt(path: ByteString, follows: boolean): Promise<BigIntStats> {
  let found: BigIntStats;
  try {
    found = await (follows ? stat : lstat)(fsPath(path), { bigint: true });
  } catch (error) {
    throw localFault(error, path);
  }
  if (found.isDirectory()) return found;
  const what = found.isSymbolicLink()
    ? 'is a symbolic link here, which is not followed'
    : 'is there, and no folder';
  throw new Fault('not-a-folder', `${localToText(path)}: ${what}`);
}
