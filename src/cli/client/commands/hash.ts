import { basename } from 'node:path/posix';
import type { Remote } from '../../../client/remote.js';
import { Fault } from '../../../fault.js';
import type { HashAlgorithm } from '../../../hash/algorithms.js';
import { toText, type ByteString } from '../../../names.js';
import { flag, text } from '../../command.js';
import { clientCommand, wordAt } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { hashThrough } from '../copy-through.js';
import { chosenAlgorithm } from '../hash-choice.js';
import { nameDocument } from '../listed-entry.js';
import { expandLocal } from '../local-glob.js';
import { hashLocal } from '../local-hash.js';
import { localStat } from '../local-list.js';
import { shownLocal } from '../local-place.js';
import { expandRemote } from '../remote-glob.js';
import { shownRemote } from '../remote-path.js';
import { named, Several, unlessMissing } from '../several.js';

const options = {
  algorithm: text(
    '--algorithm <NAME>',
    'md5, sha1, sha224, sha256, sha384, sha512 or crc32; md5 unless --verify says',
  ),
  read: flag('--read', 'where the server cannot hash, reads the file over the line'),
};

export const hash = clientCommand({
  name: 'hash',
  args: ['<NAME...>'],
  completes: ['remote'],
  summary: 'have the server hash files',
  examples: ['hash report.pdf', 'hash --algorithm sha256 *.iso'],
  options,
  async run(context) {
    const { args, place, printer, signal } = context;
    const algorithm = await named('hash', null, () =>
      Promise.resolve(chosenAlgorithm(context.options.algorithm, context.globals)),
    );
    const remote = await remoteOf(context);
    const several = new Several(printer, 'hash');
    for (const path of await several.expand(args, (word) => expandRemote(word, context))) {
      const shown = shownRemote(path, place.remote);
      await several.attempt(shown, async () => {
        const read = context.options.read;
        const { hash, by } = await hashRemote(remote, path, { algorithm, read, signal });
        printer.result({ ...nameDocument(path), algorithm, hash, by }, [`${hash}  ${shown}`]);
      });
    }
    return several.exit();
  },
});

export const verify = clientCommand({
  name: 'verify',
  args: ['<REMOTE>', '[LOCAL]'],
  completes: ['remote', 'local'],
  summary:
    'compare a file of the server with a local one by their hashes; LOCAL has the same name unless given',
  examples: ['verify big.iso', 'verify --algorithm sha256 big.iso ../copy.iso'],
  options,
  async run(context) {
    const { args, place, printer, signal } = context;
    const word = wordAt(context, 0);
    return named('verify', toText(word.text), async () => {
      const algorithm = chosenAlgorithm(context.options.algorithm, context.globals);
      const [path, ...more] = await expandRemote(word, context);
      if (path === undefined || more.length > 0)
        throw new Fault('invalid', `matches ${more.length + 1} names`);
      const local = await localFor(path, args[1], context);
      const remote = await remoteOf(context);
      const there = hashRemote(remote, path, { algorithm, read: context.options.read, signal });
      // Both are under way; the first to fail must not leave the other one unheard.
      const [server, here] = await Promise.allSettled([there, hashLocal(local, algorithm, signal)]);
      if (here.status === 'rejected') throw here.reason;
      if (server.status === 'rejected') throw unverified(server.reason);
      const equal = server.value.hash === here.value.toString('hex');
      const name = algorithm.toUpperCase();
      const lines = [
        `${server.value.hash}  ${shownRemote(path, place.remote)} at the server`,
        `${here.value.toString('hex')}  ${shownLocal(local, place.local)} here`,
      ];
      printer.result(
        {
          outcome: equal ? 'equal' : 'verification-failed',
          ...nameDocument(path),
          local: nameDocument(local).name,
          algorithm,
          there: server.value.hash,
          here: here.value.toString('hex'),
          equal,
        },
        equal ? [...lines, `${name} equal`] : lines,
      );
      if (!equal) throw new Fault('verification-failed', `${name} differs: the two files are not the same`);
      return undefined;
    });
  },
});

/** Who asks for a comparison has to be told that there was none, by the exit code too. */
function unverified(thrown: unknown): unknown {
  return thrown instanceof Fault && thrown.code === 'unsupported'
    ? new Fault('verification-failed', `not verified: ${thrown.message}`, { cause: thrown })
    : thrown;
}

async function localFor(
  path: ByteString,
  typed: Parameters<typeof expandLocal>[0] | undefined,
  context: Parameters<typeof expandLocal>[1],
): Promise<ByteString> {
  const name = basename(path);
  if (!typed) return `${context.place.local}/${name}`;
  const [local, ...more] = await expandLocal(typed, context);
  if (local === undefined || more.length > 0) {
    throw new Fault('invalid', `${toText(typed.text)} matches ${more.length + 1} names here`);
  }
  const stat = await unlessMissing(localStat(local, { follow: true }));
  return stat?.kind === 'folder' ? `${local}/${name}` : local;
}

interface Hashing {
  readonly algorithm: HashAlgorithm;
  readonly read: boolean;
  readonly signal: AbortSignal;
}

/** @throws Fault `unsupported` where the server cannot, and reading it was not allowed */
async function hashRemote(
  remote: Remote,
  path: ByteString,
  { algorithm, read, signal }: Hashing,
): Promise<{ readonly hash: string; readonly by: string }> {
  const { kind } = await remote.stat(path);
  if (kind === 'folder') throw new Fault('is-a-folder', 'is a folder, which has no hash');
  const made = await remote.hash(path, algorithm, { start: 0, length: 0 });
  if (made) return { hash: made.hash.toString('hex'), by: made.by };
  if (read)
    return { hash: (await hashThrough(remote, path, algorithm, signal)).toString('hex'), by: 'reading' };
  throw new Fault(
    'unsupported',
    `this server has no ${algorithm.toUpperCase()} (--read reads the file over the line to hash it here)`,
  );
}
