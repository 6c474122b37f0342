import { Fault, toFault } from '../fault.js';
import { decodeRequest, encodeVersion, type Request } from '../wire/codec.js';
import { advertised } from '../wire/extensions.js';
import { Frames } from '../wire/frame.js';
import { Malformed } from '../wire/malformed.js';
import { vendorIdPair } from '../wire/vendor-id.js';
import type { Budget } from './budget.js';
import type { ChannelSink, SessionChannel } from './channel.js';
import type { SessionContext } from './context.js';
import { faultToStatus } from './fault-to-status.js';
import { Handles } from './handles.js';
import { smallReply } from './reply-sizes.js';
import type { AnyOperation } from './operation.js';
import { operations } from './operations.js';
import { Pipeline, type Lane } from './pipeline.js';
import { Refusals } from './refusals.js';

/** The only version of SFTP that is spoken; a client that asks for less is told what it asked for. */
const spokenVersion = 3;

/** Requests of one session that run at once; more would only wait for the disk. */
const width = 64;

/** Requests taken and not yet answered; later ones stay in the channel's window. */
const maxDepth = 256;

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
}

interface Taken {
  readonly request:
    Exclude<Request, { readonly kind: 'init' }> | { readonly kind: 'malformed'; readonly id: number };
  /** What it held of the input budget. */
  readonly bytes: number;
  /** Its largest reply. */
  readonly reply: number;
}

/**
 * One SFTP session over any channel: chunks become frames, frames requests, requests replies, each step in a file of
 * its own. Here they are joined, and the flow in both directions is kept within its budgets (T3).
 */
export class SftpSession implements ChannelSink {
  readonly #channel: SessionChannel;
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #frames = new Frames();
  readonly #pipeline: Pipeline;
  readonly #refusals: Refusals;
  readonly #abort = new AbortController();
  readonly #wakeForOutput = (): void => this.#pump();
  readonly #wakeForInput = (): void => this.#resumeInput();
  /** A request that was read and waits until its reply fits the budget. */
  #held: Taken | null = null;
  #initialised = false;
  #pumping = false;
  /** The peer is granted no more window for now. */
  #paused = false;
  #inputEnded = false;
  /** No further request is taken. */
  #stopped = false;
  #finished = false;
  #gone = false;
  #exitStatus = 0;
  #owedOutput = 0;
  #owedInput = 0;
  #requests = 0;
  /** Bytes given to the channel, and of them those it has told as sent. */
  #queued = 0;
  #left = 0;
  /** Replies in blocks, which are used again once all before `end` has left. */
  readonly #lent: { readonly block: Buffer; readonly end: number }[] = [];

  constructor(channel: SessionChannel, options: SessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#context = { ...options, handles: new Handles(options.maxHandles), signal: this.#abort.signal };
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
    this.#owedInput += bytes.length;
    this.#options.input.charge(bytes.length);
    this.#frames.push(bytes);
    this.#pump();
    // A session that holds only the beginning of a packet may always go on, or two could wait for each other for ever.
    this.#paused = this.#options.input.full && this.#hasWork;
    if (this.#paused) this.#options.input.whenGiven(this.#wakeForInput);
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
    this.#giveOutput(bytes);
    this.#pump();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stopped = true;
    this.#held = null;
    this.#abort.abort();
    this.#options.output.forget(this.#wakeForOutput);
    this.#options.input.forget(this.#wakeForInput);
    this.#giveOutput(this.#owedOutput);
    this.#giveInput(this.#owedInput);
    void this.#pipeline
      .whenIdle()
      .then(() => this.#context.handles.closeAll())
      .then(() => this.#options.ended(this.#requests));
  }

  get #hasWork(): boolean {
    return this.#held !== null || this.#pipeline.depth > 0;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#stopped && this.#pipeline.depth < maxDepth) {
        const taken = this.#held ?? this.#next();
        if (!taken) break;
        this.#held = null;
        if (!this.#options.output.take(taken.reply)) {
          this.#held = taken;
          this.#options.output.whenGiven(this.#wakeForOutput);
          break;
        }
        this.#owedOutput += taken.reply;
        this.#submit(taken);
      }
    } catch (thrown) {
      this.#breakOff(toFault(thrown));
    } finally {
      this.#pumping = false;
    }
    this.#finishWhenIdle();
  }

