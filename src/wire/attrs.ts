import type { ByteString } from '../names.js';
import { counted, path, type Field } from './fields.js';
import { maxPacket } from './limits.js';
import type { Reader } from './reader.js';

/** ATTRS: only what is there was sent. [filexfer-02 5] */
export interface Attrs {
  /** Bytes. */
  readonly size?: number;
  /** Comes together with `gid`. */
  readonly uid?: number;
  readonly gid?: number;
  /** The whole st_mode: in replies with the bits of the type, see `fileTypeBits`. */
  readonly permissions?: number;
  /** Seconds since 1970, unsigned 32 bits; comes together with `mtime`. */
  readonly atime?: number;
  readonly mtime?: number;
}

/**
 * SSH_FILEXFER_ATTR flags. Others are ignored, as OpenSSH's server does. Extended attributes are skipped: none are
 * known here, and kept as values they would take many times the memory of their bytes. [filexfer-02 5, PROTOCOL 3.5]
 */
const has = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x8000_0000 } as const;

/** The type's bits of st_mode, by the product's words for kinds of files. [POSIX sys/stat.h] */
export const fileTypeBits = {
  fifo: 0o010000,
  'character-device': 0o020000,
  folder: 0o040000,
  'block-device': 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

export const fileTypeMask = 0o170000;

export const attrs: Field<Attrs> = {
  read: (reader) => {
    const flags = reader.u32();
    const found: { -readonly [K in keyof Attrs]: Attrs[K] } = {};
    if (flags & has.size) found.size = reader.u64();
    if (flags & has.owner) {
      found.uid = reader.u32();
      found.gid = reader.u32();
    }
    if (flags & has.permissions) found.permissions = reader.u32();
    if (flags & has.times) {
      found.atime = reader.u32();
      found.mtime = reader.u32();
    }
    if (flags & has.extended) skipPairs(reader);
    return found;
  },
  write: (writer, { size, uid, gid, permissions, atime, mtime }) => {
    if ((uid === undefined) !== (gid === undefined)) throw new RangeError('a uid needs its gid');
    if ((atime === undefined) !== (mtime === undefined)) throw new RangeError('an atime needs its mtime');
    let flags = 0;
    if (size !== undefined) flags |= has.size;
    if (uid !== undefined) flags |= has.owner;
    if (permissions !== undefined) flags |= has.permissions;
    if (atime !== undefined) flags |= has.times;
    writer.u32(flags);
    if (size !== undefined) writer.u64(size);
    if (uid !== undefined && gid !== undefined) {
      writer.u32(uid);
      writer.u32(gid);
    }
    if (permissions !== undefined) writer.u32(permissions);
    if (atime !== undefined && mtime !== undefined) {
      writer.u32(wireSeconds(atime));
      writer.u32(wireSeconds(mtime));
    }
  },
};

function skipPairs(reader: Reader): void {
  for (let left = reader.count(8); left > 0; left--) {
    reader.string(maxPacket);
    reader.string(maxPacket);
  }
}

/** The disk knows fractions and dates that the wire cannot say: they become the nearest that it can. */
function wireSeconds(seconds: number): number {
  return Math.max(0, Math.min(Math.floor(seconds) || 0, 0xffff_ffff));
}

export interface NameEntry {
  readonly name: ByteString;
  /** The line of `ls -l`, see `longname.ts`. */
  readonly longname: ByteString;
  readonly attrs: Attrs;
}

const entry: Field<NameEntry> = {
  read: (reader) => ({
    name: path.read(reader),
    longname: path.read(reader),
    attrs: attrs.read(reader),
  }),
  write: (writer, value) => {
    path.write(writer, value.name);
    path.write(writer, value.longname);
    attrs.write(writer, value.attrs);
  },
};

/** [filexfer-02 7] */
export const entries: Field<readonly NameEntry[]> = counted(entry, 12);
