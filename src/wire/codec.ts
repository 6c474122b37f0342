import type { ByteString } from '../names.js';
import type { Attrs, NameEntry } from './attrs.js';
import { extensionName, extensions } from './extensions.js';
import type { Extension, ExtensionFields, ExtensionName, ExtensionWithReply, ReplyOf } from './extensions.js';
import { decodeData, decodeRead, decodeWrite } from './fast.js';
import type { Pair } from './fields.js';
import type { Frame } from './frame.js';
import { extended, extendedReply, replies, requests } from './packets.js';
import type { Packet, ReplyFields, ReplyKind, RequestFields, RequestKind } from './packets.js';
import { Reader } from './reader.js';
import { readFields, writeFields, type Fields } from './row.js';
import { Writer } from './writer.js';

export { dataHeaderLength, encodeRead, encodeStatus, encodeWriteHeader, writeDataHeader } from './fast.js';

type Flat<T> = { readonly [K in keyof T]: T[K] };

type PlainRequest = { [K in RequestKind]: Flat<{ kind: K } & RequestFields<K>> }[RequestKind];
type ExtendedRequest = {
  [K in ExtensionName]: Flat<{ kind: K; id: number } & ExtensionFields<K>>;
}[ExtensionName];

/** A request that either side of the protocol can write and read. */
export type KnownRequest = PlainRequest | ExtendedRequest;

export type Request =
  | KnownRequest
  | { readonly kind: 'unknown-extension'; readonly id: number; readonly name: ByteString }
  /** Of a type that no client may send. */
  | { readonly kind: 'unknown'; readonly id: number; readonly type: number };

type PlainReply = { [K in ReplyKind]: Flat<{ kind: K } & ReplyFields<K>> }[ReplyKind];
type ExtendedReply = {
  [K in ExtensionWithReply]: Flat<{ kind: K; id: number } & ReplyOf<K>>;
}[ExtensionWithReply];

export type Reply = PlainReply | ExtendedReply;

function byType<Kind extends string>(
  table: Readonly<Record<Kind, Packet>>,
): ReadonlyMap<number, readonly [Kind, Packet]> {
  const rows = Object.entries(table) as [Kind, Packet][];
  return new Map(rows.map((row) => [row[1].type, row]));
}

const requestOfType = byType<RequestKind>(requests);
const replyOfType = byType<ReplyKind>(replies);

/**
 * What a client asks. Bytes behind the last field are ignored, as by OpenSSH's server. [PROTOCOL 2.2]
 * @throws Malformed with the id of the request where it could be read
 */
export function decodeRequest(frame: Frame): Request {
  if (frame.type === requests.read.type) return decodeRead(frame.head) ?? decodeRequestByTable(frame);
  if (frame.type === requests.write.type) return decodeWrite(frame) ?? decodeRequestByTable(frame);
  return decodeRequestByTable(frame);
}

/** `decodeRequest` by the table alone, which the fast paths are measured against. */
export function decodeRequestByTable(frame: Frame): Request {
  const reader = new Reader(frame.head, frame.data);
  const type = reader.u8();
  const row = requestOfType.get(type);
  if (row) {
    const [kind, { fields, sums }] = row;
    return { kind, ...readFields(fields, reader, sums) } as unknown as PlainRequest;
  }
  if (type === extended.type) return decodeExtended(reader);
  return { kind: 'unknown', id: reader.u32(), type };
}

function decodeExtended(reader: Reader): Request {
  const { id, name } = readFields(extended.fields, reader);
  const kind = extensionName(name);
  if (kind === null) return { kind: 'unknown-extension', id, name };
  const { request, sums }: Extension = extensions[kind];
  return { kind, id, ...readFields(request, reader, sums) } as unknown as ExtendedRequest;
}

/** A request, packet length first. */
export function encodeRequest(request: KnownRequest): Buffer {
  const extension = extensionName(request.kind);
  if (extension !== null) {
    const writer = new Writer(extended.type);
    const { id } = request as ExtendedRequest;
    writeFields(extended.fields, writer, { id, name: extension });
    writeFields(extensions[extension].request as Fields, writer, { ...request });
    return writer.finish();
  }
  const row: Packet = requests[request.kind as RequestKind];
  return encode(row, { ...request });
}

/**
 * What a server answers.
 * @param asked the extension that was asked for: EXTENDED_REPLY does not say what it answers
 * @throws Malformed with the id where it could be read; also for what no server may send
 */
export function decodeReply(frame: Frame, asked: ExtensionName | null = null): Reply {
  if (frame.type === replies.data.type) return decodeData(frame) ?? decodeReplyByTable(frame, asked);
  return decodeReplyByTable(frame, asked);
}

/** `decodeReply` by the table alone. */
export function decodeReplyByTable(frame: Frame, asked: ExtensionName | null = null): Reply {
  const reader = new Reader(frame.head, frame.data);
  const type = reader.u8();
  const row = replyOfType.get(type);
  if (row) {
    const [kind, { fields }] = row;
    return { kind, ...readFields(fields, reader) } as unknown as PlainReply;
  }
  const head = type === extendedReply.type ? readFields(extendedReply.fields, reader) : null;
  const fields = asked === null ? null : (extensions[asked] as Extension).reply;
  if (!head || fields === null || typeof fields === 'string') {
    reader.id ??= reader.left >= 4 ? reader.u32() : null;
    return reader.fail(`a reply of type ${type} that nothing asked for`);
  }
  return { kind: asked, ...head, ...readFields(fields, reader) } as unknown as ExtendedReply;
}

/** The id that a reply answers, before it is decoded: `null` for VERSION. */
export function replyId(frame: Frame): number | null {
  if (frame.type === replies.version.type) return null;
  const reader = new Reader(frame.head);
  reader.u8();
  return reader.u32();
}

function encode<F extends Fields>(packet: Packet<F>, values: Parameters<typeof writeFields<F>>[2]): Buffer {
  const writer = new Writer(packet.type);
  writeFields(packet.fields, writer, values);
  return writer.finish();
}

/** [filexfer-02 4] */
export function encodeVersion(version: number, extensionPairs: readonly Pair[]): Buffer {
  return encode(replies.version, { version, extensions: extensionPairs });
}

/** [filexfer-02 7] */
export function encodeHandle(id: number, handle: ByteString): Buffer {
  return encode(replies.handle, { id, handle });
}

/** [filexfer-02 7] */
export function encodeName(id: number, entries: readonly NameEntry[]): Buffer {
  const writer = new Writer(replies.name.type, 16 + entries.length * 160);
  writeFields(replies.name.fields, writer, { id, entries });
  return writer.finish();
}

/** [filexfer-02 7] */
export function encodeAttrs(id: number, attrs: Attrs): Buffer {
  return encode(replies.attrs, { id, attrs });
}

/** Any reply, packet length first, by the table alone. */
export function encodeReply(reply: Reply): Buffer {
  const extension = extensionName(reply.kind);
  if (extension !== null)
    return encodeExtendedReply((reply as ExtendedReply).id, extension as never, { ...reply } as never);
  return encode(replies[reply.kind as ReplyKind] as Packet, { ...reply });
}

/** [filexfer-02 8] */
export function encodeExtendedReply<K extends ExtensionWithReply>(
  id: number,
  kind: K,
  fields: ReplyOf<K>,
): Buffer {
  const writer = new Writer(extendedReply.type);
  writeFields(extendedReply.fields, writer, { id });
  writeFields(extensions[kind].reply as Fields, writer, fields);
  return writer.finish();
}
