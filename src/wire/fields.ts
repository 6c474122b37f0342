import type { ByteString } from '../names.js';
import { maxHandleLength, maxIds, maxPacket, maxPathLength, maxWordLength } from './limits.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** How one value of a packet stands on the wire. */
export interface Field<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

export const u32: Field<number> = {
  read: (reader) => reader.u32(),
  write: (writer, value) => writer.u32(value),
};

/** The request's id; from here on whatever is malformed can be answered under it. [filexfer-02 3] */
export const requestId: Field<number> = {
  read: (reader) => (reader.id = reader.u32()),
  write: (writer, value) => writer.u32(value),
};

/** An offset, a length or a size: refused above 2^53-1 (T6). */
export const u64: Field<number> = {
  read: (reader) => reader.u64(),
  write: (writer, value) => writer.u64(value),
};

/** A number that only informs (a filesystem's id, a version): what does not fit is cut to what does. */
export const figure: Field<number> = {
  read: (reader) => reader.u64Capped(),
  write: (writer, value) =>
    writer.u64(Math.max(0, Math.min(Math.floor(value) || 0, Number.MAX_SAFE_INTEGER))),
};

/** [RFC 4251 5] */
export const bool: Field<boolean> = {
  read: (reader) => reader.u8() !== 0,
  write: (writer, value) => writer.u8(value ? 1 : 0),
};

function byteString(maxLength: number): Field<ByteString> {
  return {
    read: (reader) => reader.byteString(maxLength),
    write: (writer, value) => writer.byteString(value),
  };
}

export const handle = byteString(maxHandleLength);
export const path = byteString(maxPathLength);
/** A name that is no path: of an extension, an algorithm, a user. */
export const word = byteString(maxWordLength);
/** A string of bytes with no meaning here, as chars 0-255. */
export const opaque = byteString(maxPacket);

/** UTF-8; bytes that are not become U+FFFD, so this is for people to read and never names a file. */
export const text: Field<string> = {
  read: (reader) => reader.string(maxPacket).toString('utf8'),
  write: (writer, value) => writer.string(Buffer.from(value, 'utf8')),
};

/** As `text`, and empty where the packet ends before it: servers of before version 3 send no status text. */
export const textIfAny: Field<string> = {
  read: (reader) => (reader.left > 0 ? text.read(reader) : ''),
  write: (writer, value) => text.write(writer, value),
};

export const bytes: Field<Buffer> = {
  read: (reader) => reader.string(maxPacket),
  write: (writer, value) => writer.string(value),
};

/** Whatever is left of the packet, without a length. */
export const rest: Field<Buffer> = {
  read: (reader) => reader.rest(),
  write: (writer, value) => writer.raw(value),
};

/** The length of the string that follows, for whoever needs only the number. It takes no bytes of its own. */
export const lengthAhead: Field<number> = {
  read: (reader) => reader.peekU32(),
  write: () => undefined,
};

/** The payload of WRITE and DATA, in the pieces it came in. */
export const slices: Field<readonly Buffer[]> = {
  read: (reader) => reader.slices(),
  write: (writer, value) =>
    writer.nested(() => {
      for (const slice of value) writer.raw(slice);
    }),
};

export type Pair = readonly [name: string, value: string];

const pair: Field<Pair> = {
  read: (reader) => [word.read(reader), opaque.read(reader)],
  write: (writer, [name, value]) => {
    word.write(writer, name);
    opaque.write(writer, value);
  },
};

/** Extension pairs up to the end of the packet. [filexfer-02 4] */
export const pairs: Field<readonly Pair[]> = untilEnd(pair);

/** As many of `item` as a count says; each takes at least `smallest` bytes. */
export function counted<T>(item: Field<T>, smallest: number): Field<readonly T[]> {
  return {
    read: (reader) => Array.from({ length: reader.count(smallest) }, () => item.read(reader)),
    write: (writer, value) => {
      writer.u32(value.length);
      for (const each of value) item.write(writer, each);
    },
  };
}

function untilEnd<T>(item: Field<T>, maxCount = Infinity): Field<T[]> {
  return {
    read: (reader) => {
      const found: T[] = [];
      while (reader.left > 0) {
        if (found.length >= maxCount) reader.fail(`a list of more than ${maxCount}`);
        found.push(item.read(reader));
      }
      return found;
    },
    write: (writer, value) => {
      for (const each of value) item.write(writer, each);
    },
  };
}

/** A string that holds a list. [PROTOCOL 4.10] */
function nested<T>(item: Field<T>, maxCount: number): Field<T[]> {
  const list = untilEnd(item, maxCount);
  return {
    read: (reader) => list.read(reader.nested()),
    write: (writer, value) => writer.nested(() => list.write(writer, value)),
  };
}

export const idList = nested(u32, maxIds);
export const wordList = nested(word, maxIds);

/** `field` behind a string that is always the same. */
export function after<T>(constant: string, field: Field<T>): Field<T> {
  return {
    read: (reader) => {
      if (word.read(reader) !== constant) reader.fail(`no '${constant}' where it has to stand`);
      return field.read(reader);
    },
    write: (writer, value) => {
      word.write(writer, constant);
      field.write(writer, value);
    },
  };
}
