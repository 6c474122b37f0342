import { fileTypeBits, fileTypeMask, type Attrs } from '../wire/attrs.js';
import type { RemoteChange, RemoteKind, RemoteStat } from './remote.js';

const kinds: ReadonlyMap<number, RemoteKind> = new Map([
  [fileTypeBits.file, 'file'],
  [fileTypeBits.folder, 'folder'],
  [fileTypeBits.symlink, 'symlink'],
]);

/** The bits of st_mode below the type. */
const modeBits = 0o7777;

/** What ATTRS says. Servers that leave out the permissions say nothing of the kind. [filexfer-02 5] */
export function remoteStat({ permissions, size, uid, gid, atime, mtime }: Attrs): RemoteStat {
  const type = permissions === undefined ? 0 : permissions & fileTypeMask;
  return {
    kind: type === 0 ? 'unknown' : (kinds.get(type) ?? 'other'),
    ...(size !== undefined && { size }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(permissions !== undefined && { mode: permissions & modeBits }),
    ...(atime !== undefined && { atime }),
    ...(mtime !== undefined && { mtime }),
  };
}

/** ATTRS for a change. */
export function changeAttrs({ mode, ...rest }: RemoteChange): Attrs {
  return { ...rest, ...(mode !== undefined && { permissions: mode & modeBits }) };
}
