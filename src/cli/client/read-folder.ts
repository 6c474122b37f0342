import type { Remote, RemoteEntry } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import { toText, type ByteString } from '../../names.js';
import { isName, joinRemote } from './remote-path.js';

/** Names of one folder that are held at once, and bytes of a path: a hostile server's folders and trees have no end. */
const mostNames = 2_000_000;
const longestPath = 16 * 1024;

/**
 * All of a folder that a tree is made of. A name that would lead out of the folder makes it fail, since nothing that is
 * done with such a name is what was meant.
 * @throws Fault `bad-message` for such a name, `too-many` for more than can be held, `cancelled`
 */
export async function readFolder(
  remote: Remote,
  folder: ByteString,
  signal: AbortSignal,
): Promise<readonly Pick<RemoteEntry, 'name' | 'stat'>[]> {
  if (folder.length > longestPath) throw new Fault('name-too-long', 'its path is too long');
  const entries: Pick<RemoteEntry, 'name' | 'stat'>[] = [];
  for await (const batch of remote.list(folder)) {
    if (signal.aborted) throw new Fault('cancelled');
    for (const { name, stat } of batch) {
      if (name === '.' || name === '..') continue;
      if (!isName(name)) {
        throw new Fault('bad-message', `the server lists a name that no file can have: '${toText(name)}'`);
      }
      entries.push({ name, stat });
    }
    if (entries.length > mostNames) throw new Fault('too-many', `it has more than ${mostNames} names`);
  }
  return entries;
}

/** What lies below a folder. */
export interface Below {
  readonly path: ByteString;
  readonly entry: Pick<RemoteEntry, 'name' | 'stat'>;
}

/**
 * What lies below a folder, a folder before what is in it. Symbolic links are not followed; where the listing does not
 * say what a name is, the name itself is asked.
 * @param unreadable is told of a folder that cannot be read, and the walk goes on; may throw
 */
export async function* walkRemote(
  remote: Remote,
  root: ByteString,
  signal: AbortSignal,
  unreadable: (folder: ByteString, thrown: unknown) => void,
): AsyncGenerator<Below> {
  const waiting: ByteString[] = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    let entries: readonly Pick<RemoteEntry, 'name' | 'stat'>[];
    try {
      entries = await readFolder(remote, folder, signal);
    } catch (thrown) {
      unreadable(folder, thrown);
      continue;
    }
    for (const { name, stat } of entries) {
      const path = joinRemote(folder, name);
      try {
        const sure = stat.kind === 'unknown' ? await remote.lstat(path) : stat;
        yield { path, entry: { name, stat: sure } };
        if (sure.kind === 'folder') waiting.push(path);
      } catch (thrown) {
        unreadable(path, thrown);
      }
    }
  }
}
