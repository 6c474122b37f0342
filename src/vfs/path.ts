import { Fault } from '../fault.js';
import { nameMax, type ByteString } from '../names.js';

export { nameMax } from '../names.js';

/** Linux' PATH_MAX less its NUL, kept for virtual paths too. */
export const pathMax = 4096;

/** A virtual path taken apart: what is left has neither empty names nor `.`; `..` is kept, in order. */
export interface SplitPath {
  readonly names: readonly ByteString[];
  /**
   * How the text ended: with a `name`; with a `slash`, so that it can only stand for a folder; or with `dots`
   * (`.`, `..`), which name no entry that could be made, moved or removed.
   */
  readonly end: 'name' | 'slash' | 'dots';
}

/**
 * Takes a path apart. Relative paths count from the root: a virtual filesystem has no other place to start from.
 * @throws Fault `bad-name` for NUL, `name-too-long` for a name over 255 bytes or a path over 4096
 */
export function split(path: ByteString): SplitPath {
  if (path.length > pathMax) throw new Fault('name-too-long', 'the path is too long');
  if (path.includes('\0')) throw new Fault('bad-name', 'a name cannot contain NUL');
  const parts = path.split('/');
  const names = parts.filter((part) => part !== '' && part !== '.');
  for (const name of names) if (name.length > nameMax) throw new Fault('name-too-long');
  const last = parts.at(-1);
  return { names, end: last === '' ? 'slash' : last === '.' || last === '..' ? 'dots' : 'name' };
}

/**
 * A name of something right in a folder.
 * @throws Fault `bad-name`, `name-too-long`
 */
export function singleName(name: ByteString): ByteString {
  const { names } = split(name);
  if (names.length !== 1 || names[0] !== name || name === '..') throw new Fault('bad-name');
  return name;
}

/** Absolute path of names that have no `..`. */
export function join(names: readonly ByteString[]): ByteString {
  return `/${names.join('/')}`;
}

/** A path below a folder, whatever either of them ends or begins with. */
export function below(folder: ByteString, path: ByteString): ByteString {
  return `${folder.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}

/**
 * The path of one name in a folder that may lie deeper than paths go: from there on it is put together without a look
 * at its text, which in a tree of 20,000 folders would copy the whole of it each time.
 */
export function entered(folder: ByteString, name: ByteString): ByteString {
  return folder.length > pathMax ? `${folder}/${name}` : below(folder, name);
}

/**
 * The path without `.`, `..` and empty names, by its text alone: `..` above the root stays at the root. Where a
 * symlink stands before a `..` this differs from what the kernel would do, so it serves display and mount points only.
 */
export function normalise(path: ByteString): ByteString {
  const names: ByteString[] = [];
  for (const name of split(path).names) {
    if (name === '..') names.pop();
    else names.push(name);
  }
  return join(names);
}

/** The last name; empty for the root. */
export function basename(path: ByteString): ByteString {
  return split(path).names.at(-1) ?? '';
}

/** The path without its last name; the root's is the root. */
export function dirname(path: ByteString): ByteString {
  return join(split(path).names.slice(0, -1));
}