  /** The next request, or null when no whole packet is there. INIT is answered at once [filexfer-02 4]. */
  #next(): Taken | null {
    for (;;) {
      const before = this.#frames.buffered;
      const frame = this.#frames.next();
      if (!frame) return null;
      const bytes = before - this.#frames.buffered;
      let request: Request | { readonly kind: 'malformed'; readonly id: number };
      try {
        request = decodeRequest(frame);
      } catch (thrown) {
        if (!(thrown instanceof Malformed) || thrown.id === null) throw thrown;
        request = { kind: 'malformed', id: thrown.id };
      }
      if (!this.#initialised !== (request.kind === 'init')) {
        throw new Fault('bad-message', 'an SFTP session begins with INIT, once');
      }
      if (request.kind !== 'init') return { request, bytes, reply: largestReply(request) };
      this.#initialised = true;
      this.#giveInput(bytes);
      this.#sendVersion(request.version);
    }
  }

  #sendVersion(asked: number): void {
    const reply = encodeVersion(Math.min(asked, spokenVersion), [
      ...advertised,
      vendorIdPair({ vendor: 'Plimsoll', product: 'Plimsoll', version: this.#options.version, build: 0 }),
    ]);
    this.#options.output.charge(reply.length);
    this.#owedOutput += reply.length;
    this.#sendBytes(reply);
  }

  #submit({ request, bytes, reply }: Taken): void {
    this.#requests++;
    if (request.kind !== 'write') this.#giveInput(bytes);
    this.#pipeline.submit(this.#laneOf(request), reply, () => {
      const answer = this.#answer(request);
      if (request.kind !== 'write') return answer;
      const worked = (bytesOut: Buffer): Buffer => {
        this.#giveInput(bytes);
        return bytesOut;
      };
      return answer instanceof Promise ? answer.then(worked) : worked(answer);
    });
  }

  #laneOf(request: Taken['request']): Lane {
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
        return open ? { key: open, exclusive: lane === 'listing' || effect === 'write' } : nowhere;
      }
    }
  }

  #answer(request: Taken['request']): Buffer | Promise<Buffer> {
    if (request.kind === 'malformed') return faultToStatus(request.id, new Fault('bad-message'));
    try {
      const reply = operationOf(request).run(request as never, this.#context);
      return reply instanceof Promise
        ? reply.catch((thrown: unknown) => this.#refuse(request, thrown))
        : reply;
    } catch (thrown) {
      return this.#refuse(request, thrown);
    }
  }

  #refuse(request: Exclude<Taken['request'], { readonly kind: 'malformed' }>, thrown: unknown): Buffer {
    const fault = toFault(thrown);
    const subject = subjectOf(request);
    // The filesystem's own failures are told by `observed`; what is no Fault is a mistake of ours.
    if (!(thrown instanceof Fault)) this.#options.failed(request.kind, subject, thrown);
    this.#refusals.tell(fault, subject);
    return faultToStatus(request.id, fault);
  }

  #send(reply: Buffer, reserved: number): void {
    if (this.#gone) return;
    this.#giveOutput(reserved - reply.length);
    this.#sendBytes(reply);
    if (this.#paused && !this.#hasWork) this.#resumeInput();
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
    if (this.#options.input.full && this.#hasWork) {
      this.#options.input.whenGiven(this.#wakeForInput);
      return;
    }
    this.#paused = false;
    this.#channel.resume();
  }

  /** The stream cannot be read any further: says why, answers what was taken, ends. */
  #breakOff(fault: Fault): void {
    this.#exitStatus = 1;
    this.#stopped = true;
    this.#channel.stderr(fault.message);
  }

  #finishWhenIdle(): void {
    if (this.#finished || this.#gone || this.#hasWork || this.#pumping) return;
    if (!this.#stopped && !this.#inputEnded) return;
    this.#finished = true;
    this.#stopped = true;
    void this.#context.handles.closeAll().then(() => {
      if (!this.#gone) this.#channel.finish(this.#exitStatus);
    });
  }

  #giveOutput(bytes: number): void {
    const given = Math.min(bytes, this.#owedOutput);
    this.#owedOutput -= given;
    this.#options.output.give(given);
  }

  #giveInput(bytes: number): void {
    const given = Math.min(bytes, this.#owedInput);
    this.#owedInput -= given;
    this.#options.input.give(given);
  }
}

function operationOf(request: Exclude<Taken['request'], { readonly kind: 'malformed' }>): AnyOperation {
  return operations[request.kind];
}

function largestReply(request: Taken['request']): number {
  if (request.kind === 'malformed') return smallReply;
  const { reply } = operationOf(request);
  return typeof reply === 'number' ? reply : reply(request as never);
}

/** The handle or path that a request is about, for messages. */
function subjectOf(request: Exclude<Request, { readonly kind: 'init' }>): string {
  if ('handle' in request) return request.handle;
  if ('path' in request) return request.path;
  if ('from' in request) return request.from;
  return 'name' in request ? request.name : '';
}
