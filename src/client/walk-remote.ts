import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import { JobQueue } from './job-queue.js';
import type { Link } from './link.js';
import type { RemoteEntry, RemoteStat } from './remote.js';

/** One name in a listing, or a name that was listed before in the same. */
export interface ListedEntry extends RemoteEntry {
  readonly again: boolean;
}

/** Names of one folder that are remembered, 100 bytes and more each; a server could list for ever. */
const mostNames = 4_000_000;

/**
 * Visits each name of a folder, one after another; a visit that takes its time holds the listing back. A listing that
 * broke off is read again from its beginning, and what was visited before is left out.
 * @throws Fault what listing or a visit meets
 */
export async function eachRemote(
  link: Link,
  folder: ByteString,
  signal: AbortSignal,
  visit: (entry: ListedEntry) => Promise<void>,
): Promise<void> {
  /** In which attempt a name was first seen. */
  const seen = new Map<ByteString, number>();
  await link.use(async (remote, attempt) => {
    for await (const batch of remote.list(folder)) {
      for (const entry of batch) {
        if (signal.aborted) throw new Fault('cancelled');
        const before = seen.get(entry.name);
        if (before !== undefined && before < attempt.number) continue;
        if (before === undefined) seen.set(entry.name, attempt.number);
        if (seen.size > mostNames)
          throw new Fault('too-many', `${toText(folder)}: too many names in one folder`);
        await visit({ ...entry, again: before !== undefined });
      }
      attempt.progress();
    }
  }, signal);
}

/** What an entry is; asked for where the listing does not tell. Symlinks are not followed. */
export async function statOfEntry(
  link: Link,
  path: ByteString,
  listed: RemoteStat,
  signal: AbortSignal,
): Promise<RemoteStat> {
  return listed.kind === 'unknown' ? link.use((remote) => remote.lstat(path), signal) : listed;
}

/** A path below a folder; the root has no second slash. */
export function below(folder: ByteString, name: ByteString): ByteString {
  return folder === '' ? name : folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

export interface Sum {
  readonly bytes: number;
  readonly files: number;
}

/** Longer paths are not descended: no system opens them, and a server could invent folders without end. */
const longestPath = 4096;

/** The files below some folders, added up; what cannot be read counts as nothing. */
export async function sumRemote(
  link: Link,
  folders: readonly ByteString[],
  signal: AbortSignal,
): Promise<Sum> {
  let bytes = 0;
  let files = 0;
  const queue = new JobQueue({ files: 1, folders: 4, ahead: 0 });
  const read = async (folder: ByteString): Promise<void> => {
    try {
      await eachRemote(link, folder, signal, async ({ name, stat, again }) => {
        if (again) return;
        const path = below(folder, name);
        if (stat.kind === 'file') {
          bytes += stat.size ?? 0;
          files++;
        } else if (stat.kind === 'folder' && path.length <= longestPath) await queue.folder(() => read(path));
      });
    } catch {
      // The transfer meets the same, and tells it.
    }
  };
  for (const folder of folders) await queue.folder(() => read(folder));
  await queue.done();
  return { bytes, files };
}
