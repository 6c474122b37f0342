import type { SetAttributes, Stats } from '../vfs/vfs.js';
import { fileTypeBits, type Attrs } from '../wire/attrs.js';

export function attrsOf(stats: Stats): Attrs {
  return {
    size: stats.size,
    uid: stats.uid,
    gid: stats.gid,
    permissions: fileTypeBits[stats.kind] | stats.mode,
    atime: wireTime(stats.atime),
    mtime: wireTime(stats.mtime),
  };
}

/** Version 3 has 32 bits for a time; clients read them as signed or unsigned, both right from 1970 to 2038. */
function wireTime(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds), 0), 0xffffffff);
}

/** What a client asks to be set; absent stays as it is. */
export function setAttributesOf(attrs: Attrs): SetAttributes {
  return {
    ...(attrs.size !== undefined && { size: attrs.size }),
    ...(attrs.permissions !== undefined && { mode: attrs.permissions & 0o7777 }),
    ...(attrs.uid !== undefined && attrs.gid !== undefined && { owner: { uid: attrs.uid, gid: attrs.gid } }),
    ...(attrs.atime !== undefined &&
      attrs.mtime !== undefined && { times: { atime: attrs.atime, mtime: attrs.mtime } }),
  };
}
