import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { KexInit, Protocol, cryptoReady, type Cipher, type Decipher } from '../../src/ssh/internals.js';
import { message, payload, utf8 } from '../../src/ssh/messages.js';
import { Reader } from '../../src/wire/reader.js';
import type { Writer } from '../../src/wire/writer.js';

interface RawProtocol {
  start(): void;
  parse(chunk: Buffer, from: number, to: number): void;
  rekey(): void;
  _onPayload: (bytes: Buffer) => unknown;
  _kexinit: Buffer | undefined;
  readonly _cipher: Cipher;
  readonly _decipher: Decipher;
  readonly _kex: { readonly sessionID: Buffer; readonly negotiated: Negotiated };
  readonly _packetRW: {
    readonly write: { allocStart: number; alloc(length: number, force?: boolean): Buffer };
  };
}

interface Negotiated {
  readonly kex: string;
  readonly cs: NegotiatedDirection;
  readonly sc: NegotiatedDirection;
}

interface NegotiatedDirection {
  readonly cipher: string;
  readonly mac: string;
}

export interface RawOptions {
  readonly ident?: string;
  readonly kex?: readonly string[];
  readonly ciphers?: readonly string[];
  readonly macs?: readonly string[];
  /** Where it differs from that to the server. */
  readonly toClient?: { readonly ciphers?: readonly string[]; readonly macs?: readonly string[] };
  readonly compress?: readonly string[];
}

/** An SSH client that does nothing by itself after the key exchange, and says whatever it is told to. */
export class RawClient {
  readonly socket: Socket;
  readonly protocol: RawProtocol;
  readonly keyed: Promise<void>;
  readonly closed: Promise<void>;
  readonly received: { readonly type: number; readonly bytes: Buffer }[] = [];
  readonly #waiting = new Set<() => void>();
  over = false;

  static async connect(port: number, options: RawOptions = {}): Promise<RawClient> {
    await cryptoReady;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket, options);
  }

  /** With the key exchange done. */
  static async keyed(port: number, options: RawOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(port, options);
    await client.keyed;
    return client;
  }

  /** Logged in as alice. */
  static async loggedIn(port: number, options: RawOptions = {}): Promise<RawClient> {
    const client = await RawClient.keyed(port, options);
    client.askForLogin();
    client.password('alice', 'secret');
    await client.next(message.userauthSuccess);
    return client;
  }

  private constructor(socket: Socket, options: RawOptions) {
    this.socket = socket;
    const direction = {
      cipher: options.ciphers ?? ['aes128-gcm@openssh.com'],
      mac: options.macs ?? ['hmac-sha2-256-etm@openssh.com'],
      compress: options.compress ?? ['none'],
      lang: [],
    };
    const toClient = {
      ...direction,
      cipher: options.toClient?.ciphers ?? direction.cipher,
      mac: options.toClient?.macs ?? direction.mac,
    };
    let isKeyed = (): void => undefined;
    this.keyed = new Promise((resolve) => (isKeyed = resolve));
    const Client = Protocol as unknown as new (options: object) => RawProtocol;
    this.protocol = new Client({
      server: false,
      ident: options.ident ?? 'RawTest',
      offer: new KexInit({
        kex: [...(options.kex ?? ['curve25519-sha256']), 'ext-info-c', 'kex-strict-c-v00@openssh.com'],
        serverHostKey: ['ssh-ed25519'],
        cs: direction,
        sc: toClient,
      }),
      onWrite: (bytes: Buffer) => socket.write(bytes),
      onError: () => socket.destroy(),
      onHeader: () => undefined,
      onHandshakeComplete: () => isKeyed(),
      messageHandlers: { DISCONNECT: () => undefined },
    });
    const own = this.protocol._onPayload;
    this.protocol._onPayload = (bytes) => {
      const type = bytes.readUInt8(0);
      if (type === message.kexInit) return own(bytes);
      this.received.push({ type, bytes: Buffer.from(bytes) });
      this.#wake();
      return undefined;
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        this.protocol.parse(chunk, 0, chunk.length);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.over = true;
        this.#wake();
        resolve();
      });
    });
    this.protocol.start();
  }

  get exchanging(): boolean {
    return this.protocol._kexinit !== undefined && !this.over;
  }

  get negotiated(): Negotiated {
    return this.protocol._kex.negotiated;
  }

  /** Sends a message, whatever state things are in. */
  send(bytes: Buffer): void {
    const { write } = this.protocol._packetRW;
    const packet = write.alloc(bytes.length, true);
    bytes.copy(packet, 5);
    this.protocol._cipher.encrypt(packet);
  }

  say(type: number, fill?: (writer: Writer) => void): void {
    this.send(payload(type, fill));
  }

  /** Takes the next message of that type, waiting for it. */
  async next(type: number): Promise<Reader> {
    for (;;) {
      const index = this.received.findIndex((one) => one.type === type);
      const [found] = index === -1 ? [] : this.received.splice(index, 1);
      if (found) return new Reader(found.bytes.subarray(1));
      if (this.over) throw new Error(`the connection ended before message ${type}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  count(type: number): number {
    return this.received.filter((one) => one.type === type).length;
  }

  askForLogin(): void {
    this.say(message.serviceRequest, (writer) => writer.string(utf8('ssh-userauth')));
  }

  login(user: string, method: string, fill?: (writer: Writer) => void, service = 'ssh-connection'): void {
    this.say(message.userauthRequest, (writer) => {
      for (const text of [user, service, method]) writer.string(utf8(text));
      fill?.(writer);
    });
  }

  password(user: string, password: string): void {
    this.login(user, 'password', (writer) => {
      writer.u8(0);
      writer.string(utf8(password));
    });
  }

  openChannel(packetSize = 32768, window = 2 ** 21, id = 0): void {
    this.say(message.channelOpen, (writer) => {
      writer.string(utf8('session'));
      for (const number of [id, window, packetSize]) writer.u32(number);
    });
  }

  /** Opens a channel and starts the sftp subsystem on it; resolves with the server's number of it. */
  async sftp(packetSize = 32768, window = 2 ** 21): Promise<number> {
    this.openChannel(packetSize, window);
    const confirmation = await this.next(message.channelOpenConfirmation);
    confirmation.u32();
    const id = confirmation.u32();
    this.request(id, 'subsystem', (writer) => writer.string(utf8('sftp')));
    await this.next(message.channelSuccess);
    return id;
  }

  request(channel: number, type: string, fill?: (writer: Writer) => void): void {
    this.say(message.channelRequest, (writer) => {
      writer.u32(channel);
      writer.string(utf8(type));
      writer.u8(1);
      fill?.(writer);
    });
  }

  data(channel: number, bytes: Buffer): void {
    this.say(message.channelData, (writer) => {
      writer.u32(channel);
      writer.string(bytes);
    });
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
