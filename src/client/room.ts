import { statfs } from 'node:fs/promises';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { formatSize } from '../size.js';
import { errorCode } from './local-fault.js';
import { fsPath } from './local-path.js';
import type { Link } from './link.js';
import { lostForGood } from './lost-for-good.js';
import type { Question, RemoteSpace } from './remote.js';

/** What a transfer adds to what is there. */
export interface Need {
  readonly bytes: number;
  readonly files: number;
}

export type Room = Pick<RemoteSpace, 'free' | 'total' | 'freeFiles' | 'totalFiles'>;

/** What is missing, as a sentence: `needs 20 GB, 3.1 GB free of 50 GB`; `null` where there is room. */
export function shortage(need: Need, room: Room): string | null {
  if (need.bytes > room.free) {
    return `needs ${formatSize(need.bytes)}, ${formatSize(room.free)} free of ${formatSize(room.total)}`;
  }
  if (room.freeFiles !== null && need.files > room.freeFiles) {
    const whole = room.totalFiles === null ? '' : ` of ${room.totalFiles}`;
    return `needs ${need.files} files, ${room.freeFiles} free${whole}`;
  }
  return null;
}

/** The folder that holds a path; `.` for a name alone. */
export function parentOf(path: ByteString): ByteString {
  const bare = path.replace(/\/+$/, '');
  const slash = bare.lastIndexOf('/');
  if (slash < 0) return bare === '' && path !== '' ? '/' : '.';
  return slash === 0 ? '/' : bare.slice(0, slash);
}

/**
 * The room in a folder of the server, or in the nearest above it that is there. `null` where the server does not say,
 * whatever its reason: what it has against the folder it tells when something is put there.
 * @param next what is asked of the server afterwards, and may as well be asked along with it
 * @throws Fault when the connection is gone for good, and `cancelled`
 */
export async function remoteRoom(
  link: Link,
  folder: ByteString,
  signal: AbortSignal,
  next: readonly Question[] = [],
): Promise<RemoteSpace | null> {
  for (let path = folder; ; path = parentOf(path)) {
    try {
      return await link.use((remote) => {
        if (path === folder) remote.foresee(next);
        return remote.space(path);
      }, signal);
    } catch (thrown) {
      if (lostForGood(thrown) || !(thrown instanceof Fault)) throw thrown;
      if (thrown.code !== 'not-found' || path === parentOf(path)) return null;
    }
  }
}

/** The room on the disk of a local folder, or of the nearest above it that is there; `null` where it does not say. */
export async function localRoom(folder: ByteString): Promise<Room | null> {
  for (let path = folder; ; path = parentOf(path)) {
    try {
      const { bsize, blocks, bavail, files, ffree } = await statfs(fsPath(path));
      return {
        free: bsize * bavail,
        total: bsize * blocks,
        // Filesystems that make inodes as they are needed say 0 of 0.
        freeFiles: files > 0 ? ffree : null,
        totalFiles: files > 0 ? files : null,
      };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || path === parentOf(path)) return null;
    }
  }
}
