import { Fault } from '../../fault.js';
import type { ByteString } from '../../names.js';
import { matcher, tooMany, unescaped, unlessUnreadable, type Matcher } from '../../pattern.js';
import { isName, joinRemote } from './remote-path.js';

/** A side whose names patterns are matched with. Paths are absolute, with `/` between names. */
export interface GlobSide {
  /** @throws Fault where it cannot be looked into, which then holds nothing */
  list(
    folder: ByteString,
  ): AsyncIterable<readonly { readonly name: ByteString; readonly maybeFolder: boolean }[]>;
  /** @throws Fault `not-found` and the like where nothing is there; a link that leads nowhere is there */
  look(path: ByteString): Promise<void>;
  isFolder(path: ByteString): Promise<boolean>;
}

/** Names that are looked at for one pattern, and paths that it may become: who answers may be hostile, or endless. */
const mostNames = 1_000_000;
const mostPaths = 250_000;
const mostBytes = 64 * 2 ** 20;

/** A name of the pattern: itself, or what matches. */
type Part = ByteString | Matcher;

/**
 * The paths under `start` that a pattern stands for, sorted by bytes; symbolic links to folders are followed. With a
 * slash at its end, the folders among them.
 * @throws Fault `too-many` above the limits; `cancelled` once the signal aborts; `invalid` for a pattern that is none
 */
export async function expandPattern(
  pattern: ByteString,
  start: ByteString,
  side: GlobSide,
  signal: AbortSignal,
): Promise<readonly ByteString[]> {
  const parts = partsOf(pattern);
  const lastMatcher = parts.findLastIndex((part) => typeof part !== 'string');
  let paths: readonly ByteString[] = [start];
  let names = 0;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      paths = paths.map((path) => (part === '..' ? above(path) : joinRemote(path, part)));
      continue;
    }
    const found: ByteString[] = [];
    let bytes = 0;
    for (const folder of paths) {
      await unlessUnreadable(async () => {
        for await (const batch of side.list(folder)) {
          if (signal.aborted) throw new Fault('cancelled');
          names += batch.length;
          if (names > mostNames) throw tooMany(`a pattern looks at ${mostNames} names at most`);
          for (const { name, maybeFolder } of batch) {
            if (!isName(name) || (index < parts.length - 1 && !maybeFolder) || !part(name)) continue;
            const path = joinRemote(folder, name);
            bytes += path.length;
            if (found.length >= mostPaths || bytes > mostBytes) {
              throw tooMany(`a pattern stands for ${mostPaths} names at most`);
            }
            found.push(path);
          }
        }
      });
    }
    paths = found;
  }
  const foldersOnly = pattern.endsWith('/');
  if (lastMatcher < parts.length - 1 || foldersOnly) paths = await there(paths, foldersOnly, side, signal);
  return paths.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

async function there(
  paths: readonly ByteString[],
  foldersOnly: boolean,
  side: GlobSide,
  signal: AbortSignal,
): Promise<readonly ByteString[]> {
  const found: ByteString[] = [];
  for (const path of paths) {
    if (signal.aborted) throw new Fault('cancelled');
    await unlessUnreadable(async () => {
      if (foldersOnly) {
        if (await side.isFolder(path)) found.push(path);
      } else {
        await side.look(path);
        found.push(path);
      }
    });
  }
  return found;
}

function partsOf(pattern: ByteString): readonly Part[] {
  return pattern
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (/[*?[]/.test(part.replace(/\\./gs, '')) ? matcher(part) : unescaped(part)));
}

/** By the text alone, as a typed path goes; the root, or a drive's, is above itself. */
function above(path: ByteString): ByteString {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder.includes('/') ? folder : `${folder}/`;
}
