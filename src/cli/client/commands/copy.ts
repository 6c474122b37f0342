import type { Remote } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import { toText, type ByteString } from '../../../names.js';
import { flag } from '../../command.js';
import { atOnce } from '../at-once.js';
import { clientCommand } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { copyThrough } from '../copy-through.js';
import { nameDocument } from '../listed-entry.js';
import { checkTarget, nameIn, targetOf } from '../move-target.js';
import { readFolder } from '../read-folder.js';
import { expandRemote } from '../remote-glob.js';
import { baseOf, isWithin, joinRemote, parentOf, shownRemote } from '../remote-path.js';
import { named, Several, unlessMissing } from '../several.js';
import { namesAndLast } from './move.js';

export const cp = clientCommand({
  name: 'cp',
  args: ['<NAME>', '<NAME|TARGET...>'],
  completes: ['remote'],
  summary: 'copy files at the server, by the server; folders with -r; into the target where that is a folder',
  examples: ['cp report.pdf report-old.pdf', 'cp -r reports backup', 'cp *.pdf archive'],
  options: {
    recursive: flag('-r, --recursive', 'folders too, with everything in them; symbolic links stay links'),
    force: flag('-f, --force', 'replaces files that are there'),
    throughClient: flag(
      '--through-client',
      'reads and writes every file over the line where the server cannot copy',
    ),
  },
  async run(context) {
    const { options, place, printer, signal } = context;
    const remote = await remoteOf(context);
    const several = new Several(printer, 'cp');
    const { names, last } = namesAndLast('cp', context);
    const paths = await several.expand(names, (word) => expandRemote(word, context));
    const target = await named('cp', toText(last.text), () =>
      targetOf(remote, last, place, Math.max(paths.length, names.length)),
    );
    const copying: Copying = { ...options, remote, several, here: place.remote, signal };
    for (const from of paths) {
      const shown = shownRemote(from, place.remote);
      await several.attempt(shown, async () => {
        const to = nameIn(target, from);
        const stat = await remote.lstat(from);
        const followed = options.recursive ? stat : await remote.stat(from);
        if (followed.kind === 'folder' && !options.recursive) {
          const typed = `${shown} ${toText(last.text)}`;
          throw new Fault('is-a-folder', `is a folder: 'cp -r ${typed}' copies it with everything in it`);
        }
        await checkTarget(remote, from, to, { ...options, here: place.remote });
        if (followed.kind === 'folder') {
          await refuseIntoItself(remote, from, to);
          await copyTree(copying, from, to, followed.mode);
        } else {
          await copyOne(copying, from, to, followed);
        }
        printer.result({ from: nameDocument(from).name, to: nameDocument(to).name }, []);
      });
    }
    return several.exit();
  },
});

interface Copying {
  readonly remote: Remote;
  readonly several: Several;
  readonly here: ByteString;
  readonly signal: AbortSignal;
  readonly force: boolean;
  readonly throughClient: boolean;
}

/** By real paths: over a symbolic link a folder could be copied into itself without an end. */
async function refuseIntoItself(remote: Remote, from: ByteString, to: ByteString): Promise<void> {
  const real = await remote.realpath(from);
  const parent = await remote.realpath(parentOf(to));
  if (isWithin(joinRemote(parent, baseOf(to)), real))
    throw new Fault('invalid', 'cannot be copied into itself');
}

async function copyTree(
  copying: Copying,
  from: ByteString,
  to: ByteString,
  mode: number | undefined,
): Promise<void> {
  const { remote, several, here, signal } = copying;
  const entries = await readFolder(remote, from, signal);
  const there = await unlessMissing(remote.lstat(to));
  if (there && there.kind !== 'folder') {
    throw new Fault('not-a-folder', `${shownRemote(to, here)} is there, and is not a folder`);
  }
  // What is copied into it has to go in, whatever its mode will be.
  if (!there) await remote.mkdir(to, (mode ?? 0o755) | 0o700);
  const folders: (typeof entries)[number][] = [];
  await atOnce(entries, async (entry) => {
    if (signal.aborted) throw new Fault('cancelled');
    const [source, target] = [joinRemote(from, entry.name), joinRemote(to, entry.name)];
    try {
      const stat = entry.stat.kind === 'unknown' ? await remote.lstat(source) : entry.stat;
      if (stat.kind === 'folder') folders.push({ ...entry, stat });
      else await copyOne(copying, source, target, stat);
    } catch (thrown) {
      several.failed(shownRemote(source, here), thrown);
    }
  });
  for (const { name, stat } of folders) {
    const source = joinRemote(from, name);
    try {
      await copyTree(copying, source, joinRemote(to, name), stat.mode);
    } catch (thrown) {
      several.failed(shownRemote(source, here), thrown);
    }
  }
  if (!there && mode !== undefined && (mode & 0o700) !== 0o700)
    await remote.setStat(to, { mode: mode & 0o777 });
}

async function copyOne(
  { remote, force, throughClient, signal }: Copying,
  from: ByteString,
  to: ByteString,
  { kind, mode }: { readonly kind: string; readonly mode?: number },
): Promise<void> {
  if (kind === 'symlink') {
    const target = await remote.readlink(from);
    if (force && (await unlessMissing(remote.lstat(to)))) await remote.remove(to);
    await remote.symlink(target, to);
    return;
  }
  if (kind === 'other') throw new Fault('not-a-file', 'is no regular file, and is not copied');
  const overwrite = force && (await unlessMissing(remote.lstat(to))) !== null;
  try {
    await remote.copyFile(from, to, { overwrite });
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'unsupported') throw thrown;
    if (!throughClient) {
      const sentence =
        'this server cannot copy: cp --through-client does it over the line, as get and put would';
      throw new Fault('unsupported', sentence, { cause: thrown });
    }
    await copyThrough(remote, from, to, { overwrite, signal });
  }
  // copy-file takes the permissions along; bytes alone have none.
  if (mode !== undefined && !remote.has('copy-file') && !overwrite) {
    await remote.setStat(to, { mode: mode & 0o777 });
  }
}
