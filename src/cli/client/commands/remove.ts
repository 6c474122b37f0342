import type { Remote } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import type { ByteString } from '../../../names.js';
import { flag } from '../../command.js';
import { atOnce } from '../at-once.js';
import { clientCommand } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument } from '../listed-entry.js';
import { readFolder } from '../read-folder.js';
import { expandRemote } from '../remote-glob.js';
import { isWithin, joinRemote, shownRemote } from '../remote-path.js';
import { Several, unlessMissing } from '../several.js';
import { removeFolder } from './folders.js';

export const rm = clientCommand({
  name: 'rm',
  args: ['<NAME...>'],
  completes: ['remote'],
  summary: 'remove files at the server; folders with -r',
  examples: ['rm notes.txt', 'rm *.tmp', 'rm -r old'],
  options: {
    recursive: flag(
      '-r, --recursive',
      'folders too, with everything in them; symbolic links are not followed',
    ),
    force: flag('-f, --force', 'a name that is not there is no failure'),
  },
  async run(context) {
    const { args, place, options, printer, signal } = context;
    const remote = await remoteOf(context);
    const several = new Several(printer, 'rm');
    const expand = async (word: (typeof args)[number]): Promise<readonly ByteString[]> => {
      try {
        return await expandRemote(word, context);
      } catch (thrown) {
        if (options.force && thrown instanceof Fault && thrown.code === 'not-found') return [];
        throw thrown;
      }
    };
    const paths = await several.expand(args, expand);
    const removeNamed = async (path: ByteString): Promise<void> => {
      const shown = shownRemote(path, place.remote);
      if (signal.aborted) throw new Fault('cancelled');
      try {
        const stat = await (options.force ? unlessMissing(remote.lstat(path)) : remote.lstat(path));
        if (stat?.kind === 'folder') {
          if (!options.recursive) {
            throw new Fault(
              'is-a-folder',
              `is a folder: 'rmdir ${shown}' removes it when empty, 'rm -r ${shown}' with everything in it`,
            );
          }
          refuseWhereOneIs(path, place.remote);
          const whole = await removeTree(remote, path, { several, here: place.remote, signal });
          if (!whole) return;
        } else if (stat) {
          await remote.remove(path);
        }
        if (stat) printer.result({ removed: nameDocument(path).name }, []);
        several.succeeded();
      } catch (thrown) {
        several.failed(shown, thrown);
      }
    };
    if (options.recursive) for (const path of paths) await removeNamed(path);
    else await atOnce(paths, removeNamed);
    return several.exit();
  },
});

export const remove = clientCommand({
  name: 'delete',
  args: ['<NAME...>'],
  completes: ['remote'],
  summary: 'remove files and empty folders at the server',
  examples: ['delete notes.txt', 'delete empty-folder'],
  options: {},
  async run(context) {
    const { args, place, printer } = context;
    const remote = await remoteOf(context);
    const several = new Several(printer, 'delete');
    for (const path of await several.expand(args, (word) => expandRemote(word, context))) {
      const shown = shownRemote(path, place.remote);
      await several.attempt(shown, async () => {
        const { kind } = await remote.lstat(path);
        await (kind === 'folder' ? removeFolder(remote, path, shown) : remote.remove(path));
        printer.result({ removed: nameDocument(path).name }, []);
      });
    }
    return several.exit();
  },
});

function refuseWhereOneIs(path: ByteString, here: ByteString): void {
  if (!isWithin(here, path)) return;
  throw new Fault('invalid', "is where you are: 'cd' elsewhere first, or name what is in it");
}

interface Removal {
  readonly several: Several;
  /** For the names in sentences. */
  readonly here: ByteString;
  readonly signal: AbortSignal;
}

/**
 * What is in a folder, and then the folder; a few requests at once. What cannot be removed is told, and the rest goes on.
 * @returns whether all of it went
 */
async function removeTree(remote: Remote, folder: ByteString, removal: Removal): Promise<boolean> {
  const { several, here, signal } = removal;
  const entries = await readFolder(remote, folder, signal);
  let whole = true;
  const folders: ByteString[] = [];
  await atOnce(entries, async ({ name, stat }) => {
    if (signal.aborted) throw new Fault('cancelled');
    const path = joinRemote(folder, name);
    try {
      // Asked again, and without following: in the meantime a link may stand where the listing saw a folder.
      const sure =
        stat.kind === 'folder' || stat.kind === 'unknown' ? (await remote.lstat(path)).kind : stat.kind;
      if (sure === 'folder') folders.push(path);
      else await remote.remove(path);
    } catch (thrown) {
      whole = false;
      several.failed(shownRemote(path, here), thrown);
    }
  });
  for (const path of folders) {
    try {
      if (!(await removeTree(remote, path, removal))) whole = false;
    } catch (thrown) {
      whole = false;
      several.failed(shownRemote(path, here), thrown);
    }
  }
  if (whole) await removeFolder(remote, folder, shownRemote(folder, here));
  return whole;
}
