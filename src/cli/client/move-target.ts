import type { Remote, RemoteStat } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import { baseOf, isWithin, joinRemote, resolveRemote, shownRemote } from './remote-path.js';
import { unlessMissing } from './several.js';
import type { Word } from './words.js';

/** What something is moved, copied or linked to. */
export interface Target {
  readonly path: ByteString;
  /** Whether it is a folder, so that what comes lands in it. */
  readonly folder: boolean;
}

/** What the last word of a command stands for; several names need a folder. */
export async function targetOf(
  remote: Remote,
  word: Word,
  place: { readonly remote: ByteString },
  names: number,
): Promise<Target> {
  const path = resolveRemote(word.text, place.remote);
  const stat = await unlessMissing(remote.stat(path));
  const folder = stat?.kind === 'folder';
  if (names > 1 && !folder) {
    throw new Fault('not-a-folder', 'is not a folder, which several names need');
  }
  if (!folder && word.text.endsWith('/')) throw new Fault('not-a-folder', 'no such folder');
  return { path, folder };
}

/** The name that `from` gets there. */
export function nameIn({ path, folder }: Target, from: ByteString): ByteString {
  return folder ? joinRemote(path, baseOf(from)) : path;
}

/**
 * Checks what no server says well: that a name is not moved or copied onto itself, into itself, or onto what is there.
 * @returns what has the new name already, where it may be replaced
 */
export async function checkTarget(
  remote: Remote,
  from: ByteString,
  to: ByteString,
  options: { readonly force: boolean; readonly here: ByteString },
): Promise<RemoteStat | null> {
  const shown = shownRemote(to, options.here);
  if (to === from) throw new Fault('exists', 'that is its own name');
  if (isWithin(to, from)) throw new Fault('invalid', `${shown} lies in it`);
  const there = await unlessMissing(remote.lstat(to));
  if (there && !options.force) throw new Fault('exists', `${shown} exists already (-f replaces it)`);
  return there;
}
