import { attrs, entries } from './attrs.js';
import {
  handle,
  lengthAhead,
  pairs,
  path,
  requestId,
  slices,
  textIfAny,
  u32,
  u64,
  word,
  type Field,
} from './fields.js';
import type { Fields, Sum, ValuesOf } from './row.js';

/** One packet of the protocol: its number, its fields in wire order. */
export interface Packet<F extends Fields = Fields> {
  readonly type: number;
  readonly fields: F;
  readonly sums: readonly Sum[];
}

/** INIT and VERSION alone have no id. [filexfer-02 4] */
function bare<F extends Fields>(type: number, fields: F): Packet<F> {
  return { type, fields, sums: [] };
}

function packet<F extends Fields>(
  type: number,
  fields: F,
  sums: readonly (readonly [keyof F & string, keyof F & string])[] = [],
): Packet<{ readonly id: Field<number> } & F> {
  return { type, fields: { id: requestId, ...fields }, sums };
}

/** What a client sends. [filexfer-02 4, 6] */
export const requests = {
  init: bare(1, { version: u32, extensions: pairs }),
  open: packet(3, { path, flags: u32, attrs }),
  close: packet(4, { handle }),
  read: packet(5, { handle, offset: u64, length: u32 }, [['offset', 'length']]),
  write: packet(6, { handle, offset: u64, length: lengthAhead, data: slices }, [['offset', 'length']]),
  lstat: packet(7, { path }),
  fstat: packet(8, { handle }),
  setstat: packet(9, { path, attrs }),
  fsetstat: packet(10, { handle, attrs }),
  opendir: packet(11, { path }),
  readdir: packet(12, { handle }),
  remove: packet(13, { path }),
  mkdir: packet(14, { path, attrs }),
  rmdir: packet(15, { path }),
  realpath: packet(16, { path }),
  stat: packet(17, { path }),
  rename: packet(18, { from: path, to: path }),
  readlink: packet(19, { path }),
  // Which of the two is the target depends on who sent it. [PROTOCOL 3.2]
  symlink: packet(20, { first: path, second: path }),
} as const satisfies Readonly<Record<string, Packet>>;

/** What a server answers. [filexfer-02 4, 7] */
export const replies = {
  version: bare(2, { version: u32, extensions: pairs }),
  status: packet(101, { code: u32, message: textIfAny, language: textIfAny }),
  handle: packet(102, { handle }),
  data: packet(103, { length: lengthAhead, data: slices }),
  name: packet(104, { entries }),
  attrs: packet(105, { attrs }),
} as const satisfies Readonly<Record<string, Packet>>;

/** What EXTENDED begins with; the fields of `extensions.ts` follow. [filexfer-02 8] */
export const extended = packet(200, { name: word });

/** What EXTENDED_REPLY begins with. [filexfer-02 8] */
export const extendedReply = packet(201, {});

export type RequestKind = keyof typeof requests;
export type RequestFields<K extends RequestKind> = ValuesOf<(typeof requests)[K]['fields']>;
export type ReplyKind = keyof typeof replies;
export type ReplyFields<K extends ReplyKind> = ValuesOf<(typeof replies)[K]['fields']>;
