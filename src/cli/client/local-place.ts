import { homedir } from 'node:os';
import { localFromText, windows } from '../../client/local-path.js';
import { Fault } from '../../fault.js';
import { fromText, toBytes, toText, type ByteString } from '../../names.js';

/**
 * A typed local path as an absolute one, by its text alone. `~` and `~/...` are the person's own folder. On Windows `\`
 * separates as `/` does, and `C:/` begins an absolute path.
 * @throws Fault `bad-name` for an empty one
 */
export function resolveLocal(
  typed: ByteString,
  folder: ByteString,
  system: { readonly windows: boolean; readonly home: () => string } = { windows, home: homedir },
): ByteString {
  if (typed === '')
    throw new Fault('bad-name', "an empty name stands for no file: '.' is the current folder");
  if (typed.includes('\0')) throw new Fault('bad-name', 'a name cannot contain NUL');
  let text = system.windows ? typed.replace(/\\/g, '/') : typed;
  if (/^~(?:\/|$)/.test(text)) {
    const home = system.windows ? fromText(system.home().replace(/\\/g, '/')) : localFromText(system.home());
    text = home + text.slice(1);
  }
  const whole = rootOf(text, system.windows) === null ? `${folder}/${text}` : text;
  const root = rootOf(whole, system.windows) ?? '/';
  const parts: ByteString[] = [];
  for (const part of whole.slice(root.length).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return root + parts.join('/');
}

/** What an absolute path begins with: `/`, and on Windows `C:/` or `//host/share/`; `null` for a relative one. */
function rootOf(path: ByteString, onWindows: boolean): ByteString | null {
  if (!onWindows) return path.startsWith('/') ? '/' : null;
  return /^(?:[A-Za-z]:\/|\/\/[^/]+\/[^/]+\/?|\/)/.exec(path)?.[0] ?? null;
}

/** An absolute local path as it is best said: from the folder the person is in, where it lies in that. */
export function shownLocal(path: ByteString, folder: ByteString): string {
  const inside = folder.endsWith('/') ? folder : `${folder}/`;
  return toText(path.startsWith(inside) && path !== inside ? path.slice(inside.length) : path);
}

/** As a program of the system takes it for its folder. */
export function systemPath(path: ByteString): string {
  return toBytes(path).toString('utf8');
}
