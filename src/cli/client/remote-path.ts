import { Fault } from '../../fault.js';
import { toText, type ByteString } from '../../names.js';

/**
 * A typed path as an absolute one, by its text alone: `.`, `..` and repeated slashes go, a relative one counts from
 * `folder`.
 * @throws Fault `bad-name` for an empty one: a script's unset variable must not mean the folder it is in
 */
export function resolveRemote(typed: ByteString, folder: ByteString): ByteString {
  if (typed === '')
    throw new Fault('bad-name', "an empty name stands for no file: '.' is the current folder");
  if (typed.includes('\0')) throw new Fault('bad-name', 'a name cannot contain NUL');
  const parts: ByteString[] = [];
  for (const part of (typed.startsWith('/') ? typed : `${folder}/${typed}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function joinRemote(folder: ByteString, name: ByteString): ByteString {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** The last name of a path; of `/` that is empty. */
export function baseOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** Whether `path` is `folder` or lies in it; both absolute. */
export function isWithin(path: ByteString, folder: ByteString): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** An absolute path as it is best said: from the folder the person is in, where it lies in that. */
export function shownRemote(path: ByteString, folder: ByteString): string {
  if (path === folder) return toText(path);
  return toText(isWithin(path, folder) ? path.slice(joinRemote(folder, '').length) : path);
}

/**
 * Whether a name that a server listed can be one: joined to its folder it stays there. Whoever walks a tree asks, since
 * `..` or `a/b` from a hostile server would lead out of it.
 */
export function isName(name: ByteString): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
