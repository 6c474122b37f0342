import { setMaxListeners } from 'node:events';
import { Fault, toFault } from '../fault.js';
import { decodeRequest, encodeVersion, type Request } from '../wire/codec.js';
import { advertised } from '../wire/extensions.js';
import { Frames, type Frame } from '../wire/frame.js';
import { Malformed } from '../wire/malformed.js';
import { vendorIdPair } from '../wire/vendor-id.js';
import type { Budget } from '../channel/budget.js';
import type { ChannelSink, SessionChannel } from '../channel/channel.js';
import type { SessionContext } from './context.js';
import { faultToStatus } from './fault-to-status.js';
import { Handles } from './handles.js';
import type { Intercept, SessionRequest } from './intercept.js';
import { smallReply } from './reply-sizes.js';
import type { AnyOperation } from './operation.js';
import { operations } from './operations.js';
import { Pipeline, type Lane, type Reserved } from './pipeline.js';
import { Refusals } from './refusals.js';
import { Share } from '../channel/share.js';

/** The only version of SFTP that is spoken; a client that asks for less is told what it asked for. */
const spokenVersion = 3;

/** Requests of one session that run at once; more would only wait for the disk. */
const width = 64;

/** Requests taken and not yet answered; later ones stay in the channel's window. */
const maxDepth = 256;

/** Requests taken in one turn of the event loop; other sessions have theirs before the next ones. */
const burst = 256;

/** The lane of requests that touch nothing. */
const nowhere: Lane = { key: {}, exclusive: false };

export interface SessionOptions extends Omit<SessionContext, 'handles' | 'signal'> {
  /** Replies that may wait for the peer, shared by the channels of a connection. */
  readonly output: Budget;
  /** Bytes that may wait for the disk, shared likewise. */
  readonly input: Budget;
  /** The product's version, for `vendor-id`. */
  readonly version: string;
  /** Called once, when the channel is gone and every file is closed. */
  readonly ended: (requests: number) => void;
  /** What went wrong on our side, for the operator; the client was told `failure`. */
  readonly failed: (operation: string, path: string, cause: unknown) => void;
  /** Stands round the answering of each request; only servers for tests have one. */
  readonly intercept?: Intercept;
}

interface Taken {
  readonly request: SessionRequest;
  /** Its largest reply, and its own length: until it is answered it is kept, with all that it carries. */
  readonly reserved: Reserved;
}

/**
 * One SFTP session over any channel: chunks become frames, frames requests, requests replies, each step in a file of
 * its own. Here they are joined, and the flow in both directions is kept within its budgets (T3).
 */
export class SftpSession implements ChannelSink {
  readonly #channel: SessionChannel;
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  #frames = new Frames();
  readonly #pipeline: Pipeline;
  readonly #refusals: Refusals;
  readonly #abort = new AbortController();
  readonly #output: Share;
  readonly #input: Share;
  /** A request that was read and waits until its reply fits the budget. */
  #held: Taken | null = null;
  #initialised = false;
  #pumping = false;
  /** Requests taken since the event loop had its last turn, and what goes on after it. */
  #taken = 0;
  #resting: NodeJS.Immediate | null = null;
  /** The peer is granted no more window for now. */
  #paused = false;
  #inputEnded = false;
  /** No further request is taken. */
  #stopped = false;
  #finished = false;
  #gone = false;
  #exitStatus = 0;
  #requests = 0;
  /** Bytes given to the channel, and of them those it has told as sent. */
  #queued = 0;
  #left = 0;
  /** Replies in blocks, which are used again once all before `end` has left. */
  readonly #lent: { readonly block: Buffer; readonly end: number }[] = [];

