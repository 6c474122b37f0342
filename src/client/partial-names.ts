import { createHash } from 'node:crypto';
import { Fault } from '../fault.js';
import { nameMax, toBytes, toText, type ByteString } from '../names.js';

/** What a download is called until it is complete and verified. */
export function partOf(path: ByteString): ByteString {
  return withSuffix(path, '.part');
}

/** What an upload is called until then: WinSCP's name, so that each resumes what the other has begun. */
export function filepartOf(path: ByteString): ByteString {
  return withSuffix(path, '.filepart');
}

/** `NAME.new`, `NAME.new.2`, `NAME.new.3` and so on: the names that are tried where NAME is taken. */
export function newName(path: ByteString, number: number): ByteString {
  return withSuffix(path, number === 1 ? '.new' : `.new.${number}`);
}

/** A server could say of every name that it is taken. */
const mostNames = 10_000;

/** The first of `newName` that is free, and whose partial name is free too. @throws Fault `exists` where none is */
export async function freeName(
  path: ByteString,
  taken: (path: ByteString) => Promise<boolean>,
): Promise<ByteString> {
  for (let number = 1; number <= mostNames; number++) {
    const name = newName(path, number);
    if (!(await taken(name))) return name;
  }
  throw new Fault('exists', `${toText(newName(path, mostNames))} and all names before it exist already`);
}

/**
 * A name that would become longer than a name may be is cut, and told from others that begin alike by a hash of all of
 * it: the same name gives the same partial name in the next run.
 */
function withSuffix(path: ByteString, suffix: string): ByteString {
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  if (name.length + suffix.length <= nameMax) return path + suffix;
  const mark = `~${createHash('sha256').update(toBytes(name)).digest('hex').slice(0, 12)}`;
  return path.slice(0, slash) + cut(name, nameMax - suffix.length - mark.length) + mark + suffix;
}

/** Not inside a character of UTF-8: some filesystems take no name with half of one. [RFC 3629 3] */
function cut(name: ByteString, length: number): ByteString {
  let end = length;
  while (end > length - 4 && (name.charCodeAt(end) & 0xc0) === 0x80) end--;
  return name.slice(0, (name.charCodeAt(end) & 0xc0) === 0x80 ? length : end);
}
