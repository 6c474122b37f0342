import { signatureAlgorithms } from '../publickey/signature.js';
import { clientAlgorithms, offerFor, type Algorithms, type ClientAlgorithms } from './algorithms.js';
import type { CorkedSocket } from './corked-socket.js';
import type { HostKeys } from './host-keys.js';
import { IdentGatherer } from './ident.js';
import { Protocol, sendKexInit, sendPacket } from './internals.js';
import { disconnect, message, payload, utf8, Violation, type DisconnectCode } from './messages.js';
import { poolPadding } from './padding.js';
import type { Timers } from './timers.js';

/** How long a client is given to show its algorithms first; all known ones do so at once. */
const patience = 300;

/** Messages that may wait for the end of a key exchange; channel data never does. */
const maxQueued = 4096;

export interface TransportOptions {
  readonly output: CorkedSocket;
  readonly timers: Timers;
  readonly hostKeys: HostKeys;
  readonly algorithms: Algorithms;
  /** Without `SSH-2.0-`. */
  readonly ident: string;
}

/** Who is told what the transport sees. Everything is synchronous; what it throws ends the connection. */
export interface TransportListener {
  /** The client's identification string. */
  identified(ident: string): void;
  /** A packet of any kind arrived. */
  packet(): void;
  /** A message outside key exchanges. */
  message(type: number, payload: Buffer): void;
  /** The peer wants new keys, or has answered that we do. */
  exchangeBegun(): void;
  /** New keys are in use. */
  exchangeEnded(): void;
  /** Nothing works any more. */
  broken(reason: string): void;
  /** Runs what no input caused; what it throws ends the connection. */
  guard(run: () => void): void;
}

/** Thrown through ssh2's parser to make it forget the rest of a chunk. */
const stopped = new Violation('the connection is ending');

