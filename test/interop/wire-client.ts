import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Client, type AnyAuthMethod, type ClientChannel } from 'ssh2';
import type { ByteString } from '../../src/names.js';
import type { AccountStatus } from '../../src/wire/account-status.js';
import { decodeReply, encodeRequest, replyId, type Reply } from '../../src/wire/codec.js';
import { extensionName, type ExtensionName } from '../../src/wire/extensions.js';
import { Frames } from '../../src/wire/frame.js';
import type { Asked } from '../sftp/session-pair.js';
import type { TestServer } from './server.js';

/** Where to connect to, and how to log in. */
export type WireServer = Pick<TestServer, 'port' | 'keyFile'>;

export interface WireOptions {
  /** What follows `SSH-2.0-` in the identification string; the server reads some clients' SYMLINK by it. */
  readonly ident?: string;
  readonly account?: string;
  /** The version that INIT asks for. */
  readonly version?: number;
  /** Ways to log in, in order; the test's key where there is none. */
  readonly logins?: readonly AnyAuthMethod[];
}

export interface Executed {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: Error) => void;
}

/** The packet number of VERSION, the one reply that has no id. [filexfer-02 3] */
const versionType = 2;

/** What the server says of the account, its home and its line [PROTOCOL 5]. */
export async function accountStatus(wire: WireClient): Promise<AccountStatus> {
  const { status } = await wire.get('account-status@plimsoll', { kind: 'account-status@plimsoll' });
  return JSON.parse(status) as AccountStatus;
}

