import { createRequire } from 'node:module';

/**
 * Everything that is taken from inside ssh2, and what it looks like there. The package has no types for these parts
 * and promises nothing about them, so the version is pinned exactly and asserted: after an upgrade each name here is
 * read again in the new source before the number below changes (docs/decisions/ssh2.md).
 */
const expectedVersion = '1.17.0';

const load = createRequire(import.meta.url);
const { version: foundVersion } = load('ssh2/package.json') as { readonly version: string };
if (foundVersion !== expectedVersion) {
  throw new Error(`ssh2 ${expectedVersion} is needed, and ${foundVersion} is installed: run npm ci`);
}

/** Encrypts and writes; a new one after each key exchange. */
export interface Cipher {
  outSeqno: number;
  /** A packet with length, padding and room for the tag filled in; the payload starts at byte 5. */
  allocPacket(payloadLength: number): Buffer;
  encrypt(packet: Buffer): void;
}

export interface Decipher {
  inSeqno: number;
  /** Called for each whole packet; looked up again for every one. Its result steers the parser and must be kept. */
  _onPayload: (payload: Buffer) => unknown;
}

interface PacketWriter {
  /** Where the payload starts in what `alloc` gives: 0 during a key exchange, when payloads are queued bare. */
  readonly allocStart: number;
  readonly allocStartKEX: number;
  alloc(payloadLength: number, force?: boolean): Buffer;
}

interface KeyExchange {
  readonly sessionID: Buffer;
  remoteExtInfoEnabled: boolean;
}

export interface Offer {
  readonly lists: unknown;
}

/** One side of an SSH transport [RFC 4253]: identification, key exchange, packets. */
export interface Protocol {
  /** Sends the identification string. */
  start(): void;
  parse(chunk: Buffer, from: number, to: number): void;
  /** Begins a key exchange; nothing when one is running. */
  rekey(): void;
  cleanup(): void;
  _cipher: Cipher;
  readonly _decipher: Decipher;
  readonly _packetRW: { readonly write: PacketWriter };
  /** Our KEXINIT while a key exchange runs. */
  readonly _kexinit: Buffer | undefined;
  /** What was sent during a key exchange and goes out after it. */
  readonly _queue: readonly Buffer[] | undefined;
  readonly _kex: KeyExchange | undefined;
  _offer: Offer;
  /** Takes the packets outside key exchanges; read whenever a new decipher is made. */
  _onPayload: (payload: Buffer) => unknown;
}

export interface Header {
  /** The peer's identification string without its line end. */
  readonly identRaw: string;
}

interface ProtocolOptions {
  readonly server: true;
  readonly hostKeys: Readonly<Record<string, ParsedKey>>;
  /** Without `SSH-2.0-` and line end. */
  readonly ident: string;
  readonly offer: Offer;
  readonly onWrite: (bytes: Buffer) => void;
  /** After this nothing works any more. */
  readonly onError: (error: Error) => void;
  /** The KEXINIT is sent right after this returns. */
  readonly onHeader: (header: Header) => void;
  readonly onHandshakeComplete: () => void;
  readonly messageHandlers: {
    readonly DISCONNECT: (protocol: unknown, code: number, description: string) => void;
  };
}

export interface ParsedKey {
  readonly type: string;
  getPublicSSH(): Buffer;
  isPrivateKey(): boolean;
  sign(data: Buffer, hash?: string): Buffer | Error;
}

interface OfferLists {
  readonly kex: readonly string[];
  readonly serverHostKey: readonly string[];
  readonly cs: DirectionLists;
  readonly sc: DirectionLists;
}

export interface DirectionLists {
  readonly cipher: readonly string[];
  readonly mac: readonly string[];
  readonly compress: readonly string[];
  readonly lang: readonly string[];
}

export const Protocol = load('ssh2/lib/protocol/Protocol.js') as new (options: ProtocolOptions) => Protocol;

const kex = load('ssh2/lib/protocol/kex.js') as {
  readonly KexInit: new (lists: OfferLists) => Offer;
  readonly kexinit: (protocol: Protocol) => void;
};
export const KexInit = kex.KexInit;
/** Sends our KEXINIT, made of `_offer`. */
export const sendKexInit = kex.kexinit;

const crypto = load('ssh2/lib/protocol/crypto.js') as {
  readonly init: Promise<void>;
  readonly bindingAvailable: boolean;
  readonly CIPHER_INFO: Readonly<Record<string, { readonly authLen: number }>>;
};
/** Settled once ssh2's WebAssembly is loaded; nothing may be sent before. */
export const cryptoReady = crypto.init;
/** Without the native binding every packet costs several writes and cipher objects. */
export const nativeBinding = crypto.bindingAvailable;
/** Whether a cipher brings its own authentication, so that no MAC is negotiated. */
export function authenticates(cipher: string): boolean {
  return (crypto.CIPHER_INFO[cipher]?.authLen ?? 0) > 0;
}

export const supported = load('ssh2/lib/protocol/constants.js') as {
  readonly SUPPORTED_KEX: readonly string[];
  readonly SUPPORTED_CIPHER: readonly string[];
  readonly SUPPORTED_MAC: readonly string[];
};

const utils = load('ssh2/lib/protocol/utils.js') as {
  readonly sendPacket: (protocol: Protocol, packet: Buffer) => boolean;
};
/** Encrypts and writes, or queues while a key exchange runs. */
export const sendPacket = utils.sendPacket;

/** Several keys, or an error, where the text holds such. */
export const parseKey = (
  load('ssh2/lib/protocol/keyParser.js') as {
    readonly parseKey: (text: Buffer) => ParsedKey | readonly ParsedKey[] | Error;
  }
).parseKey;
