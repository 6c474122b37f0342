import type { Remote } from '../../client/remote.js';
import { Fault } from '../../fault.js';
import { toText, type ByteString } from '../../names.js';
import { expandPattern, type GlobSide } from './glob.js';
import { remoteOf } from './interruptible-remote.js';
import { resolveRemote } from './remote-path.js';
import type { Word } from './words.js';

/** What of a command's context a word is expanded with. */
export interface RemoteGlobContext {
  readonly place: { readonly remote: ByteString };
  readonly signal: AbortSignal;
  remote(): Promise<Remote>;
}

/**
 * The absolute paths that a word stands for at the server: of a pattern what matches, sorted by bytes; of any other word
 * the one path, whether anything is there or not. A pattern that matches nothing may be a name as it is.
 * @throws Fault `not-found`, naming the pattern, where nothing matches; `bad-name` for an empty word
 */
export async function expandRemote(word: Word, context: RemoteGlobContext): Promise<readonly ByteString[]> {
  const { place, signal } = context;
  const itself = resolveRemote(word.text, place.remote);
  if (word.pattern === null) return [itself];
  const remote = await remoteOf(context);
  const start = word.pattern.startsWith('/') ? '/' : place.remote;
  const side = sideOf(remote);
  const found = await expandPattern(word.pattern, start, side, signal);
  if (found.length > 0) return [...new Set(found.map((path) => resolveRemote(path, '/')))];
  try {
    await side.look(itself);
    return [itself];
  } catch (cause) {
    if (cause instanceof Fault && cause.code !== 'not-found' && cause.code !== 'denied') throw cause;
    throw new Fault('not-found', `${toText(word.text)}: nothing at the server matches`, { cause });
  }
}

function sideOf(remote: Remote): GlobSide {
  return {
    async *list(folder) {
      for await (const batch of remote.list(folder)) {
        yield batch.map(({ name, stat }) => ({
          name,
          maybeFolder: stat.kind !== 'file' && stat.kind !== 'other',
        }));
      }
    },
    look: async (path) => {
      await remote.lstat(path);
    },
    isFolder: async (path) => (await remote.stat(path)).kind === 'folder',
  };
}
