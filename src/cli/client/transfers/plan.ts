import type { FailedTransfer, TransferItem, TransferSubject } from '../../../client/transfer.js';
import { Fault } from '../../../fault.js';
import { toText, type ByteString } from '../../../names.js';
import { unescaped } from '../../../pattern.js';
import { baseOf } from '../remote-path.js';
import type { Word } from '../words.js';

/** What a command line asks to be moved. Paths are absolute on both sides. */
export interface Plan {
  readonly direction: TransferSubject['direction'];
  readonly items: readonly TransferItem[];
  /** What was refused before anything moved. */
  readonly refused: readonly FailedTransfer[];
  readonly sources: readonly Word[];
  /** The folder on the other side that all of it goes to; `null` where one source becomes the target itself. */
  readonly folder: ByteString | null;
}

/** One file that goes to standard output, or comes from standard input: its path at the server. */
export interface StreamPlan {
  readonly stream: ByteString;
}

/** The side that files go to. */
export interface TargetSide {
  /** `here`, `at the server`. */
  readonly where: string;
  readonly place: ByteString;
  resolve(typed: ByteString): ByteString;
  isFolder(path: ByteString): Promise<boolean>;
}

/** What one word stands for on the side that files come from. */
export interface Source {
  readonly word: Word;
  readonly paths: readonly ByteString[];
}

export async function expandAll(
  words: readonly Word[],
  expand: (word: Word) => Promise<readonly ByteString[]>,
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const word of words) sources.push({ word, paths: await expand(word) });
  return sources;
}

/**
 * The last of two words is the target, as in `sftp`; the last of several where it is a folder, or is written as one
 * (`NAME/`). `several`: that holds for two words too (`mget`). A pattern is a source where it matches something.
 */
export async function splitTarget(
  words: readonly Word[],
  several: boolean,
  side: TargetSide,
  expand: (word: Word) => Promise<readonly ByteString[]>,
): Promise<{ readonly sources: readonly Word[]; readonly target: ByteString | null }> {
  const last = words.at(-1);
  const all = { sources: words, target: null };
  if (!last || words.length < 2) return all;
  const split = { sources: words.slice(0, -1), target: nameOf(last) };
  if (isPattern(last)) return several || words.length > 2 || (await matches(last, expand)) ? all : split;
  const isTarget =
    (words.length === 2 && !several) ||
    split.target.endsWith('/') ||
    (await side.isFolder(side.resolve(split.target)));
  return isTarget ? split : all;
}

/** Whether anything in it stands for other than itself. */
export function isPattern({ pattern }: Word): boolean {
  return pattern !== null && /[*?[]/.test(pattern.replace(/\\./gs, ''));
}

/** The one name that a word stands for when it is no pattern. */
export function nameOf({ text, pattern }: Word): ByteString {
  return pattern === null ? text : unescaped(pattern);
}

async function matches(word: Word, expand: (word: Word) => Promise<readonly ByteString[]>): Promise<boolean> {
  try {
    return (await expand(word)).length > 0;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'not-found') return false;
    throw thrown;
  }
}

/**
 * Where each source goes: into the target where that is a folder, else it becomes the target.
 * @throws Fault `not-found` for a folder that is not there, `not-a-folder` for several sources and no folder, `invalid`
 * for two that would get the same name
 */
export async function placed(
  sources: readonly Source[],
  target: ByteString | null,
  side: TargetSide,
): Promise<{
  readonly moves: readonly { readonly from: ByteString; readonly to: ByteString }[];
  readonly folder: ByteString | null;
}> {
  const count = sources.reduce((sum, { paths }) => sum + paths.length, 0);
  const path = target === null ? side.place : side.resolve(target);
  const isFolder = target === null || (await side.isFolder(path));
  if (!isFolder && target.endsWith('/')) {
    throw new Fault('not-found', `there is no folder '${toText(target)}' ${side.where}: make it first`);
  }
  if (!isFolder && count > 1) {
    throw new Fault(
      'not-a-folder',
      `${count} sources cannot all become '${toText(target)}': there is no such folder ${side.where}`,
    );
  }
  const taken = new Map<ByteString, ByteString>();
  const moves = sources.flatMap((source) =>
    source.paths.map((from) => {
      const to = isFolder && hasName(source) ? inside(path, baseOf(from)) : path;
      const other = taken.get(to);
      if (other !== undefined) {
        throw new Fault('invalid', `'${toText(other)}' and '${toText(from)}' would get the same name`);
      }
      taken.set(to, from);
      return { from, to };
    }),
  );
  return { moves, folder: isFolder ? path : null };
}

/** `FOLDER/.`, `.`, `..` and `/` mean what is in the folder, as with `cp`: there is no name to take along. */
function hasName({ word, paths }: Source): boolean {
  return isPattern(word) || !(/(?:^|\/)\.{1,2}\/*$/.test(nameOf(word)) || paths[0] === '/');
}

function inside(folder: ByteString, name: ByteString): ByteString {
  return `${folder.endsWith('/') ? folder : `${folder}/`}${name}`;
}