  constructor(channel: SessionChannel, options: SessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#output = new Share(options.output, () => this.#pump());
    this.#input = new Share(options.input, () => this.#resumeInput());
    this.#context = { ...options, handles: new Handles(options.maxHandles), signal: this.#abort.signal };
    // As many as wait for the gate listen to it.
    setMaxListeners(0, this.#abort.signal);
    this.#refusals = new Refusals((text) => {
      if (!this.#gone) channel.stderr(text);
    });
    this.#pipeline = new Pipeline({
      width,
      send: (reply, reserved) => this.#send(reply, reserved),
      broken: (cause) => {
        options.failed('session', '', cause);
        channel.destroy();
      },
    });
    channel.start(this);
  }

  data(bytes: Buffer): boolean {
    if (this.#stopped) return true;
    this.#input.charge(bytes.length);
    this.#frames.push(bytes);
    this.#pump();
    // A session that holds only the beginning of a packet may always go on, or two could wait for each other for ever.
    this.#paused = this.#input.full && this.#hasWork;
    if (this.#paused) this.#input.whenGiven();
    return !this.#paused;
  }

  end(): void {
    this.#inputEnded = true;
    this.#pump();
  }

  sent(bytes: number): void {
    this.#left += bytes;
    for (let first = this.#lent[0]; first && first.end <= this.#left; first = this.#lent[0]) {
      this.#lent.shift();
      this.#options.blocks.give(first.block);
    }
    this.#output.give(bytes);
    this.#pump();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stop();
    this.#abort.abort();
    this.#output.close();
    this.#input.close();
    void this.#pipeline
      .whenIdle()
      .then(() => this.#context.handles.closeAll())
      .then(() => this.#options.ended(this.#requests));
  }

  get #hasWork(): boolean {
    return this.#held !== null || this.#resting !== null || this.#pipeline.depth > 0;
  }

  /** Takes no further request, and forgets what had not been taken. */
  #stop(): void {
    this.#stopped = true;
    this.#held = null;
    if (this.#resting) clearImmediate(this.#resting);
    this.#resting = null;
    this.#input.give(this.#frames.buffered);
    this.#frames = new Frames();
  }

  /** Small requests that are done at once would keep the event loop for as long as there are any. */
  #rest(): void {
    this.#resting ??= setImmediate(() => {
      this.#resting = null;
      this.#taken = 0;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#stopped && this.#pipeline.depth < maxDepth) {
        if (this.#taken >= burst) {
          if (this.#held || this.#frames.buffered > 0) this.#rest();
          break;
        }
        const taken = this.#held ?? this.#next();
        if (!taken) break;
        this.#held = taken;
        if (!this.#output.take(taken.reserved.output)) break;
        this.#held = null;
        this.#taken++;
        this.#submit(taken);
      }
    } catch (thrown) {
      this.#breakOff(thrown);
    } finally {
      this.#pumping = false;
    }
    if (this.#paused && !this.#hasWork) this.#resumeInput();
    this.#finishWhenIdle();
  }

  /** The next request, or null when no whole packet is there. INIT is answered at once [filexfer-02 4]. */
  #next(): Taken | null {
    for (;;) {
      const before = this.#frames.buffered;
      const frame = this.#frames.next();
      if (!frame) return null;
      const input = before - this.#frames.buffered;
      try {
        const request = this.#decode(frame);
        if (request.kind !== 'init') return { request, reserved: { output: largestReply(request), input } };
        this.#initialised = true;
        this.#sendVersion(request.version);
        this.#input.give(input);
      } catch (thrown) {
        this.#input.give(input);
        throw thrown;
      }
    }
  }

  #decode(frame: Frame): Request | SessionRequest {
    let request: Request | SessionRequest;
    try {
      request = decodeRequest(frame);
    } catch (thrown) {
      if (!(thrown instanceof Malformed) || thrown.id === null) throw thrown;
      request = { kind: 'malformed', id: thrown.id };
    }
    if (!this.#initialised !== (request.kind === 'init')) {
      throw new Fault('bad-message', 'an SFTP session begins with INIT, once');
    }
    return request;
  }

  #sendVersion(asked: number): void {
    const reply = encodeVersion(Math.min(asked, spokenVersion), [
      ...advertised,
      vendorIdPair({ vendor: 'Plimsoll', product: 'Plimsoll', version: this.#options.version, build: 0 }),
    ]);
    this.#output.charge(reply.length);
    this.#sendBytes(reply);
  }

  #submit({ request, reserved }: Taken): void {
    this.#requests++;
    const { intercept } = this.#options;
    this.#pipeline.submit(
      this.#laneOf(request),
      reserved,
      intercept ? () => this.#intercepted(intercept, request, reserved.output) : () => this.#answer(request),
    );
  }

  /** A reply that does not fit what was set aside for it would break the budget (T3). */
  async #intercepted(intercept: Intercept, request: SessionRequest, most: number): Promise<Buffer> {
    const own: { answering?: Promise<Buffer> } = {};
    const answer = (): Promise<Buffer> => (own.answering ??= Promise.resolve(this.#answer(request)));
    let reply: Buffer;
    try {
      reply = await intercept(request, answer, this.#abort.signal);
      if (reply.length > most) throw new Error(`a reply of ${reply.length} bytes, where ${most} fit`);
    } catch (thrown) {
      reply = this.#refuse(request, thrown);
    }
    // What is done and not told keeps its lane until it is done.
    const unsent = await own.answering;
    if (unsent && unsent.buffer !== reply.buffer) this.#options.blocks.give(unsent);
    return reply;
  }

  #laneOf(request: SessionRequest): Lane {
    if (request.kind === 'malformed') return nowhere;
    const { lane, effect } = operationOf(request);
    switch (lane) {
      case 'none':
        return nowhere;
      case 'paths':
        return { key: null, exclusive: effect === 'write' };
      case 'handle':
      case 'listing': {
        const open = 'handle' in request ? this.#context.handles.find(request.handle) : undefined;
        // One that is guessed while its OPEN is on the way may turn out to be any.
        return { key: open?.lane ?? null, exclusive: lane === 'listing' || effect === 'write' };
      }
    }
  }

  #answer(request: SessionRequest): Buffer | Promise<Buffer> {
    if (request.kind === 'malformed') return faultToStatus(request.id, new Fault('bad-message'));
    const { effect, run } = operationOf(request);
    // What was asked for is still done, as far as it was taken; nobody is left to read anything.
    if (this.#gone && effect === 'read') return Buffer.alloc(0);
    try {
      const reply = run(request as never, this.#context);
      return reply instanceof Promise
        ? reply.catch((thrown: unknown) => this.#refuse(request, thrown))
        : reply;
    } catch (thrown) {
      return this.#refuse(request, thrown);
    }
  }

  #refuse(request: SessionRequest, thrown: unknown): Buffer {
    const fault = toFault(thrown);
    const subject = subjectOf(request);
    // The filesystem's own failures are told by `observed`; what is no Fault is a mistake of ours.
    if (!(thrown instanceof Fault)) this.#options.failed(request.kind, subject, thrown);
    this.#refusals.tell(fault, subject);
    return faultToStatus(request.id, fault);
  }

  #send(reply: Buffer, reserved: Reserved): void {
    if (this.#gone) return;
    this.#output.give(reserved.output - reply.length);
    this.#sendBytes(reply);
    this.#input.give(reserved.input);
    this.#pump();
  }

  #sendBytes(bytes: Buffer): void {
    this.#queued += bytes.length;
    // Noted before it is sent: the channel may tell of it at once.
    if (this.#options.blocks.owns(bytes)) this.#lent.push({ block: bytes, end: this.#queued });
    this.#channel.send(bytes);
  }

  #resumeInput(): void {
    if (!this.#paused) return;
    if (this.#input.full && this.#hasWork) {
      this.#input.whenGiven();
      return;
    }
    this.#paused = false;
    this.#channel.resume();
  }

  /** The stream cannot be read any further: says why, answers what was taken, ends. */
  #breakOff(thrown: unknown): void {
    if (!(thrown instanceof Fault)) this.#options.failed('session', '', thrown);
    this.#exitStatus = 1;
    this.#stop();
    this.#channel.stderr(toFault(thrown).message);
  }

  #finishWhenIdle(): void {
    if (this.#finished || this.#gone || this.#hasWork || this.#pumping) return;
    if (!this.#stopped && !this.#inputEnded) return;
    this.#finished = true;
    this.#stop();
    void this.#context.handles.closeAll().then(() => {
      if (!this.#gone) this.#channel.finish(this.#exitStatus);
    });
  }
}

function operationOf(request: Exclude<SessionRequest, { readonly kind: 'malformed' }>): AnyOperation {
  return operations[request.kind];
}

function largestReply(request: SessionRequest): number {
  if (request.kind === 'malformed') return smallReply;
  const { reply } = operationOf(request);
  return typeof reply === 'number' ? reply : reply(request as never);
}

/** The handle or path that a request is about, for messages. */
function subjectOf(request: SessionRequest): string {
  if ('handle' in request) return request.handle;
  if ('path' in request) return request.path;
  if ('from' in request) return request.from;
  return 'name' in request ? request.name : '';
}
