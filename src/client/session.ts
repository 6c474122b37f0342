import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { printable } from '../observe/printable.js';
import {
  decodeReply,
  encodeRead,
  encodeRequest,
  encodeWriteHeader,
  replyId,
  type KnownRequest,
  type Reply,
} from '../wire/codec.js';
import { extensionName, type ExtensionName } from '../wire/extensions.js';
import type { Pair } from '../wire/fields.js';
import { Frames, type Frame } from '../wire/frame.js';
import { replies } from '../wire/packets.js';
import { statusCodes } from '../wire/status.js';
import type { OpenChannel } from './internals.js';
import { Outbox } from './outbox.js';
import { receiveFrom } from './receive-window.js';
import { statusToFault } from './status-to-fault.js';

type WithoutId<R> = R extends { readonly id: number } ? Omit<R, 'id'> : never;

/** A request as it is asked; the session numbers it. */
export type Asked = WithoutId<KnownRequest>;

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (fault: Fault) => void;
  readonly extension: ExtensionName | null;
  /** When it was asked. */
  readonly at: number;
  /** Bytes that DATA may have, for READ. */
  readonly most: number;
  /** The answer may take as long as it takes: a hash or a copy of a large file. */
  readonly patient: boolean;
}

export interface SessionOptions {
  readonly channel: OpenChannel;
  /** Milliseconds without any byte after which requests that wait fail with `timed-out`; hashes and copies may wait. */
  readonly timeout: number;
  /** Ends the connection: the other side breaks the protocol, or is silent. */
  readonly abandon: (fault: Fault) => void;
}

/** Chars of stderr that are kept until somebody asks for them. */
const mostStderr = 16_384;

/** Requests of one SFTP session and their answers, in any order. [filexfer-02 3] */
export class Session {
  readonly #outbox: Outbox;
  readonly #abandon: (fault: Fault) => void;
  readonly #timeout: number;
  readonly #frames = new Frames();
  readonly #waiting = new Map<number, Waiter>();
  #impatient = 0;
  #watch: NodeJS.Timeout | null = null;
  #lastId = 0;
  #asked = 0;
  #ended: Fault | null = null;
  #version: { readonly resolve: (reply: Reply) => void; readonly reject: (fault: Fault) => void } | null =
    null;
  #stderr = '';
  #roundTrip = Infinity;

