import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** Message numbers. [RFC 4250 4.1.2] */
export const message = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  serviceRequest: 5,
  serviceAccept: 6,
  extInfo: 7,
  kexInit: 20,
  userauthRequest: 50,
  userauthFailure: 51,
  userauthSuccess: 52,
  userauthBanner: 53,
  userauthPkOk: 60,
  userauthInfoResponse: 61,
  globalRequest: 80,
  requestSuccess: 81,
  requestFailure: 82,
  channelOpen: 90,
  channelOpenConfirmation: 91,
  channelOpenFailure: 92,
  channelWindowAdjust: 93,
  channelData: 94,
  channelExtendedData: 95,
  channelEof: 96,
  channelClose: 97,
  channelRequest: 98,
  channelSuccess: 99,
  channelFailure: 100,
} as const;

/** Reasons in a DISCONNECT. [RFC 4253 11.1] */
export const disconnectCode = {
  protocolError: 2,
  serviceNotAvailable: 7,
  connectionLost: 10,
  byApplication: 11,
  tooManyConnections: 12,
  noMoreAuthMethods: 14,
} as const;

export type DisconnectCode = (typeof disconnectCode)[keyof typeof disconnectCode];

/** Only a server sends these; from a client they are an attack or nonsense (CVE-2018-10933 and its like). */
export const serverOnly: ReadonlySet<number> = new Set([
  message.serviceAccept,
  message.userauthFailure,
  message.userauthSuccess,
  message.userauthBanner,
  message.userauthPkOk,
  message.channelOpenConfirmation,
  message.channelOpenFailure,
]);

/** The longest string a peer may put where a name is expected. */
export const maxName = 1024;

/** What ends a connection at once; `message` says to the log why. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The payload of one SSH message. */
export function payload(type: number, fill?: (writer: Writer) => void): Buffer {
  const writer = new Writer(type);
  fill?.(writer);
  // The writer is SFTP's and begins with a length, which SSH has outside the payload.
  return writer.finish().subarray(4);
}

/** A reader behind the message number. */
export function fieldsOf(bytes: Buffer): Reader {
  return new Reader(bytes.subarray(1));
}

/** Text as the string type carries it. [RFC 4251 5] */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

export function disconnect(code: DisconnectCode, description: string): Buffer {
  return payload(message.disconnect, (writer) => {
    writer.u32(code);
    writer.string(utf8(description));
    writer.string(utf8(''));
  });
}