/** A real connection that speaks packet for packet as some program does, any number of requests at once. */
export class WireClient {
  readonly #connection = new Client();
  readonly #frames = new Frames();
  readonly #waiting = new Map<number | null, Waiter>();
  readonly #early = new Map<number | null, Reply>();
  readonly #asked = new Map<number, ExtensionName | null>();
  #channel: ClientChannel | null = null;
  #lastId = 0;
  #closed = false;
  /** Ids in the order their replies arrived. */
  readonly order: number[] = [];
  /** Resolves when the connection has ended, whoever ended it. */
  readonly gone = new Promise<void>((resolve) => this.#connection.on('close', resolve));
  /** For each login that was not the last: what the server says may go on. */
  readonly refusals: (readonly string[])[] = [];
  /** Key exchanges that are over, the first one too. */
  exchanges = 0;
  /** What came on the channel's stderr. */
  stderr = '';
  /** The server's VERSION. */
  version: Extract<Reply, { kind: 'version' }> = { kind: 'version', version: 0, extensions: [] };

  static async connect(server: WireServer, options: WireOptions = {}): Promise<WireClient> {
    const client = await WireClient.login(server, options);
    await client.startSftp(options.version ?? 3);
    return client;
  }

  /** Logged in, without any channel. */
  static async login(server: WireServer, options: WireOptions = {}): Promise<WireClient> {
    const client = new WireClient();
    const username = options.account ?? 'alice';
    const byKey = { type: 'publickey', username, key: readFileSync(server.keyFile) } as const;
    const logins = [...(options.logins ?? [byKey])];
    client.#connection.connect({
      host: '127.0.0.1',
      port: server.port,
      username,
      ...(options.ident !== undefined && { ident: options.ident }),
      authHandler: (methodsLeft, _partial, next) => {
        // Before the first try there is nothing that could be left.
        if (methodsLeft as typeof methodsLeft | null) client.refusals.push(methodsLeft);
        const login = logins.shift();
        if (login) next(login);
        else next(false as never);
      },
    });
    // A server that is killed resets its connections; whoever waits for something is told by its end.
    client.#connection.on('error', () => undefined);
    client.#connection.on('handshake', () => (client.exchanges += 1));
    const early = client.gone.then(() => {
      throw new Error('the connection ended before anybody was logged in');
    });
    await Promise.race([once(client.#connection, 'ready'), early]);
    // As OpenSSH does: what follows a first piece would wait for its acknowledgement, 40 ms.
    client.#connection.setNoDelay();
    return client;
  }

  async startSftp(version: number): Promise<void> {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.#connection.subsys('sftp', (error, opened) => (error ? reject(error) : resolve(opened)));
      void this.gone.then(() => reject(this.#ended()));
    });
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => this.#take(chunk));
    channel.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('latin1')));
    const closed = (): void => {
      this.#closed = true;
      for (const { reject } of this.#waiting.values()) reject(this.#ended());
    };
    channel.on('close', closed);
    // A server that was killed closes no channel.
    void this.gone.then(closed);
    channel.write(encodeRequest({ kind: 'init', version, extensions: [] }));
    const reply = await this.#reply(null);
    if (reply.kind !== 'version') throw new Error(`not VERSION: ${reply.kind}`);
    this.version = reply;
  }

  /** Runs a command on a channel of its own, to its end. */
  exec(command: string, input: Buffer | string = ''): Promise<Executed> {
    return new Promise((resolve, reject) => {
      this.#connection.exec(command, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        // Here and not later: what a quick command answers may be in the chunk that is being parsed now.
        const out: Buffer[] = [];
        let stderr = '';
        let status: number | null = null;
        channel.on('data', (chunk: Buffer) => out.push(chunk));
        channel.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
        channel.on('exit', (code: number | null) => (status = code));
        channel.on('close', () => resolve({ status, stdout: Buffer.concat(out), stderr }));
        channel.end(input);
      });
    });
  }

  /** Sends without waiting; gives the id. */
  send(request: Asked): number {
    const id = ++this.#lastId;
    this.#asked.set(id, extensionName(request.kind));
    this.channel.write(encodeRequest({ ...request, id }));
    return id;
  }

  /** The reply to what `send` sent. */
  reply(id: number): Promise<Reply> {
    return this.#reply(id);
  }

  ask(request: Asked): Promise<Reply> {
    return this.reply(this.send(request));
  }

  /** Asks, and throws unless the answer is of that kind. */
  async get<K extends Reply['kind']>(kind: K, request: Asked): Promise<Extract<Reply, { kind: K }>> {
    return this.got(kind, this.send(request));
  }

  /** The reply of that kind to what `send` sent. */
  async got<K extends Reply['kind']>(kind: K, id: number): Promise<Extract<Reply, { kind: K }>> {
    const reply = await this.reply(id);
    if (reply.kind !== kind) throw new Error(`not ${kind}: ${JSON.stringify(reply)}`);
    return reply as Extract<Reply, { kind: K }>;
  }

  /** Asks for what is answered by STATUS, and throws unless it says OK. */
  async must(request: Asked): Promise<void> {
    await this.succeeded(this.send(request));
  }

  async succeeded(id: number): Promise<void> {
    const status = await this.got('status', id);
    if (status.code !== 0) throw new Error(`status ${status.code}: ${status.message}`);
  }

  async open(path: ByteString, flags: number): Promise<ByteString> {
    return (await this.get('handle', { kind: 'open', path, flags, attrs: {} })).handle;
  }

  /** Sends a WRITE without waiting; gives the id. */
  sendWrite(handle: ByteString, offset: number, data: Buffer): number {
    return this.send({ kind: 'write', handle, offset, data: [data], length: data.length });
  }

  async write(handle: ByteString, offset: number, data: Buffer): Promise<void> {
    await this.succeeded(this.sendWrite(handle, offset, data));
  }

  async close(handle: ByteString): Promise<void> {
    await this.must({ kind: 'close', handle });
  }

  /** Runs `task` for each piece, no more than `depth` at once, as clients keep their queues. */
  async queue<T>(depth: number, pieces: Iterable<T>, task: (piece: T) => Promise<void>): Promise<void> {
    const source = pieces[Symbol.iterator]();
    const lane = async (): Promise<void> => {
      for (let next = source.next(); !next.done; next = source.next()) await task(next.value);
    };
    await Promise.all(Array.from({ length: depth }, lane));
  }

  get channel(): ClientChannel {
    if (!this.#channel) throw new Error('not connected');
    return this.#channel;
  }

  end(): void {
    this.#connection.destroy();
  }

  #ended(): Error {
    return new Error(`the channel closed: ${this.stderr}`);
  }

  #take(chunk: Buffer): void {
    this.#frames.push(chunk);
    for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) {
      const id = frame.type === versionType ? null : replyId(frame);
      const reply = decodeReply(frame, this.#asked.get(id ?? -1) ?? null);
      if (id !== null) this.order.push(id);
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (waiter) waiter.resolve(reply);
      else this.#early.set(id, reply);
    }
  }

  #reply(id: number | null): Promise<Reply> {
    const there = this.#early.get(id);
    this.#early.delete(id);
    if (there) return Promise.resolve(there);
    if (this.#closed) return Promise.reject(this.#ended());
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}