  constructor({ channel, timeout, abandon }: SessionOptions) {
    this.#outbox = new Outbox(channel);
    this.#timeout = timeout;
    this.#abandon = abandon;
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-mostStderr);
    });
    channel.on('close', () => this.end(this.#lastWords()));
    channel.on('error', (error: Error) => this.end(new Fault('no-connection', printable(error.message))));
    receiveFrom(channel, (chunk) => this.#take(chunk));
  }

  /** Begins the session. [filexfer-02 4] @throws Fault `no-connection`, `unsupported` */
  async start(): Promise<{ readonly version: number; readonly pairs: readonly Pair[] }> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#version = { resolve, reject };
      this.#impatience(1);
      this.#outbox.send(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    });
    if (reply.kind !== 'version') throw this.#broken('did not begin with VERSION');
    if (reply.version !== 3) {
      throw new Fault('unsupported', `the server speaks SFTP version ${reply.version}, and this program 3`);
    }
    return { version: reply.version, pairs: reply.extensions };
  }

  /** Milliseconds of the shortest answer so far. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** Requests so far. */
  get asked(): number {
    return this.#asked;
  }

  /** What the server said on stderr since the last call. */
  takeStderr(): string {
    const said = this.#stderr;
    this.#stderr = '';
    return said;
  }

  /** The answer, whatever it is but a STATUS other than OK. @throws Fault as the STATUS says */
  async ask(request: Asked, patient = false): Promise<Reply> {
    const reply = await this.#send((id) => this.#outbox.send(encodeRequest({ ...request, id })), {
      extension: extensionName(request.kind),
      most: 0,
      patient,
    });
    if (reply.kind === 'status' && reply.code !== statusCodes.ok)
      throw statusToFault(reply.code, reply.message);
    return reply;
  }

  /** The answer of that kind. @throws Fault as the STATUS says; `bad-message` for another kind */
  async get<K extends Reply['kind']>(
    kind: K,
    request: Asked,
    patient = false,
  ): Promise<Extract<Reply, { kind: K }>> {
    const reply = await this.ask(request, patient);
    if (reply.kind !== kind) throw this.#broken(`answered ${request.kind} with ${reply.kind}`);
    return reply as Extract<Reply, { kind: K }>;
  }

  /** [filexfer-02 6.4] `null` at the end of the file */
  async read(handle: ByteString, offset: number, length: number): Promise<readonly Buffer[] | null> {
    const reply = await this.#send((id) => this.#outbox.send(encodeRead(id, handle, offset, length)), {
      extension: null,
      most: length,
      patient: false,
    });
    if (reply.kind === 'data') return reply.data;
    if (reply.kind === 'status' && reply.code === statusCodes.eof) return null;
    if (reply.kind === 'status' && reply.code !== statusCodes.ok)
      throw statusToFault(reply.code, reply.message);
    throw this.#broken(`answered read with ${reply.kind}`);
  }

  /** [filexfer-02 6.4] */
  async write(handle: ByteString, offset: number, data: Buffer): Promise<void> {
    const reply = await this.#send(
      (id) => this.#outbox.send(encodeWriteHeader(id, handle, offset, data.length), data),
      { extension: null, most: 0, patient: false },
    );
    if (reply.kind !== 'status') throw this.#broken(`answered write with ${reply.kind}`);
    if (reply.code !== statusCodes.ok) throw statusToFault(reply.code, reply.message);
  }

  /** Everything that waits fails, and everything that is asked from now on. */
  end(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = fault;
    if (this.#watch) clearTimeout(this.#watch);
    this.#watch = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#version?.reject(fault);
    this.#version = null;
    for (const { reject } of waiting) reject(fault);
  }

  #send(write: (id: number) => void, waiter: Omit<Waiter, 'resolve' | 'reject' | 'at'>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1;
      const id = this.#lastId;
      this.#asked++;
      this.#waiting.set(id, { ...waiter, at: performance.now(), resolve, reject });
      if (!waiter.patient) this.#impatience(1);
      try {
        write(id);
      } catch (thrown) {
        this.#waiting.delete(id);
        if (!waiter.patient) this.#impatience(-1);
        reject(
          thrown instanceof Fault ? thrown : new Fault('invalid', 'that cannot be asked', { cause: thrown }),
        );
      }
    });
  }

  /** One timer watches over all that wait: each byte that comes gives all of them their time again. */
  #impatience(change: 1 | -1): void {
    this.#impatient += change;
    if (this.#impatient === 0 && this.#watch) {
      clearTimeout(this.#watch);
      this.#watch = null;
    } else if (this.#impatient > 0) {
      this.#watch ??= setTimeout(() => this.#silent(), this.#timeout);
    }
  }

  #silent(): void {
    const seconds = Math.round(this.#timeout / 1000);
    this.#fail(new Fault('timed-out', `the server did not answer for ${seconds} s`));
  }

  #fail(fault: Fault): void {
    if (this.#ended) return;
    this.end(fault);
    this.#abandon(fault);
  }

  #broken(what: string): Fault {
    const fault = new Fault('bad-message', `the server breaks the protocol: it ${what}`);
    this.#fail(fault);
    return fault;
  }

  #lastWords(): Fault {
    const said = printable(this.#stderr.trim().split('\n').at(-1)?.slice(0, 500) ?? '');
    return new Fault(
      'no-connection',
      said === '' ? 'the server closed the connection' : `the server closed the connection: ${said}`,
    );
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    this.#watch?.refresh();
    try {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) this.#answer(frame);
    } catch (thrown) {
      const what = thrown instanceof Fault ? thrown.message : 'malformed packet';
      this.#fail(new Fault('bad-message', `the server breaks the protocol: ${what}`, { cause: thrown }));
    }
  }

  #answer(frame: Frame): void {
    if (frame.type === replies.version.type) {
      const waiter = this.#version;
      if (!waiter) throw new Fault('bad-message', 'a second VERSION');
      this.#version = null;
      this.#impatience(-1);
      waiter.resolve(decodeReply(frame));
      return;
    }
    const id = replyId(frame) ?? 0;
    const waiter = this.#waiting.get(id);
    if (!waiter) throw new Fault('bad-message', 'an answer to nothing that was asked');
    const reply = decodeReply(frame, waiter.extension);
    if (reply.kind === 'data' && reply.length > waiter.most)
      throw new Fault('bad-message', 'more data than asked for');
    this.#waiting.delete(id);
    this.#roundTrip = Math.min(this.#roundTrip, performance.now() - waiter.at);
    if (!waiter.patient) this.#impatience(-1);
    waiter.resolve(reply);
  }
}
