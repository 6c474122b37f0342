import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { localFault } from '../../../client/local-fault.js';
import { fsPath, localFromText } from '../../../client/local-path.js';
import { Fault } from '../../../fault.js';
import { toText, type ByteString } from '../../../names.js';
import { flag } from '../../command.js';
import type { Exit } from '../../exit.js';
import { atOnce } from '../at-once.js';
import { clientCommand, wordAt, type ClientContext, type Place } from '../command.js';
import { nameDocument, type ListedEntry } from '../listed-entry.js';
import { expandLocal } from '../local-glob.js';
import { localNames, localStat } from '../local-list.js';
import { resolveLocal, shownLocal, systemPath } from '../local-place.js';
import { modeAndFiles } from '../mode.js';
import { named, Several } from '../several.js';
import {
  listingOptions,
  showListing,
  shownEntries,
  terminalColumns,
  type ListedGroup,
  type ListingOptions,
} from '../show-listing.js';

const cameFrom = new WeakMap<Place, ByteString>();

export const lcd = clientCommand({
  name: 'lcd',
  args: ['[FOLDER]'],
  completes: ['local-folder'],
  summary: 'go to a local folder; without one, to your own; - goes back',
  examples: ['lcd Downloads', 'lcd ..'],
  options: {},
  offline: true,
  async run(context) {
    const { args, place } = context;
    const [word] = args;
    await named('lcd', null, async () => {
      const folder = word ? await folderOf(word, context) : localFromText(homedir());
      const { kind } = await localStat(folder, { follow: true });
      if (kind !== 'folder')
        throw new Fault('not-a-folder', `${shownLocal(folder, place.local)} is not a folder`);
      cameFrom.set(place, place.local);
      place.local = folder;
    });
    return undefined;
  },
});

async function folderOf(word: ClientContext['args'][number], context: ClientContext): Promise<ByteString> {
  if (word.text === '-') {
    const before = cameFrom.get(context.place);
    if (before === undefined) throw new Fault('invalid', 'there is no folder to go back to yet');
    return before;
  }
  const [path, ...more] = await expandLocal(word, context);
  if (path === undefined || more.length > 0) {
    throw new Fault('invalid', `${toText(word.text)} matches ${more.length + 1} names`);
  }
  return path;
}

export const lpwd = clientCommand({
  name: 'lpwd',
  summary: 'say which local folder one is in',
  examples: ['lpwd'],
  options: {},
  offline: true,
  run({ place, printer }) {
    const { name, bytes } = nameDocument(place.local);
    printer.result({ folder: name, ...(bytes !== undefined && { bytes }) }, [toText(place.local)]);
    return Promise.resolve(undefined);
  },
});

export const lls = clientCommand({
  name: 'lls',
  args: ['[PATH...]'],
  completes: ['local'],
  summary: 'list local files and folders',
  examples: ['lls', 'lls -lt *.iso'],
  options: listingOptions,
  offline: true,
  run: (context) => listLocal('lls', context, context.options),
});

export const ldir = clientCommand({
  name: 'ldir',
  args: ['[PATH...]'],
  completes: ['local'],
  summary: 'list local files and folders with everything about them, as lls -l',
  examples: ['ldir', 'ldir -h ..'],
  options: listingOptions,
  offline: true,
  run: (context) => listLocal('ldir', context, { ...context.options, long: true }),
});

async function listLocal(
  command: string,
  context: ClientContext,
  options: ListingOptions,
): Promise<Exit | undefined> {
  const { args, place, printer, signal } = context;
  const several = new Several(printer, command);
  const given: ListedEntry[] = [];
  const folders: ByteString[] = args.length === 0 ? [place.local] : [];
  for (const word of args) {
    const paths = await several.expand([word], (one) => expandLocal(one, context));
    for (const path of paths) {
      await several.attempt(null, async () => {
        const stat = await localStat(path, { follow: false });
        const followed = stat.kind === 'symlink' ? await orNull(localStat(path, { follow: true })) : stat;
        if (followed?.kind === 'folder' && paths.length === 1) folders.push(path);
        else given.push({ ...stat, name: relative(path, place.local) });
      });
    }
  }
  const own = ownerHere();
  const groups: ListedGroup[] = given.length > 0 ? [{ folder: null, entries: given.map(own) }] : [];
  for (const folder of folders) {
    await several.attempt(null, async () => {
      const entries: ListedEntry[] = [];
      for await (const batch of localNames(folder)) {
        if (signal.aborted) throw new Fault('cancelled');
        await atOnce(shownEntries(batch, options), async ({ name, kind }) => {
          // It may be gone again, or be nothing that can be asked about.
          entries.push({
            name,
            ...((await orNull(localStat(`${folder}/${name}`, { follow: false }))) ?? { kind }),
          });
        });
      }
      groups.push({ folder: shownLocal(folder, place.local), entries: entries.map(own) });
    });
  }
  const shape = { options, columns: terminalColumns(context.streams?.stdout), now: Date.now() };
  if (groups.length > 0) showListing(groups, shape, printer);
  return several.exit();
}

