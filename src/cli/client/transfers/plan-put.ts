import { uploadQuestions } from '../../../client/upload-questions.js';
import { Fault } from '../../../fault.js';
import type { ByteString } from '../../../names.js';
import type { ClientContext } from '../command.js';
import { expandLocal } from '../local-glob.js';
import { resolveRemote } from '../remote-path.js';
import {
  expandAll,
  nameOf,
  placed,
  splitTarget,
  type Plan,
  type StreamPlan,
  type TargetSide,
} from './plan.js';
import type { Word } from '../words.js';

type Context = Pick<ClientContext, 'args' | 'place' | 'remote' | 'signal' | 'interactive'>;

/**
 * What `put` is to send, and where to. @param several `mput`: two words may be two sources
 * @throws Fault `not-found` for a pattern that matches nothing, and what `placed` throws
 */
export async function planPut(context: Context, several: boolean): Promise<Plan | StreamPlan> {
  const { args, place } = context;
  const side: TargetSide = {
    where: 'at the server',
    place: place.remote,
    resolve: (typed) => resolveRemote(typed, place.remote),
    isFolder: (path) => isRemoteFolder(context, path),
  };
  if (args[0]?.text === '-') return { stream: await streamTarget(context, side) };
  const expand = (word: Word): Promise<readonly ByteString[]> => expandLocal(word, context);
  const { sources, target } = await splitTarget(args, several, side, expand);
  const found = await expandAll(sources, expand);
  const { moves, folder } = await placed(found, target, side);
  const items = moves.map(({ from, to }) => ({ remote: to, local: from }));
  return { direction: 'put', items, refused: [], sources, folder };
}

async function isRemoteFolder(context: Context, path: ByteString): Promise<boolean> {
  const remote = await context.remote();
  // Where it is none, a file of that name is put.
  remote.foresee([{ ask: 'stat', path }, ...uploadQuestions(path)]);
  try {
    return (await remote.stat(path)).kind === 'folder';
  } catch (thrown) {
    // What may not be looked at is refused, in the server's words, when it is written.
    if (thrown instanceof Fault && ['not-found', 'denied', 'not-a-folder'].includes(thrown.code))
      return false;
    throw thrown;
  }
}

async function streamTarget(context: Context, side: TargetSide): Promise<ByteString> {
  const [, target, ...more] = context.args;
  if (context.interactive) {
    throw new Fault(
      'invalid',
      "standard input is this terminal: put a file, or use 'put - NAME' on the command line",
    );
  }
  if (!target || more.length > 0) {
    throw new Fault('invalid', "standard input needs one name at the server: 'put - NAME'");
  }
  const name = nameOf(target);
  const path = side.resolve(name);
  if (name.endsWith('/') || (await side.isFolder(path))) {
    throw new Fault('is-a-folder', 'that is a folder: what comes from standard input needs a name in it');
  }
  return path;
}
