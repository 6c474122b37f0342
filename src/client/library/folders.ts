import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import type { Remote } from '../remote.js';
import { below } from './paths.js';

/** A folder and those above it that are missing. @throws Fault `exists` where something else has one of the names */
export async function makeFolders(remote: Remote, path: ByteString, mode?: number): Promise<void> {
  try {
    await remote.mkdir(path, mode);
  } catch (thrown) {
    const above = path.replace(/\/+[^/]*\/*$/, '');
    const code = thrown instanceof Fault ? thrown.code : 'failure';
    if (code === 'not-found' && above !== '' && above !== path) {
      await makeFolders(remote, above, mode);
      await remote.mkdir(path, mode);
      return;
    }
    // Version 3 has no status for it, and some servers say no more than that it failed.
    if ((code === 'exists' || code === 'failure') && (await isFolder(remote, path))) return;
    throw thrown;
  }
}

async function isFolder(remote: Remote, path: ByteString): Promise<boolean> {
  try {
    return (await remote.stat(path)).kind === 'folder';
  } catch {
    return false;
  }
}

/** Removed at once, so that a line over distance is not waited for with each. */
const atOnce = 16;

/** A folder with everything in it; symlinks in it are removed themselves. */
export async function removeTree(remote: Remote, top: ByteString, signal?: AbortSignal): Promise<void> {
  // Emptied from the deepest on, without recursion: a server may show folders as deep as it likes.
  const folders = [top];
  for (const folder of folders) {
    const others: ByteString[] = [];
    // Listed to its end first: what is removed meanwhile may make a server skip names.
    for await (const batch of remote.list(folder)) {
      for (const { name, stat } of batch) {
        const path = below(folder, name);
        const kind = stat.kind === 'unknown' ? (await remote.lstat(path)).kind : stat.kind;
        (kind === 'folder' ? folders : others).push(path);
      }
    }
    for (let start = 0; start < others.length; start += atOnce) {
      if (signal?.aborted === true) throw new Fault('cancelled');
      await Promise.all(others.slice(start, start + atOnce).map((path) => remote.remove(path)));
    }
  }
  for (const folder of folders.reverse()) await remote.rmdir(folder);
}
