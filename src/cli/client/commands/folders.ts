import type { Remote } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import { toText, type ByteString } from '../../../names.js';
import { flag } from '../../command.js';
import { clientCommand, wordAt, type Place } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { nameDocument } from '../listed-entry.js';
import { modeAndFiles, modeText } from '../mode.js';
import { expandRemote, type RemoteGlobContext } from '../remote-glob.js';
import { parentOf, resolveRemote, shownRemote } from '../remote-path.js';
import { named, Several, unlessMissing } from '../several.js';
import type { Word } from '../words.js';

/** Where `cd -` leads, for each place there is. */
const cameFrom = new WeakMap<Place, ByteString>();

export const cd = clientCommand({
  name: 'cd',
  args: ['[FOLDER]'],
  completes: ['remote-folder'],
  summary: 'go to a folder at the server; without one, to where the session began; - goes back',
  examples: ['cd reports', 'cd ..', 'cd'],
  options: {},
  async run(context) {
    const { args, place } = context;
    const [word] = args;
    const remote = await remoteOf(context);
    await named('cd', word ? toText(word.text) : 'where the session began', async () => {
      const target = await remote.realpath(word ? await folderOf(word, context) : '.');
      if (!target.startsWith('/')) throw new Fault('bad-message', 'the server names no absolute path');
      const { kind } = await remote.stat(target);
      if (kind !== 'folder' && kind !== 'unknown') throw new Fault('not-a-folder');
      cameFrom.set(place, place.remote);
      place.remote = resolveRemote(target, '/');
    });
    return undefined;
  },
});

async function folderOf(
  word: Word,
  context: RemoteGlobContext & { readonly place: Place },
): Promise<ByteString> {
  if (word.text === '-') {
    const before = cameFrom.get(context.place);
    if (before === undefined) throw new Fault('invalid', 'there is no folder to go back to yet');
    return before;
  }
  const [path, ...more] = await expandRemote(word, context);
  if (path === undefined || more.length > 0) throw new Fault('invalid', `matches ${more.length + 1} names`);
  return path;
}

export const pwd = clientCommand({
  name: 'pwd',
  summary: 'say which folder of the server one is in',
  examples: ['pwd'],
  options: {},
  run({ place, printer }) {
    const { name, bytes } = nameDocument(place.remote);
    printer.result({ folder: name, ...(bytes !== undefined && { bytes }) }, [toText(place.remote)]);
    return Promise.resolve(undefined);
  },
});

export const mkdir = clientCommand({
  name: 'mkdir',
  args: ['<NAME>', '[MODE]'],
  completes: ['remote-folder', 'nothing'],
  summary: 'make a folder at the server; with mode 755 unless another one is given',
  examples: ['mkdir reports', 'mkdir reports 700', 'mkdir -p reports/2026/11'],
  options: { parents: flag('-p, --parents', 'the folders above it too; one that is there is no failure') },
  async run(context) {
    const { args, place, options, printer } = context;
    const { mode, explicit, files } = await named('mkdir', toText(wordAt(context, 0).text), () =>
      Promise.resolve(modeAndFiles(args, { one: true })),
    );
    const [word = wordAt(context, 0)] = files;
    const remote = await remoteOf(context);
    await named('mkdir', toText(word.text), async () => {
      // What is to be made matches no pattern.
      const path = resolveRemote(word.text, place.remote);
      if (options.parents) await makeAll(remote, path, mode);
      else await make(remote, path, mode);
      const made = explicit ? await insistOn(remote, path, mode) : mode;
      if (made !== mode) printer.note(`${toText(word.text)}: the server gave it mode ${modeText(made)}`);
      printer.result({ made: nameDocument(path).name, mode: made }, []);
    });
    return undefined;
  },
});

/** Servers say of a taken name only that it failed. */
async function make(remote: Remote, path: ByteString, mode: number): Promise<void> {
  try {
    await remote.mkdir(path, mode);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'failure') throw thrown;
    const there = await unlessMissing(remote.lstat(path));
    throw there ? new Fault('exists', undefined, { cause: thrown }) : thrown;
  }
}

async function makeAll(remote: Remote, path: ByteString, mode: number): Promise<void> {
  const missing: ByteString[] = [];
  for (let folder = path; folder !== '/'; folder = parentOf(folder)) {
    const stat = await unlessMissing(remote.stat(folder), 'not-a-folder');
    if (stat && stat.kind !== 'folder' && stat.kind !== 'unknown') {
      throw new Fault('not-a-folder', `${toText(folder)} is not a folder`);
    }
    if (stat) break;
    missing.push(folder);
  }
  for (const folder of missing.reverse()) {
    try {
      await make(remote, folder, mode);
    } catch (thrown) {
      // Somebody else may have made it meanwhile.
      if (!(thrown instanceof Fault) || thrown.code !== 'exists') throw thrown;
      if ((await remote.stat(folder)).kind !== 'folder') throw thrown;
    }
  }
}

/** The server takes its umask from what a new folder was to have; who named a mode wants that one. */
async function insistOn(remote: Remote, path: ByteString, mode: number): Promise<number> {
  const before = (await remote.lstat(path)).mode;
  if (before === undefined || (before & 0o777) === mode) return mode;
  await remote.setStat(path, { mode });
  return ((await remote.lstat(path)).mode ?? mode) & 0o777;
}

export const rmdir = clientCommand({
  name: 'rmdir',
  args: ['<FOLDER...>'],
  completes: ['remote-folder'],
  summary: 'remove empty folders at the server',
  examples: ['rmdir reports/old'],
  options: {},
  async run(context) {
    const { args, place, printer } = context;
    const remote = await remoteOf(context);
    const several = new Several(printer, 'rmdir');
    for (const path of await several.expand(args, (word) => expandRemote(word, context))) {
      const shown = shownRemote(path, place.remote);
      await several.attempt(shown, async () => {
        await removeFolder(remote, path, shown);
        printer.result({ removed: nameDocument(path).name }, []);
      });
    }
    return several.exit();
  },
});

/** @throws Fault that says why, also where the server only says that it failed */
export async function removeFolder(remote: Remote, path: ByteString, shown: string): Promise<void> {
  try {
    await remote.rmdir(path);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    if (thrown.code === 'not-empty') throw notEmpty(shown, thrown);
    // What OpenSSH says of a file is that it is not there.
    if (!['failure', 'not-a-folder', 'not-found'].includes(thrown.code)) throw thrown;
    const { kind } = await remote.lstat(path);
    if (kind !== 'folder' && kind !== 'unknown') {
      throw new Fault('not-a-folder', `is not a folder: 'rm ${shown}' removes it`, { cause: thrown });
    }
    throw (await isEmpty(remote, path)) ? thrown : notEmpty(shown, thrown);
  }
}

function notEmpty(shown: string, cause: Fault): Fault {
  return new Fault(
    'not-empty',
    `the folder is not empty: 'rm -r ${shown}' removes it with everything in it`,
    {
      cause,
    },
  );
}

async function isEmpty(remote: Remote, path: ByteString): Promise<boolean> {
  for await (const batch of remote.list(path)) if (batch.length > 0) return false;
  return true;
}
