import { Buffer } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { localFault } from '../../client/local-fault.js';
import { fsPath } from '../../client/local-path.js';
import type { RemoteKind, RemoteStat } from '../../client/remote.js';
import { fromBytes, fromText, type ByteString } from '../../names.js';

/** A local file as a server would say it; and how many names it has. */
export interface LocalStat extends RemoteStat {
  readonly links: number;
}

/** @throws Fault */
export async function localStat(path: ByteString, options: { readonly follow: boolean }): Promise<LocalStat> {
  try {
    return statOf(await (options.follow ? stat : lstat)(fsPath(path)));
  } catch (thrown) {
    throw localFault(thrown, path);
  }
}

/** Names of a local folder with what they are, a batch at a time. @throws Fault */
export async function* localNames(
  folder: ByteString,
): AsyncGenerator<readonly { readonly name: ByteString; readonly kind: RemoteKind }[]> {
  try {
    // Its types know no names as bytes, which it gives all the same.
    const dir = await opendir(fsPath(folder), { encoding: 'buffer' as BufferEncoding });
    let batch: { name: ByteString; kind: RemoteKind }[] = [];
    for await (const entry of dir) {
      const name: unknown = entry.name;
      batch.push({
        name: Buffer.isBuffer(name) ? fromBytes(name) : fromText(String(name)),
        kind: kindOf(entry),
      });
      if (batch.length === 256) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } catch (thrown) {
    throw localFault(thrown, folder);
  }
}

function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): RemoteKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

function statOf(stats: Stats): LocalStat {
  return {
    kind: kindOf(stats),
    size: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    atime: Math.floor(stats.atimeMs / 1000),
    mtime: Math.floor(stats.mtimeMs / 1000),
    links: stats.nlink,
  };
}