/**
 * ssh2's transport [RFC 4253] with guards: identification, key exchange and packets are its own; every message that
 * is not part of a key exchange leaves it here, before ssh2 looks at it.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #listener: TransportListener;
  readonly #protocol: Protocol;
  #ident: IdentGatherer | null = new IdentGatherer();
  #open = true;
  /** Our KEXINIT is held back until the client's has come. */
  #showOffer: ((client: ClientAlgorithms | null) => void) | null = null;
  #keyed = false;
  #wantsExtInfo = false;

  constructor(options: TransportOptions, listener: TransportListener) {
    this.#options = options;
    this.#listener = listener;
    this.#protocol = new Protocol({
      server: true,
      hostKeys: options.hostKeys.byAlgorithm,
      ident: options.ident,
      offer: offerFor(options.algorithms, null),
      onWrite: (bytes) => options.output.write(bytes),
      onError: (error) => {
        this.#open = false;
        listener.broken(error.message);
      },
      onHeader: (header) => this.#identified(header.identRaw),
      onHandshakeComplete: () => this.#exchanged(),
      messageHandlers: {
        DISCONNECT: (_protocol, _code, description) => {
          this.#open = false;
          listener.broken(`the client left: ${description}`);
        },
      },
    });
    const ownHandler = this.#protocol._onPayload;
    this.#protocol._onPayload = (bytes) => this.#message(bytes, ownHandler);
  }

  /** While a key exchange runs, nothing but its own messages may be sent. */
  get exchanging(): boolean {
    return this.#protocol._kexinit !== undefined;
  }

  /** What signatures of this connection cover. [RFC 4253 7.2] */
  get sessionId(): Buffer {
    const id = this.#protocol._kex?.sessionID;
    if (!id) throw new Violation('no key exchange yet');
    return id;
  }

  /** The number of the last packet that arrived. [RFC 4253 11.4] */
  get lastSequence(): number {
    return (this.#protocol._decipher.inSeqno - 1) >>> 0;
  }

  /** The number of the last packet that left. */
  get outgoingSequence(): number {
    return (this.#protocol._cipher.outSeqno - 1) >>> 0;
  }

  start(): void {
    this.#protocol.start();
  }

  /** @throws whatever is wrong with the bytes; the connection must end then, for ssh2 takes on more after it */
  receive(chunk: Buffer): void {
    if (!this.#open) return;
    let whole: Buffer | null = chunk;
    if (this.#ident) {
      whole = this.#ident.take(chunk);
      if (!whole) return;
      this.#ident = null;
    }
    try {
      this.#protocol.parse(whole, 0, whole.length);
    } catch (thrown) {
      if (thrown !== stopped) throw thrown;
    }
  }

  /** Queues a message; during a key exchange it waits for the end of it. */
  send(bytes: Buffer): void {
    this.write(bytes.length, (packet, at) => void bytes.copy(packet, at));
  }

  /** A message that `fill` writes straight into its packet, from `at` on. */
  write(length: number, fill: (packet: Buffer, at: number) => void): void {
    const { write } = this.#protocol._packetRW;
    const packet = write.alloc(length);
    fill(packet, write.allocStart);
    if (!sendPacket(this.#protocol, packet) && (this.#protocol._queue?.length ?? 0) > maxQueued) {
      throw new Violation('too much waits for the end of the key exchange');
    }
  }

  /** Says good-bye, even during a key exchange; nothing is received after it. */
  disconnect(code: DisconnectCode, description: string): void {
    if (!this.#open) return;
    this.#open = false;
    const { write } = this.#protocol._packetRW;
    const bytes = disconnect(code, description);
    const packet = write.alloc(bytes.length, true);
    bytes.copy(packet, write.allocStartKEX);
    this.#protocol._cipher.encrypt(packet);
  }

  rekey(): void {
    if (this.#open) this.#protocol.rekey();
  }

  /** Frees ssh2's ciphers. */
  close(): void {
    this.#open = false;
    this.#showOffer?.(null);
    this.#protocol.cleanup();
  }

  /** ssh2 sends our KEXINIT right after this; it is dropped, to be made when the client's is known. */
  #identified(ident: string): void {
    const { _cipher: cipher, _decipher: decipher } = this.#protocol;
    this.#listener.identified(ident);
    cipher.encrypt = () => void Reflect.deleteProperty(cipher, 'encrypt');
    const tooLate = this.#options.timers.after(patience, () =>
      this.#listener.guard(() => this.#showOffer?.(null)),
    );
    this.#showOffer = (client) => {
      this.#showOffer = null;
      tooLate();
      if (!this.#open) return;
      this.#protocol._offer = offerFor(this.#options.algorithms, client);
      sendKexInit(this.#protocol);
    };
    const inner = decipher._onPayload;
    decipher._onPayload = (bytes) => {
      this.#admit(bytes);
      const first = bytes[0] === message.kexInit;
      if (first) this.#showOffer?.(clientAlgorithms(bytes));
      const result = inner(bytes);
      if (first) this.#takeOverExtInfo();
      return this.#passed(result);
    };
  }

  /** ssh2's own EXT_INFO lacks a comma and names SHA-1. */
  #takeOverExtInfo(): void {
    const kex = this.#protocol._kex;
    if (!kex) return;
    this.#wantsExtInfo = kex.remoteExtInfoEnabled;
    kex.remoteExtInfoEnabled = false;
  }

  #exchanged(): void {
    poolPadding(this.#protocol._cipher);
    if (!this.#keyed && this.#wantsExtInfo) this.send(extInfo);
    this.#keyed = true;
    this.#listener.exchangeEnded();
  }

  #message(bytes: Buffer, ownHandler: (bytes: Buffer) => unknown): unknown {
    this.#admit(bytes);
    const type = bytes.readUInt8(0);
    if (type !== message.kexInit) {
      this.#listener.message(type, bytes);
      return this.#passed(undefined);
    }
    this.#listener.exchangeBegun();
    const result = ownHandler(bytes);
    const decipher = this.#protocol._decipher;
    const inner = decipher._onPayload;
    decipher._onPayload = (next) => {
      this.#admit(next);
      return this.#passed(inner(next));
    };
    return this.#passed(result);
  }

  #admit(bytes: Buffer): void {
    if (!this.#open) throw stopped;
    if (bytes.length === 0) throw new Violation('a packet without payload');
    this.#listener.packet();
    // The listener may have ended the connection.
    this.#passed(undefined);
  }

  #passed(result: unknown): unknown {
    if (!this.#open) throw stopped;
    return result;
  }
}

/** What users' keys may sign with. [RFC 8308 3.1] */
const extInfo = payload(message.extInfo, (writer) => {
  writer.u32(1);
  writer.string(utf8('server-sig-algs'));
  writer.string(utf8(signatureAlgorithms.join(',')));
});