/** Adds the person's own name where it is known; Node knows no other. */
function ownerHere(): (entry: ListedEntry) => ListedEntry {
  try {
    const { uid, username } = userInfo();
    return (entry) => (entry.uid === uid ? { ...entry, owner: username } : entry);
  } catch {
    return (entry) => entry;
  }
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((thrown: unknown) => {
    if (thrown instanceof Fault) return null;
    throw thrown;
  });
}

/** As `shownLocal`, in bytes. */
function relative(path: ByteString, folder: ByteString): ByteString {
  const inside = folder.endsWith('/') ? folder : `${folder}/`;
  return path.startsWith(inside) && path !== inside ? path.slice(inside.length) : path;
}

export const lmkdir = clientCommand({
  name: 'lmkdir',
  args: ['<NAME>', '[MODE]'],
  completes: ['local-folder', 'nothing'],
  summary: 'make a local folder; with mode 755 unless another one is given',
  examples: ['lmkdir downloads', 'lmkdir -p downloads/2026 700'],
  options: { parents: flag('-p, --parents', 'the folders above it too; one that is there is no failure') },
  offline: true,
  async run(context) {
    const { args, place, options, printer } = context;
    await named('lmkdir', null, async () => {
      const { mode, files } = modeAndFiles(args, { one: true });
      const [word = wordAt(context, 0)] = files;
      const path = resolveLocal(word.text, place.local);
      try {
        await mkdir(fsPath(path), { recursive: options.parents, mode });
      } catch (thrown) {
        throw localFault(thrown, path);
      }
      printer.result({ made: nameDocument(path).name, mode }, []);
    });
    return undefined;
  },
});

export const shell = clientCommand({
  name: '!',
  args: ['[COMMAND...]'],
  completes: ['nothing'],
  summary: 'run a command here, or a shell where none is given',
  examples: ['!ls -l', '!'],
  options: {},
  offline: true,
  async run({ args, place, printer, streams, signal }) {
    const line = args.map(({ text }) => text).join(' ');
    const status = await runHere(systemPath(line), place.local, streams?.stdout, signal);
    if (status !== 0) {
      const how = typeof status === 'number' ? `with status ${status}` : `by ${status}`;
      const sentence = `!${toText(line)} ended ${how}`;
      if (signal.aborted) throw new Fault('failure', sentence);
      // Told, and no failure of plim's: a batch goes on, as with `sftp`.
      printer.warn(sentence);
    }
    return undefined;
  },
});

async function runHere(
  line: string,
  folder: ByteString,
  stdout: Writable | undefined,
  signal: AbortSignal,
): Promise<number | string> {
  const own = process.platform === 'win32' ? process.env['COMSPEC'] : process.env['SHELL'];
  const direct = stdout === undefined || stdout === process.stdout;
  const child = spawn(line === '' ? (own ?? '/bin/sh') : line, {
    cwd: systemPath(folder),
    shell: line !== '',
    stdio: ['inherit', direct ? 'inherit' : 'pipe', 'inherit'],
  });
  // A terminal sends Ctrl-C to both; whoever ends the program otherwise does not.
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const out: Readable | null = child.stdout;
  if (out && stdout) out.pipe(stdout, { end: false });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error) =>
        reject(new Fault('failure', `!${line}: cannot be run here: ${error.message}`, { cause: error })),
      );
      child.once('close', (status, by) => resolve(status ?? by ?? 1));
    });
  } finally {
    signal.removeEventListener('abort', end);
  }
}
