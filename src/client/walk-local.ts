import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { Fault } from '../fault.js';
import { fromBytes, fromText, type ByteString } from '../names.js';
import { localFault } from './local-fault.js';
import { fsPath, windows } from './local-path.js';
import { below } from './walk-remote.js';

export type LocalKind = 'file' | 'folder' | 'symlink' | 'other';

export interface LocalEntry {
  readonly name: ByteString;
  readonly kind: LocalKind;
}

/** The names in a folder, as the system gives them, a few at a time. @throws Fault that names the folder */
export async function* listLocal(folder: ByteString): AsyncGenerator<LocalEntry> {
  try {
    // Names are bytes; the types of Node's promises know only text here.
    const encoding = (windows ? 'utf8' : 'buffer') as 'utf8';
    for await (const entry of await opendir(fsPath(folder), { encoding, bufferSize: 256 })) {
      yield { name: nameOf(entry), kind: kindOf(entry) };
    }
  } catch (error) {
    throw localFault(error, folder);
  }
}

function nameOf({ name }: { readonly name: string | Buffer }): ByteString {
  return typeof name === 'string' ? fromText(name) : fromBytes(name);
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): LocalKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

export interface LocalSum {
  bytes: number;
  files: number;
  /** The folder itself and those below it. */
  folders: number;
}

/** Names that are looked at at once. */
const atOnce = 64;

/**
 * The files below a folder, added up. What cannot be read counts as nothing: the transfer meets the same, and tells it.
 */
export async function sumLocal(folder: ByteString, signal: AbortSignal): Promise<LocalSum> {
  const sum: LocalSum = { bytes: 0, files: 0, folders: 0 };
  await addFolder(folder, sum, signal);
  return sum;
}

async function addFolder(folder: ByteString, sum: LocalSum, signal: AbortSignal): Promise<void> {
  sum.folders++;
  let looking: Promise<void>[] = [];
  // Read when this one is closed: a deep tree would have too many open.
  const folders: ByteString[] = [];
  try {
    for await (const { name, kind } of listLocal(folder)) {
      if (signal.aborted) throw new Fault('cancelled');
      const path = below(folder, name);
      if (kind === 'folder') folders.push(path);
      if (kind !== 'file') continue;
      looking.push(addFile(path, sum));
      if (looking.length < atOnce) continue;
      await Promise.all(looking);
      looking = [];
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown;
  }
  await Promise.all(looking);
  for (const inner of folders) await addFolder(inner, sum, signal);
}

async function addFile(path: ByteString, sum: LocalSum): Promise<void> {
  const stat = await lstat(fsPath(path)).catch(() => null);
  if (!stat?.isFile()) return;
  sum.bytes += stat.size;
  sum.files++;
}
