import { Fault } from '../../src/fault.js';
import { Conversation, defaultPatience } from '../../src/peers/conversation.js';
import { isPeerName, newPeerName } from '../../src/quota/peer-name.js';
import type { Answering, Channel, Peers } from '../../src/quota/peers.js';

export interface MemoryPeer extends Peers {
  /**
   * As `kill -9`: its channels break, and it is refused from now on. Of its own code nothing goes on that waits for a
   * peer: what it asked is never settled.
   */
  kill(): void;
  /** As SIGSTOP: nothing reaches it, and nothing of it gets out. */
  hang(): void;
  /** As SIGCONT: what was held arrives, in order. */
  resume(): void;
}

export interface MemoryPeersOptions {
  /** Milliseconds that a question, or a connection, waits unless told; 5000 as everywhere. */
  readonly patience?: number;
  /** How many turns of the event loop the next message takes more than one; none unless given. */
  readonly turns?: () => number;
}

/**
 * Processes of one root within one process, for tests: messages cross as JSON, one after another, each in at least a turn of the event loop.
 * It passes the same contract as the sockets.
 */
export function memoryPeers(options: MemoryPeersOptions = {}): { peer(): MemoryPeer } {
  const root = new Map<string, Process>();
  const { patience = defaultPatience, turns = () => 0 } = options;
  return { peer: () => new Process(root, patience, turns) };
}

class Process implements MemoryPeer {
  readonly self = newPeerName();
  readonly #root: Map<string, Process>;
  readonly #patience: number;
  readonly turns: () => number;
  readonly #channels = new Map<string, Promise<Channel>>();
  readonly #ends = new Set<End>();
  #answering: Answering | null = null;
  #resumed = new Set<() => void>();
  state: 'runs' | 'hangs' | 'dead' | 'closed' = 'runs';

  constructor(root: Map<string, Process>, patience: number, turns: () => number) {
    this.#root = root;
    this.#patience = patience;
    this.turns = turns;
    root.set(this.self, this);
  }

  others(): Promise<readonly string[]> {
    return Promise.resolve([...this.#root.keys()].filter((name) => name !== this.self));
  }

  connect(peer: string): Promise<Channel> {
    if (this.state === 'dead') return new Promise(() => undefined);
    if (this.state === 'closed') return Promise.reject(new Fault('cancelled'));
    if (peer === this.self) return Promise.reject(new Fault('invalid'));
    let channel = this.#channels.get(peer);
    if (channel === undefined) {
      channel = this.seen(this.#reach(peer));
      this.#channels.set(peer, channel);
      const forget = (): unknown => this.#channels.delete(peer);
      channel.then(({ gone }) => gone.then(forget), forget);
    }
    return channel;
  }

  answer(answering: Answering): void {
    this.#answering = answering;
  }

  close(): Promise<void> {
    if (this.state === 'runs' || this.state === 'hangs') {
      this.state = 'closed';
      this.#root.delete(this.self);
      for (const end of [...this.#ends]) {
        end.finish();
        end.other?.hangUp();
      }
      this.#wake();
    }
    return Promise.resolve();
  }

  kill(): void {
    if (this.state === 'closed') return;
    this.state = 'dead';
    for (const end of [...this.#ends]) end.other?.hangUp();
    this.#ends.clear();
    this.#wake();
  }

  hang(): void {
    if (this.state === 'runs') this.state = 'hangs';
  }

  resume(): void {
    if (this.state !== 'hangs') return;
    this.state = 'runs';
    this.#wake();
  }

  /** Calls `then` once it hangs no more, whatever it does instead. */
  whenAwake(then: () => void): void {
    if (this.state === 'hangs') this.#resumed.add(then);
    else then();
  }

  open(peer: string): End {
    const end = new End(this, peer, () => this.#answering, this.#patience);
    this.#ends.add(end);
    void end.conversation.gone.then(() => this.#ends.delete(end));
    return end;
  }

  /** What its own code gets to see of a promise: nothing while it hangs, and nothing ever when it is dead. */
  seen<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      const pass = (): void => {
        this.whenAwake(() => {
          if (this.state !== 'dead') resolve(promise);
        });
      };
      promise.then(pass, pass);
    });
  }

  #wake(): void {
    const waiting = this.#resumed;
    this.#resumed = new Set();
    for (const then of waiting) then();
  }

  #reach(peer: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Fault('busy')), this.#patience);
      const fail = (fault: Fault): void => {
        clearTimeout(timer);
        reject(fault);
      };
      setImmediate(() => {
        const there = this.#root.get(peer);
        if (!isPeerName(peer) || there === undefined || there.state === 'dead') {
          this.#root.delete(peer);
          fail(new Fault('not-found', 'there is no such process'));
          return;
        }
        there.whenAwake(() => {
          if (there.state !== 'runs') {
            fail(new Fault('not-found', 'there is no such process'));
            return;
          }
          if (this.state === 'closed') {
            fail(new Fault('cancelled'));
            return;
          }
          clearTimeout(timer);
          const here = this.open(peer);
          here.join(there.open(this.self));
          resolve(here);
        });
      });
    });
  }
}

/** One end of a channel, and what is on its way to it. */
class End implements Channel {
  readonly peer: string;
  readonly gone: Promise<void>;
  readonly conversation: Conversation;
  readonly #process: Process;
  readonly #arriving: (Buffer | null)[] = [];
  #turns = false;
  #over = false;
  other: End | null = null;

  constructor(process: Process, peer: string, answering: () => Answering | null, patience: number) {
    this.peer = peer;
    this.#process = process;
    const send = (payload: Buffer): void => {
      process.whenAwake(() => {
        if (process.state !== 'dead') this.other?.arrive(payload);
      });
    };
    const answers = (): Answering | null => {
      const answer = answering();
      return answer && ((_, question, argument) => answer(this, question, argument));
    };
    const link = { send, awaited: () => undefined };
    this.conversation = new Conversation({ peer, link, answering: answers, patience });
    this.gone = process.seen(this.conversation.gone);
  }

  ask(question: string, argument: unknown, patience?: number | null): Promise<unknown> {
    return this.#process.seen(this.conversation.ask(question, argument, patience));
  }

  join(other: End): void {
    this.other = other;
    other.other = this;
  }

  arrive(payload: Buffer | null): void {
    if (this.#over) return;
    this.#arriving.push(payload);
    this.#turn();
  }

  /** After what is on its way, the channel is gone. */
  hangUp(): void {
    this.arrive(null);
  }

  finish(): void {
    this.#over = true;
    this.#arriving.length = 0;
    this.conversation.end();
  }

  #turn(): void {
    if (this.#turns || this.#arriving.length === 0) return;
    this.#turns = true;
    this.#after(this.#process.turns(), () => {
      this.#process.whenAwake(() => {
        this.#turns = false;
        if (this.#process.state === 'dead') return;
        const next = this.#arriving.shift();
        if (next === null) this.finish();
        else if (next !== undefined) this.conversation.take(next);
        this.#turn();
      });
    });
  }

  #after(turns: number, then: () => void): void {
    setImmediate(() => {
      if (turns === 0) then();
      else this.#after(turns - 1, then);
    });
  }
}
