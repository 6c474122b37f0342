import { Fault } from '../../../fault.js';
import { toText } from '../../../names.js';
import { flag } from '../../command.js';
import type { Exit } from '../../exit.js';
import { clientCommand, type AnyClientCommand, type ClientContext } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument } from '../listed-entry.js';
import { checkTarget, nameIn, targetOf } from '../move-target.js';
import { expandRemote } from '../remote-glob.js';
import { shownRemote } from '../remote-path.js';
import { named, Several } from '../several.js';

const options = {
  force: flag('-f, --force', 'replaces what has the new name'),
};

export const rename = moving('rename', 'rename a file or folder at the server', [
  'rename draft.txt final.txt',
  'rename -f new.txt old.txt',
]);

export const mv = moving('mv', 'move files and folders at the server', [
  'mv draft.txt final.txt',
  'mv *.log logs',
]);

export const re = moving('re', 'rename a file or folder at the server', ['re draft.txt final.txt']);

function moving(name: string, summary: string, examples: readonly string[]): AnyClientCommand {
  return clientCommand({
    name,
    args: ['<NAME>', '<NAME|TARGET...>'],
    completes: ['remote'],
    summary: `${summary}; into the target where that is a folder`,
    examples,
    options,
    run: (context) => move(name, context),
  });
}

async function move(command: string, context: ClientContext<typeof options>): Promise<Exit | undefined> {
  const { place, printer, signal } = context;
  const remote = await remoteOf(context);
  const several = new Several(printer, command);
  const { names, last } = namesAndLast(command, context);
  const paths = await several.expand(names, (word) => expandRemote(word, context));
  const target = await named(command, toText(last.text), () =>
    targetOf(remote, last, place, Math.max(paths.length, names.length)),
  );
  for (const from of paths) {
    await several.attempt(shownRemote(from, place.remote), async () => {
      if (signal.aborted) throw new Fault('cancelled');
      await remote.lstat(from);
      const to = nameIn(target, from);
      const there = await checkTarget(remote, from, to, { ...context.options, here: place.remote });
      if (there?.kind === 'folder') {
        throw new Fault('is-a-folder', `${shownRemote(to, place.remote)} is a folder, which is not replaced`);
      }
      await remote.rename(from, to, { replace: context.options.force });
      printer.result({ from: nameDocument(from).name, to: nameDocument(to).name }, []);
    });
  }
  return several.exit();
}

/** @throws Fault `invalid` where there is one word only */
export function namesAndLast(
  command: string,
  { args }: Pick<ClientContext, 'args'>,
): { readonly names: ClientContext['args']; readonly last: ClientContext['args'][number] } {
  const last = args.at(-1);
  if (last === undefined || args.length < 2) {
    throw new Fault('invalid', `${command} takes a name and what it is to become`);
  }
  return { names: args.slice(0, -1), last };
}
