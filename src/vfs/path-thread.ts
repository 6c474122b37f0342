import type { Operations } from '../threads.js';
import type { ByteString } from '../names.js';
import { link, mkdir, remove, rmdir, set, symlink, type InodeAttributes } from './jail-change.js';
import { holdFolder, holdWithin, readlink, realpath, space, stat, statEach } from './jail-look.js';
import { open, type OpenRequest } from './jail-open.js';
import { rename } from './jail-rename.js';
import type { Jail } from './jail.js';

interface AtPath {
  readonly jail: Jail;
  readonly path: ByteString;
}

/** What path threads are asked: each a whole path operation, in synchronous calls. */
export const operations = {
  open: ({ jail, request }: { readonly jail: Jail; readonly request: OpenRequest }) => open(jail, request),
  stat: ({ jail, path, follow }: AtPath & { readonly follow: boolean }) => stat(jail, path, follow),
  set: ({
    jail,
    path,
    attributes,
    follow,
  }: AtPath & { readonly attributes: InodeAttributes; readonly follow: boolean }) =>
    set(jail, path, attributes, follow),
  mkdir: ({ jail, path, mode, umask }: AtPath & { readonly mode: number; readonly umask: number }) =>
    mkdir(jail, path, mode, umask),
  rmdir: ({ jail, path }: AtPath) => rmdir(jail, path),
  remove: ({ jail, path }: AtPath) => remove(jail, path),
  rename: ({ jail, path, to, replace }: AtPath & { readonly to: ByteString; readonly replace: boolean }) =>
    rename(jail, path, to, replace),
  link: ({ jail, path, name }: AtPath & { readonly name: ByteString }) => link(jail, path, name),
  symlink: ({ jail, path, target }: AtPath & { readonly target: ByteString }) => symlink(jail, path, target),
  readlink: ({ jail, path }: AtPath) => readlink(jail, path),
  realpath: ({ jail, path }: AtPath) => realpath(jail, path),
  space: ({ jail, path }: AtPath) => space(jail, path),
  holdFolder: ({ jail, path }: AtPath) => holdFolder(jail, path),
  holdWithin: ({
    jail,
    folder,
    name,
  }: {
    readonly jail: Jail;
    readonly folder: number;
    readonly name: ByteString;
  }) => holdWithin(jail, folder, name),
  statEach: ({ folder, names }: { readonly folder: number; readonly names: readonly ByteString[] }) =>
    statEach(folder, names),
} satisfies Operations;

export type PathOperations = typeof operations;
