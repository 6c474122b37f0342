import type { Remote } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import { toText, type ByteString } from '../../../names.js';
import { flag } from '../../command.js';
import type { Exit } from '../../exit.js';
import { clientCommand, wordAt, type AnyClientCommand, type ClientContext } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument } from '../listed-entry.js';
import { modeAndFiles, modeText } from '../mode.js';
import { readFolder } from '../read-folder.js';
import { expandRemote } from '../remote-glob.js';
import { joinRemote, shownRemote } from '../remote-path.js';
import { named, Several } from '../several.js';

const link = flag('-h, --link', 'of a symbolic link itself, and not of what it leads to');

export const chmod = clientCommand({
  name: 'chmod',
  args: ['<FILE|MODE...>'],
  completes: ['remote'],
  summary: 'set the permissions of files at the server: FILE [MODE] or MODE FILE...; 755 unless given',
  examples: ['chmod 644 notes.txt', 'chmod notes.txt 644', 'chmod tool', 'chmod -R 700 private'],
  options: {
    recursive: flag('-R, --recursive', 'folders with everything in them, without following links'),
    link,
  },
  async run(context) {
    const { args, place, options, printer, signal } = context;
    const several = new Several(printer, 'chmod');
    const { mode, files } = await named('chmod', null, () =>
      Promise.resolve(modeAndFiles(args, { one: false })),
    );
    const remote = await remoteOf(context);
    const set = async (path: ByteString): Promise<void> => {
      await remote.setStat(path, { mode }, { follow: !options.link });
    };
    for (const path of await several.expand(files, (word) => expandRemote(word, context))) {
      const shown = shownRemote(path, place.remote);
      await several.attempt(shown, async () => {
        if (options.recursive)
          await setInTree(remote, path, { mode, several, here: place.remote, signal, set });
        else await set(path);
        const { mode: now = mode } = await (options.link ? remote.lstat(path) : remote.stat(path));
        const got = now & 0o7777;
        if (got !== mode) printer.note(`${shown}: the server gave it mode ${modeText(got)}`);
        printer.result({ ...nameDocument(path), mode: got }, []);
      });
    }
    return several.exit();
  },
});

interface TreeModes {
  readonly mode: number;
  readonly several: Several;
  readonly here: ByteString;
  readonly signal: AbortSignal;
  set(path: ByteString): Promise<void>;
}

/** A folder that its owner can read afterwards is set first, so that it can be read then; any other one last. */
async function setInTree(remote: Remote, path: ByteString, modes: TreeModes): Promise<void> {
  if (modes.signal.aborted) throw new Fault('cancelled');
  const { kind } = await remote.lstat(path);
  // SETSTAT follows.
  if (kind === 'symlink') return;
  const first = (modes.mode & 0o500) === 0o500;
  if (kind !== 'folder' || first) await modes.set(path);
  if (kind !== 'folder') return;
  for (const { name } of await readFolder(remote, path, modes.signal)) {
    const inner = joinRemote(path, name);
    try {
      await setInTree(remote, inner, modes);
    } catch (thrown) {
      modes.several.failed(shownRemote(inner, modes.here), thrown);
    }
  }
  if (!first) await modes.set(path);
}

export const chown = owning('chown', 'OWNER', 'set the owner of files at the server, by its number');
export const chgrp = owning('chgrp', 'GROUP', 'set the group of files at the server, by its number');

function owning(name: 'chown' | 'chgrp', what: string, summary: string): AnyClientCommand {
  return clientCommand({
    name,
    args: [`<${what}>`, '<FILE...>'],
    completes: ['nothing', 'remote'],
    summary,
    examples: [`${name} 1000 notes.txt`],
    options: { link },
    run: (context) => own(name, context),
  });
}

async function own(
  command: 'chown' | 'chgrp',
  context: ClientContext<{ readonly link: typeof link }>,
): Promise<Exit | undefined> {
  const { args, options, place, printer } = context;
  const typed = toText(wordAt(context, 0).text);
  const id = /^\d{1,10}$/.test(typed) ? Number(typed) : NaN;
  if (!(id <= 0xffff_ffff)) {
    throw new Fault(
      'invalid',
      `${command} '${typed}': SFTP knows owners and groups by number, as ${command} 1000 FILE`,
    );
  }
  const remote = await remoteOf(context);
  const several = new Several(printer, command);
  for (const path of await several.expand(args.slice(1), (word) => expandRemote(word, context))) {
    await several.attempt(shownRemote(path, place.remote), async () => {
      const { uid, gid } = await (options.link ? remote.lstat(path) : remote.stat(path));
      // They can only be set together. [filexfer-02 5]
      const other = command === 'chown' ? gid : uid;
      if (other === undefined) throw new Fault('unsupported', 'the server does not say who owns it');
      const change = command === 'chown' ? { uid: id, gid: other } : { uid: other, gid: id };
      await remote.setStat(path, change, { follow: !options.link });
      printer.result({ ...nameDocument(path), ...change }, []);
    });
  }
  return several.exit();
}
