import { fromBytes, type ByteString } from '../names.js';
import type { Frame } from './frame.js';
import { lengthSize, maxBlock, maxHandleLength, maxPacket } from './limits.js';
import { replies, requests } from './packets.js';
import type { StatusCode } from './status.js';

/**
 * The four packets that files are moved with, by hand: the tables say the same at several times the price
 * (docs/decisions/codec.md). The decoders answer `null` wherever anything is unusual, and the table decides.
 */

/** type and id, then the length of the handle. */
const handleAt = 9;
/** The largest high half of an offset to which any u32 can be added without passing 2^53-1. */
const plainHigh = 0x1f_fffe;

interface Place {
  readonly id: number;
  readonly handle: ByteString;
  readonly offset: number;
  readonly length: number;
}

/** What READ and WRITE have in common: handle, u64 offset, u32 length. [filexfer-02 6.4] */
function place(head: Buffer): Place | null {
  if (head.length < handleAt + 12) return null;
  const handleLength = head.readUInt32BE(5);
  const offsetAt = handleAt + handleLength;
  if (handleLength > maxHandleLength || head.length < offsetAt + 12) return null;
  const high = head.readUInt32BE(offsetAt);
  if (high > plainHigh) return null;
  return {
    id: head.readUInt32BE(1),
    handle: fromBytes(head.subarray(handleAt, offsetAt)),
    offset: high * 2 ** 32 + head.readUInt32BE(offsetAt + 4),
    length: head.readUInt32BE(offsetAt + 8),
  };
}

export type ReadRequest = { readonly kind: 'read' } & Place;
export type WriteRequest = { readonly kind: 'write'; readonly data: readonly Buffer[] } & Place;

export function decodeRead(head: Buffer): ReadRequest | null {
  const found = place(head);
  return (
    found && {
      kind: 'read',
      id: found.id,
      handle: found.handle,
      offset: found.offset,
      length: found.length,
    }
  );
}

export function decodeWrite({ head, data }: Frame): WriteRequest | null {
  const found = place(head);
  if (!found || head.length !== handleAt + found.handle.length + 12) return null;
  let length = 0;
  for (const slice of data) length += slice.length;
  if (length !== found.length) return null;
  return {
    kind: 'write',
    id: found.id,
    handle: found.handle,
    offset: found.offset,
    length,
    data,
  };
}

export interface DataReply {
  readonly kind: 'data';
  readonly id: number;
  readonly length: number;
  readonly data: readonly Buffer[];
}

export function decodeData({ head, data }: Frame): DataReply | null {
  if (head.length !== 9) return null;
  const length = head.readUInt32BE(5);
  let found = 0;
  for (const slice of data) found += slice.length;
  return found === length ? { kind: 'data', id: head.readUInt32BE(1), length, data } : null;
}

/** Bytes of a DATA reply before the data: packet length, type, id, data length. [filexfer-02 7] */
export const dataHeaderLength = 13;

/**
 * Fills the first `dataHeaderLength` bytes of `into`, whose next `length` bytes are what was read. What is sent is
 * `into` up to there.
 */
export function writeDataHeader(into: Buffer, id: number, length: number): void {
  into.writeUInt32BE(dataHeaderLength - lengthSize + length, 0);
  into.writeUInt8(replies.data.type, 4);
  into.writeUInt32BE(id, 5);
  into.writeUInt32BE(length, 9);
}

/** Bytes of a STATUS besides the text: packet length, type, id, code and two string lengths. */
const statusFrame = lengthSize + 1 + 4 + 4 + 4 + 4;

/**
 * [filexfer-02 7]
 * @param message UTF-8 for the person at the other end; cut where it would not fit a packet
 */
export function encodeStatus(id: number, status: StatusCode, message: string, language = ''): Buffer {
  let messageLength = Buffer.byteLength(message);
  if (messageLength > maxBlock) return encodeStatus(id, status, message.slice(0, maxBlock / 4), language);
  const languageLength = Buffer.byteLength(language);
  const bytes = Buffer.allocUnsafe(statusFrame + messageLength + languageLength);
  bytes.writeUInt32BE(bytes.length - lengthSize, 0);
  bytes.writeUInt8(replies.status.type, 4);
  bytes.writeUInt32BE(id, 5);
  bytes.writeUInt32BE(status, 9);
  bytes.writeUInt32BE(messageLength, 13);
  messageLength += 17;
  bytes.write(message, 17, 'utf8');
  bytes.writeUInt32BE(languageLength, messageLength);
  bytes.write(language, messageLength + 4, 'utf8');
  return bytes;
}

/** READ, packet length first. [filexfer-02 6.4] */
export function encodeRead(id: number, handle: ByteString, offset: number, length: number): Buffer {
  return placeBytes(requests.read.type, id, handle, offset, length, 0);
}

/** WRITE up to its data, packet length first: the `length` bytes of data follow it. [filexfer-02 6.4] */
export function encodeWriteHeader(id: number, handle: ByteString, offset: number, length: number): Buffer {
  return placeBytes(requests.write.type, id, handle, offset, length, length);
}

function placeBytes(
  type: number,
  id: number,
  handle: ByteString,
  offset: number,
  length: number,
  dataLength: number,
): Buffer {
  const offsetAt = lengthSize + handleAt + handle.length;
  const packetLength = offsetAt + 12 - lengthSize + dataLength;
  if (packetLength > maxPacket) throw new RangeError('a block that does not fit one packet');
  const bytes = Buffer.allocUnsafe(offsetAt + 12);
  bytes.writeUInt32BE(packetLength, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32BE(id, 5);
  bytes.writeUInt32BE(handle.length, 9);
  bytes.write(handle, 13, 'latin1');
  bytes.writeUInt32BE(Math.floor(offset / 2 ** 32), offsetAt);
  bytes.writeUInt32BE(offset % 2 ** 32, offsetAt + 4);
  bytes.writeUInt32BE(length, offsetAt + 8);
  return bytes;
}
