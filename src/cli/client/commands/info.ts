import type { Remote } from '../../../client/remote.js';
import { toText, type ByteString } from '../../../names.js';
import { formatSize } from '../../../size.js';
import { flag, text } from '../../command.js';
import type { Exit } from '../../exit.js';
import { accountView, usageText, unlessRefused, type Usage } from '../account-view.js';
import { clientCommand, type ClientContext } from '../command.js';
import { remoteOf } from '../interruptible-remote.js';
import { chosenAlgorithm } from '../hash-choice.js';
import { nameDocument, textOf } from '../listed-entry.js';
import { permissionText, timeText } from '../listing-format.js';
import { modeText } from '../mode.js';
import { partialUploads, type PartialUploads } from '../partial-uploads.js';
import { expandRemote } from '../remote-glob.js';
import { shownRemote } from '../remote-path.js';
import { Several } from '../several.js';

const options = {
  algorithm: text(
    '--algorithm <NAME>',
    'the hash of a file: md5, sha1, sha224, sha256, sha384, sha512, crc32',
  ),
  quick: flag('-q, --quick', 'without the hash of files, and without looking for partial uploads'),
  all: flag('-a, --all', 'looks for partial uploads in every folder, however many there are'),
};

type InfoContext = ClientContext<typeof options>;

export const info = clientCommand({
  name: 'info',
  args: ['[NAME...]'],
  completes: ['remote'],
  summary: 'say what the home uses, or size, mode, times and hash of files at the server',
  examples: ['info', 'info --all', 'info report.pdf', 'info --algorithm sha256 *.iso'],
  options,
  run: (context) => (context.args.length === 0 ? infoOfHome(context) : infoOfNames(context)),
});

async function infoOfHome(context: InfoContext): Promise<undefined> {
  const { options, printer, signal } = context;
  const remote = await remoteOf(context);
  const home = await remote.realpath('.');
  const { usage } = await accountView(remote, home);
  const parts = options.quick ? null : await partialUploads(remote, home, { all: options.all, signal });
  printer.result(
    {
      used: usage?.used ?? null,
      limit: usage?.limit ?? null,
      free: usage?.free ?? null,
      files: usage?.files ?? null,
      filesLimit: usage?.filesLimit ?? null,
      of: usage?.of ?? null,
      ...(parts && {
        partial: parts.found.map(({ path, stat }) => ({
          ...nameDocument(path),
          size: stat.size ?? null,
          mtime: stat.mtime ?? null,
        })),
        looked: { folders: parts.folders, complete: parts.complete },
      }),
    },
    [...usageLines(usage), ...(parts ? partLines(parts, home) : [])],
  );
  return undefined;
}

function usageLines(usage: Usage | null): readonly string[] {
  if (!usage) return ['used      not said by this server'];
  const { used, limit, free, files, filesLimit, of } = usage;
  const where = of === 'disk' ? " (of the server's disk)" : '';
  return [
    `used      ${used === null ? 'not said' : formatSize(used)}${where}`,
    `limit     ${limit === null ? 'none' : formatSize(limit)}`,
    `free      ${free === null ? 'not said' : formatSize(free)}`,
    `files     ${files === null ? 'not said' : files}${filesLimit === null ? '' : ` of ${filesLimit}`}`,
  ];
}

function partLines({ found, folders, complete }: PartialUploads, home: ByteString): readonly string[] {
  const looked = `looked into ${complete ? '' : 'the first '}${folders} ${folders === 1 ? 'folder' : 'folders'}`;
  const rest = complete ? '' : '; info --all looks into all that can be read';
  const now = Date.now();
  return [
    `partial   ${found.length === 0 ? 'no partial uploads' : `${found.length} partial uploads`} (${looked}${rest})`,
    ...found.map(
      ({ path, stat }) =>
        `  ${timeText(stat.mtime, now)}  ${stat.size === undefined ? '?' : formatSize(stat.size)}  ${shownRemote(path, home)}`,
    ),
  ];
}

async function infoOfNames(context: InfoContext): Promise<Exit | undefined> {
  const { args, place, printer } = context;
  const algorithm = chosenAlgorithm(context.options.algorithm, context.globals);
  const remote = await remoteOf(context);
  const several = new Several(printer, 'info');
  for (const path of await several.expand(args, (word) => expandRemote(word, context))) {
    const shown = shownRemote(path, place.remote);
    await several.attempt(shown, () => infoOf(remote, path, shown, { algorithm, context }));
  }
  return several.exit();
}

async function infoOf(
  remote: Remote,
  path: ByteString,
  shown: string,
  {
    algorithm,
    context,
  }: { readonly algorithm: ReturnType<typeof chosenAlgorithm>; readonly context: InfoContext },
): Promise<void> {
  const stat = await remote.lstat(path);
  const { kind, size, mode, mtime, atime, uid, gid } = stat;
  const target = kind === 'symlink' ? await unlessRefused(remote.readlink(path)) : null;
  const wanted = kind === 'file' && !context.options.quick;
  const hashed = wanted ? await unlessRefused(remote.hash(path, algorithm, { start: 0, length: 0 })) : null;
  const hash = hashed?.hash.toString('hex') ?? null;
  context.printer.result(
    {
      ...nameDocument(path),
      type: kind,
      size: size ?? null,
      mode: mode ?? null,
      mtime: mtime ?? null,
      atime: atime ?? null,
      uid: uid ?? null,
      gid: gid ?? null,
      ...(target !== null && { target: textOf(target) }),
      ...(wanted && { algorithm, hash }),
    },
    [
      shown,
      `  type      ${kind}${target === null ? '' : ` to ${toText(target)}`}`,
      `  size      ${size === undefined ? 'not said' : size < 1000 ? formatSize(size) : `${formatSize(size)} (${size} bytes)`}`,
      `  mode      ${mode === undefined ? 'not said' : `${modeText(mode)} ${permissionText(stat)}`}`,
      `  modified  ${whenText(mtime)}`,
      `  accessed  ${whenText(atime)}`,
      ...(wanted
        ? [`  ${algorithm.padEnd(9)} ${hash ?? 'this server cannot hash: plim hash --read reads it'}`]
        : []),
    ],
  );
}

/** `2026-11-21 23:50:08`, in local time. */
function whenText(seconds: number | undefined): string {
  if (seconds === undefined) return 'not said';
  const date = new Date(seconds * 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** One line for a greeting: what is used of what there is. */
export function usageLine(usage: Usage | null): string {
  return usage ? usageText(usage) : 'usage not said by this server';
}
