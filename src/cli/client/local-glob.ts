import { windows } from '../../client/local-path.js';
import { Fault } from '../../fault.js';
import { toText, type ByteString } from '../../names.js';
import { expandPattern, type GlobSide } from './glob.js';
import { localNames, localStat } from './local-list.js';
import { resolveLocal } from './local-place.js';
import type { Word } from './words.js';

/** What of a command's context a word is expanded with. */
export interface LocalGlobContext {
  readonly place: { readonly local: ByteString };
  readonly signal: AbortSignal;
}

const side: GlobSide = {
  async *list(folder) {
    for await (const batch of localNames(folder)) {
      yield batch.map(({ name, kind }) => ({ name, maybeFolder: kind === 'folder' || kind === 'symlink' }));
    }
  },
  look: async (path) => {
    await localStat(path, { follow: false });
  },
  isFolder: async (path) => (await localStat(path, { follow: true })).kind === 'folder',
};

/**
 * The absolute local paths that a word stands for: of a pattern what matches, sorted by bytes; of any other word the one
 * path, whether anything is there or not. A pattern that matches nothing may be a name as it is.
 * @throws Fault `not-found`, naming the pattern, where nothing matches; `bad-name` for an empty word
 */
export async function expandLocal(
  word: Word,
  { place, signal }: LocalGlobContext,
): Promise<readonly ByteString[]> {
  const itself = resolveLocal(word.text, place.local);
  if (word.pattern === null) return [itself];
  // A drive or a share is never a pattern; what is before the first wildcard begins the walk.
  const fixed = /^(?:~|[A-Za-z]:|\/\/[^/]+\/[^/]+)?\//.exec(word.pattern)?.[0] ?? '';
  const rooted = fixed !== '' && (windows || /^[~/]/.test(fixed));
  const start = rooted ? resolveLocal(fixed, place.local) : place.local;
  const rest = rooted ? word.pattern.slice(fixed.length) : word.pattern;
  const found = await expandPattern(rest, start, side, signal);
  if (found.length > 0) return [...new Set(found.map((path) => resolveLocal(path, place.local)))];
  try {
    await side.look(itself);
    return [itself];
  } catch (cause) {
    if (cause instanceof Fault && cause.code !== 'not-found' && cause.code !== 'denied') throw cause;
    throw new Fault('not-found', `${toText(word.text)}: nothing here matches`, { cause });
  }
}
