import { Fault } from '../../../fault.js';
import { toText } from '../../../names.js';
import { flag } from '../../command.js';
import type { Exit } from '../../exit.js';
import { clientCommand, wordAt, type ClientContext } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument, textOf } from '../listed-entry.js';
import { nameIn, targetOf } from '../move-target.js';
import { resolveRemote, shownRemote } from '../remote-path.js';
import { named, unlessMissing } from '../several.js';

export const ln = clientCommand({
  name: 'ln',
  args: ['<TARGET>', '<LINK>'],
  completes: ['remote'],
  summary: 'give a file of the server one more name; with -s a symbolic link to it',
  examples: ['ln report.pdf latest.pdf', 'ln -s reports/2026 now'],
  options: { symbolic: flag('-s, --symbolic', 'a symbolic link, which holds TARGET as it was typed') },
  run: (context) => link('ln', context, context.options.symbolic),
});

export const symlink = clientCommand({
  name: 'symlink',
  args: ['<TARGET>', '<LINK>'],
  completes: ['remote'],
  summary: 'make a symbolic link at the server, as ln -s',
  examples: ['symlink reports/2026 now'],
  options: {},
  run: (context) => link('symlink', context, true),
});

async function link(command: string, context: ClientContext, symbolic: boolean): Promise<Exit | undefined> {
  const { place, printer } = context;
  const [existing, name] = [wordAt(context, 0), wordAt(context, 1)];
  const remote = await remoteOf(context);
  await named(command, toText(name.text), async () => {
    const target = await targetOf(remote, name, place, 1);
    const from = resolveRemote(existing.text, place.remote);
    const path = nameIn(target, from);
    const shown = shownRemote(path, place.remote);
    if (await unlessMissing(remote.lstat(path))) throw new Fault('exists', `${shown} exists already`);
    if (symbolic) {
      await remote.symlink(existing.text, path);
    } else {
      const stat = await unlessMissing(remote.lstat(from));
      if (!stat) throw new Fault('not-found', `there is no ${toText(existing.text)} to link to`);
      if (stat.kind === 'folder') {
        throw new Fault(
          'is-a-folder',
          `${toText(existing.text)} is a folder, which has one name only: use ln -s`,
        );
      }
      await remote.hardlink(from, path);
    }
    printer.result({ link: nameDocument(path).name, target: textOf(existing.text), symbolic }, []);
  });
  return undefined;
}
