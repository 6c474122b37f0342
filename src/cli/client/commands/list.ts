import type { Remote, RemoteEntry } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import type { ByteString } from '../../../names.js';
import type { Exit } from '../../exit.js';
import { atOnce } from '../at-once.js';
import { clientCommand, type ClientContext } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { listedEntry, type ListedEntry } from '../listed-entry.js';
import { expandRemote } from '../remote-glob.js';
import { joinRemote, resolveRemote, shownRemote } from '../remote-path.js';
import { Several } from '../several.js';
import {
  isLong,
  listingLines,
  listingOptions,
  showListing,
  shownEntries,
  terminalColumns,
  type ListedGroup,
  type ListingOptions,
  type ListingShape,
} from '../show-listing.js';
import { withOwners } from '../with-owners.js';

/** Names of one folder that are sorted; beyond it there is `ls -f`, which needs no memory. */
const mostSorted = 2_000_000;

type ListContext = ClientContext<typeof listingOptions>;

export const ls = clientCommand({
  name: 'ls',
  args: ['[PATH...]'],
  completes: ['remote'],
  summary: 'list files and folders at the server',
  examples: ['ls', 'ls -lhS *.iso', 'ls -lt -r reports'],
  options: listingOptions,
  run: (context) => list('ls', context, context.options),
});

export const dir = clientCommand({
  name: 'dir',
  args: ['[PATH...]'],
  completes: ['remote'],
  summary: 'list files and folders at the server with everything about them, as ls -l',
  examples: ['dir', 'dir -h reports'],
  options: listingOptions,
  run: (context) => list('dir', context, { ...context.options, long: true }),
});

async function list(command: string, context: ListContext, typed: ListingOptions): Promise<Exit | undefined> {
  const { place, printer } = context;
  // A document names the owners too.
  const options = { ...typed, long: typed.long || context.globals.json };
  const remote = await remoteOf(context);
  const several = new Several(printer, command);
  const shape: ListingShape = {
    options,
    columns: terminalColumns(context.streams?.stdout),
    now: Date.now(),
  };
  const { named, folders } = await operands(remote, several, context, options);
  if (options.unsorted && !context.globals.json && named.length === 0 && folders.length === 1) {
    const [folder = place.remote] = folders;
    await several.attempt(shownRemote(folder, place.remote), () => stream(remote, folder, shape, context));
    return several.exit();
  }
  const groups: ListedGroup[] = named.length > 0 ? [{ folder: null, entries: named }] : [];
  for (const folder of folders) {
    await several.attempt(shownRemote(folder, place.remote), async () => {
      const entries = await gathered(remote, folder, options, context.signal);
      groups.push({ folder: shownRemote(folder, place.remote), entries });
    });
  }
  if (groups.length > 0) showListing(groups, shape, printer);
  return several.exit();
}

/**
 * The names given, and the folders whose content is listed: one that was named itself, or that is the only match of its
 * pattern. Of several matches the names are shown, as sftp does.
 */
async function operands(
  remote: Remote,
  several: Several,
  context: ListContext,
  options: ListingOptions,
): Promise<{ readonly named: readonly ListedEntry[]; readonly folders: readonly ByteString[] }> {
  const { args, place, signal } = context;
  if (args.length === 0) return { named: [], folders: [place.remote] };
  const named: ListedEntry[] = [];
  const folders: ByteString[] = [];
  for (const word of args) {
    const paths = await several.expand([word], (one) => expandRemote(one, context));
    await atOnce(paths, async (path) => {
      if (signal.aborted) throw new Fault('cancelled');
      const shown = shownRemote(path, place.remote);
      try {
        const stat = await remote.lstat(path);
        const inside = paths.length === 1 && (await leadsToFolder(remote, path, stat.kind));
        if (inside) folders.push(path);
        else named.push({ ...stat, name: relative(path, place.remote) });
        if (!inside) several.succeeded();
      } catch (thrown) {
        several.failed(shown, thrown);
      }
    });
  }
  return { named: isLong(options) ? await complete(remote, named, place.remote) : named, folders };
}

/** Some servers say of a listing alone what kind a name is; then listing tells. */
async function leadsToFolder(remote: Remote, path: ByteString, kind: string): Promise<boolean> {
  if (kind === 'folder' || kind === 'unknown') return true;
  if (kind !== 'symlink') return false;
  try {
    return (await remote.stat(path)).kind === 'folder';
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === 'no-connection' || thrown.code === 'timed-out'))
      throw thrown;
    return false;
  }
}

async function gathered(
  remote: Remote,
  folder: ByteString,
  options: ListingOptions,
  signal: AbortSignal,
): Promise<readonly ListedEntry[]> {
  const entries: ListedEntry[] = [];
  for await (const batch of remote.list(folder)) {
    if (signal.aborted) throw new Fault('cancelled');
    for (const entry of shownEntries(batch.map(kept(options)), options)) entries.push(entry);
    if (entries.length > mostSorted) {
      throw new Fault('too-many', `it has more than ${mostSorted} names: ls -f lists them without sorting`);
    }
  }
  return isLong(options) ? complete(remote, entries, folder) : entries;
}

/** Each answer of the server is shown as it comes, and forgotten. */
async function stream(
  remote: Remote,
  folder: ByteString,
  shape: ListingShape,
  { printer, signal }: ListContext,
): Promise<void> {
  for await (const batch of remote.list(folder)) {
    if (signal.aborted) throw new Fault('cancelled');
    const entries = shownEntries(batch.map(kept(shape.options)), shape.options);
    const full = isLong(shape.options) ? await complete(remote, entries, folder) : entries;
    if (full.length > 0) printer.result([], listingLines(full, { ...shape, columns: null }));
  }
}

/** What is needed of an entry to show and to sort it: a folder may have very many. */
function kept(options: ListingOptions): (entry: RemoteEntry) => ListedEntry {
  if (isLong(options)) return listedEntry;
  return ({ name, stat }) => ({ name, ...stat });
}

/** With the names of owners, and where symbolic links lead. */
async function complete(
  remote: Remote,
  entries: readonly ListedEntry[],
  folder: ByteString,
): Promise<readonly ListedEntry[]> {
  const owned = await withOwners(remote, entries);
  const targets = new Map<ListedEntry, ByteString>();
  const links = owned.filter(({ kind }) => kind === 'symlink');
  await atOnce(links, async (entry) => {
    try {
      targets.set(entry, await remote.readlink(resolveRemote(entry.name, folder)));
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'no-connection') throw thrown;
    }
  });
  if (targets.size === 0) return owned;
  return owned.map((entry) => {
    const target = targets.get(entry);
    return target === undefined ? entry : { ...entry, target };
  });
}

/** As `shownRemote`, in bytes. */
function relative(path: ByteString, folder: ByteString): ByteString {
  const inside = joinRemote(folder, '');
  return path.startsWith(inside) && path !== inside ? path.slice(inside.length) : path;
}
