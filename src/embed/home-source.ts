import { resolve } from 'node:path';
import { Fault } from '../fault.js';
import { DelegatingVfs } from '../vfs/delegating.js';
import type { Vfs } from '../vfs/vfs.js';
import { isText } from './known-options.js';

/** Where an account's files come from. */
export type HomeSource =
  | { readonly kind: 'disk'; readonly path: string }
  | { readonly kind: 'shared'; readonly vfs: Vfs }
  | { readonly kind: 'made'; readonly make: (account: { readonly name: string }) => Vfs | Promise<Vfs> };

/** Each method of a filesystem, so that a program in JavaScript hears at once which one it forgot. */
const methods = {
  open: true,
  list: true,
  stat: true,
  set: true,
  mkdir: true,
  rmdir: true,
  remove: true,
  rename: true,
  link: true,
  symlink: true,
  readlink: true,
  realpath: true,
  space: true,
  close: true,
} as const satisfies Readonly<Record<keyof Vfs, true>>;

/** @throws Fault `invalid`, naming a method that is missing */
export function assertVfs(value: unknown, shown: string): asserts value is Vfs {
  if (typeof value !== 'object' || value === null) throw new Fault('invalid', `${shown} is not a Vfs`);
  const missing = Object.keys(methods).find(
    (name) => typeof (value as Readonly<Record<string, unknown>>)[name] !== 'function',
  );
  if (missing !== undefined)
    throw new Fault('invalid', `${shown} is not a Vfs: it has no method '${missing}'`);
}

/**
 * What `home` and `vfs` of an account, a grant or a server say; `null` where they say nothing.
 * @throws Fault `invalid`
 */
export function homeSource(
  { home, vfs }: Readonly<Record<string, unknown>>,
  shown: string,
): HomeSource | null {
  if (home !== undefined && vfs !== undefined) {
    throw new Fault('invalid', `${shown} has both 'home' and 'vfs': give one of them`);
  }
  if (home !== undefined) {
    if (!isText(home)) throw new Fault('invalid', `${shown}: home must be the path of a folder`);
    return { kind: 'disk', path: resolve(home) };
  }
  if (vfs === undefined) return null;
  if (typeof vfs === 'function') {
    return { kind: 'made', make: vfs as (account: { readonly name: string }) => Vfs | Promise<Vfs> };
  }
  assertVfs(vfs, `${shown}: vfs`);
  return { kind: 'shared', vfs };
}

/** A filesystem that belongs to the program: what the server closes is not closed. */
export class KeptOpen extends DelegatingVfs {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}
