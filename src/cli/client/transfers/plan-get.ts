import { statLocal } from '../../../client/local-files.js';
import { unsafeName } from '../../../client/safe-name.js';
import { Fault } from '../../../fault.js';
import type { ByteString } from '../../../names.js';
import type { ClientContext } from '../command.js';
import { resolveLocal } from '../local-place.js';
import { expandRemote } from '../remote-glob.js';
import { baseOf } from '../remote-path.js';
import {
  expandAll,
  isPattern,
  placed,
  splitTarget,
  type Plan,
  type StreamPlan,
  type TargetSide,
} from './plan.js';
import type { Word } from '../words.js';

type Context = Pick<ClientContext, 'args' | 'place' | 'remote' | 'signal' | 'interactive'>;

/**
 * What `get` is to fetch, and where to. @param several `mget`: two words may be two sources
 * @throws Fault `not-found` for a pattern that matches nothing, and what `placed` throws
 */
export async function planGet(context: Context, several: boolean): Promise<Plan | StreamPlan> {
  const { args, place } = context;
  if (args.length > 1 && args.at(-1)?.text === '-') return { stream: await streamedFile(context) };
  const side: TargetSide = {
    where: 'here',
    place: place.local,
    resolve: (typed) => resolveLocal(typed, place.local),
    isFolder: async (path) => (await statLocal(path))?.kind === 'folder',
  };
  const expand = (word: Word): Promise<readonly ByteString[]> => expandRemote(word, context);
  const { sources, target } = await splitTarget(args, several, side, expand);
  const found = await expandAll(sources, expand);
  const { moves, folder } = await placed(found, target, side);
  // What a pattern matched was named by the server, and typed by nobody.
  const matched = new Set(found.filter(({ word }) => isPattern(word)).flatMap(({ paths }) => paths));
  const items = moves.map(({ from, to }) => ({ remote: from, local: to }));
  const isRefused = ({ remote }: { readonly remote: ByteString }): boolean =>
    matched.has(remote) && unsafeName(baseOf(remote)) !== null;
  return {
    direction: 'get',
    items: items.filter((item) => !isRefused(item)),
    refused: items
      .filter(isRefused)
      .map((item) => ({ direction: 'get', ...item, fault: refusedName(item.remote) })),
    sources,
    folder,
  };
}

function refusedName(remote: ByteString): Fault {
  return new Fault('bad-name', `${unsafeName(baseOf(remote)) ?? 'a name'}: it is not made here`);
}

async function streamedFile(context: Context): Promise<ByteString> {
  const [word, ...more] = context.args;
  if (context.interactive) {
    throw new Fault(
      'invalid',
      "a file's bytes could steer this terminal: get it under a name, or use 'get NAME -' on the command line",
    );
  }
  const paths = word && more.length === 1 ? await expandRemote(word, context) : [];
  const [path] = paths;
  if (path === undefined || paths.length > 1) {
    throw new Fault('invalid', "standard output takes one file: 'get NAME -'");
  }
  return path;
}
