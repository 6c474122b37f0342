import { statLocal } from '../../../client/local-files.js';
import type { ByteString } from '../../../names.js';
import type { ClientContext } from '../command.js';
import { formatHost } from '../destination.js';
import { againFromOutside, againFromPrompt, type AgainWord } from './continue-with.js';
import type { Plan } from './plan.js';

type Context = Pick<ClientContext, 'interactive' | 'place' | 'destination' | 'again'>;

/** What the line that goes on is made of. */
export interface AgainCommand {
  readonly name: string;
  readonly options: readonly string[];
}

/**
 * The line that goes on where a transfer stopped. Its paths are absolute, for a shell that may be elsewhere; at the prompt
 * they count from where the person is.
 */
export async function againLine(context: Context, command: AgainCommand, plan: Plan): Promise<string> {
  const words = await againWords(plan, context);
  return spoken(context, command, words);
}

/** The same for a file that came to standard output, or from standard input. */
export function spoken(context: Context, command: AgainCommand, words: readonly AgainWord[]): string {
  const { user, host, port } = context.destination;
  const route = context.again ?? [`${user}@${formatHost(host, port)}`];
  const again = { command: command.name, options: command.options, words };
  return context.interactive ? againFromPrompt(again) : againFromOutside(again, route);
}

async function againWords(plan: Plan, { interactive, place }: Context): Promise<readonly AgainWord[]> {
  const [here, there] = plan.direction === 'get' ? [place.remote, place.local] : [place.local, place.remote];
  const path = (absolute: ByteString, folder: ByteString, end = ''): AgainWord => ({
    text: (interactive ? within(absolute, folder) : absolute) + end,
    pattern: null,
  });
  const [only, ...others] = plan.items;
  if (only && others.length === 0) {
    const [from, to] = plan.direction === 'get' ? [only.remote, only.local] : [only.local, only.remote];
    // A folder that was made meanwhile would get the folder of the same name put into it.
    const isFolder = (await statLocal(only.local))?.kind === 'folder';
    return [path(from, here, isFolder ? '/.' : ''), path(to, there)];
  }
  const sources = plan.sources.map(({ text, pattern }): AgainWord => {
    if (pattern !== null && (interactive || pattern.startsWith('/'))) return { text, pattern };
    if (pattern !== null) return { text, pattern: `${escaped(here)}/${pattern}` };
    return text.startsWith('/') || interactive ? { text, pattern } : path(`${here}/${text}`, here);
  });
  return plan.folder === null ? sources : [...sources, path(plan.folder, there, '/')];
}

/** A path as it is typed from a folder, where it lies in that. */
function within(absolute: ByteString, folder: ByteString): ByteString {
  const inside = folder.endsWith('/') ? folder : `${folder}/`;
  return absolute.startsWith(inside) && absolute !== inside ? absolute.slice(inside.length) : absolute;
}

function escaped(path: ByteString): ByteString {
  return path.replace(/[\\*?[\]]/g, '\\$&').replace(/\/$/, '');
}
