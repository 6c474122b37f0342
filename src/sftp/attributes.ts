import type { Kind, SetAttributes, Stats } from '../vfs/vfs.js';
import type { Attrs } from '../wire/attrs.js';

/** File type bits of st_mode, as the permissions field of ATTRS carries them [filexfer-02 5]. */
const typeBits: Readonly<Record<Kind, number>> = {
  file: 0o100000,
  folder: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
  'block-device': 0o060000,
  'character-device': 0o020000,
};

export function attrsOf(stats: Stats): Attrs {
  return {
    size: stats.size,
    uid: stats.uid,
    gid: stats.gid,
    permissions: typeBits[stats.kind] | stats.mode,
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
