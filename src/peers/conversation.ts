import { Fault, toFault } from '../fault.js';
import type { Answering, Channel } from '../quota/peers.js';
import { decode, encode, encodeFault } from './message.js';

/** Milliseconds for which a question waits when its asker says nothing else. */
export const defaultPatience = 5000;

/** What carries the messages of a conversation, each whole and in order. */
export interface Link {
  send(payload: Buffer): void;
  /** Whether replies are waited for: only then may the link keep the process alive. */
  awaited(any: boolean): void;
}

export interface ConversationOptions {
  readonly peer: string;
  readonly link: Link;
  /** `null` while nobody answers yet. */
  readonly answering: () => Answering | null;
  /** Milliseconds that a question waits unless it says otherwise. */
  readonly patience: number;
}

interface Waiting {
  settle(): void;
  resolve(value: unknown): void;
  reject(fault: Fault): void;
}

/** One end of a channel: questions and replies, both ways, on a link. */
export class Conversation implements Channel {
  readonly peer: string;
  readonly gone: Promise<void>;
  readonly #options: ConversationOptions;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #over = false;
  #leave: () => void = () => undefined;

  constructor(options: ConversationOptions) {
    this.peer = options.peer;
    this.#options = options;
    this.gone = new Promise((resolve) => (this.#leave = resolve));
  }

  ask(
    question: string,
    argument: unknown,
    patience: number | null = this.#options.patience,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) throw broken();
      const id = ++this.#asked;
      const payload = encode({ kind: 'question', id, question, argument });
      const timer = patience === null ? null : setTimeout(() => this.#giveUp(id), patience);
      const settle = (): void => {
        if (timer !== null) clearTimeout(timer);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) this.#options.link.awaited(false);
      };
      this.#waiting.set(id, { settle, resolve, reject });
      if (this.#waiting.size === 1) this.#options.link.awaited(true);
      this.#options.link.send(payload);
    }).catch((thrown: unknown) => {
      throw toFault(thrown);
    });
  }

  /**
   * Acts on a message of the other end.
   * @returns whether somebody waited for it: then its promise's jobs have to run before the next message is taken
   * @throws Fault `bad-message`: what follows cannot be trusted
   */
  take(payload: Buffer): boolean {
    const message = decode(payload);
    if (message.kind === 'hello') throw new Fault('bad-message');
    if (message.kind === 'question') {
      void this.#answer(message.id, message.question, message.argument);
      return false;
    }
    if (message.id < 1 || message.id > this.#asked) throw new Fault('bad-message');
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return false;
    waiting.settle();
    if (message.kind === 'reply') waiting.resolve(message.value);
    else waiting.reject(new Fault(message.code, message.message));
    return true;
  }

  /** The link is gone: nothing is answered any more, here or there. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
    for (const waiting of [...this.#waiting.values()]) {
      waiting.settle();
      waiting.reject(broken());
    }
  }

  async #answer(id: number, question: string, argument: unknown): Promise<void> {
    let payload: Buffer;
    try {
      const answering = this.#options.answering();
      if (answering === null) throw new Fault('busy');
      payload = encode({ kind: 'reply', id, value: await answering(this, question, argument) });
    } catch (thrown) {
      payload = encodeFault(id, toFault(thrown));
    }
    if (!this.#over) this.#options.link.send(payload);
  }

  /** A process that was itself held up may have the reply unread: it gets one look at its sockets before this. */
  #giveUp(id: number): void {
    setImmediate(() => {
      const waiting = this.#waiting.get(id);
      waiting?.settle();
      waiting?.reject(new Fault('busy'));
    });
  }
}

function broken(): Fault {
  return new Fault('cancelled', 'the process that was asked has ended');
}
