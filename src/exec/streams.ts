import { setMaxListeners } from 'node:events';
import type { Budget } from '../channel/budget.js';
import type { ChannelSink, SessionChannel } from '../channel/channel.js';
import { Share } from '../channel/share.js';
import { Fault } from '../fault.js';
import { InputQueue } from './input-queue.js';

/** Input that waits for the command before the sender is slowed down. */
const mostInput = 1024 * 1024;

/** Output that waits for the peer before the command is. */
const mostOutput = 1024 * 1024;

/** What a running command holds of the output budget, so that its connection does not count as idle. */
const busy = 1;

/**
 * The standard streams of one command on its channel. Both directions are bounded and charged to the connection's
 * budgets (T3): a command that does not read slows its peer, a peer that does not read slows the command.
 */
export class CommandStreams implements ChannelSink {
  readonly #channel: SessionChannel;
  readonly #input: Share;
  readonly #output: Share;
  readonly #abort = new AbortController();
  readonly #closed: () => void;
  readonly #queue = new InputQueue();
  #inputEnded = false;
  /** The server took no more input, whether or not there was more. */
  #cut = false;
  /** The channel was told to grant no more. */
  #paused = false;
  /** Output that the channel has not told as sent. */
  #unsent = 0;
  /** The command has ended: what arrives is dropped. */
  #finished = false;
  #wakeReader: (() => void) | null = null;
  readonly #writers = new Set<() => void>();

  /** @param closed called once, when the channel is gone */
  constructor(
    channel: SessionChannel,
    budgets: { readonly input: Budget; readonly output: Budget },
    closed: () => void,
  ) {
    this.#channel = channel;
    this.#closed = closed;
    this.#input = new Share(budgets.input, () => this.#resume());
    this.#output = new Share(budgets.output, () => this.#wakeWriters());
    this.#output.charge(busy);
    // As many files as a command has at work listen to it.
    setMaxListeners(0, this.signal);
    channel.start(this);
  }

  /** Aborts when the channel is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  data(bytes: Buffer): boolean {
    if (this.#finished || bytes.length === 0) return true;
    this.#queue.push(bytes);
    this.#input.charge(bytes.length);
    this.#paused = this.#queue.length >= mostInput || this.#input.full;
    if (this.#paused && this.#queue.length < mostInput) this.#input.whenGiven();
    this.#wakeReader?.();
    return !this.#paused;
  }

  end(cut = false): void {
    this.#inputEnded = true;
    this.#cut = cut;
    this.#wakeReader?.();
  }

  sent(bytes: number): void {
    this.#unsent -= bytes;
    this.#output.give(bytes);
    this.#wakeWriters();
  }

  closed(): void {
    if (this.signal.aborted) return;
    this.#abort.abort();
    this.#queue.clear();
    this.#output.close();
    this.#input.close();
    this.#wakeReader?.();
    this.#wakeWriters();
    this.#closed();
  }

  /**
   * Standard input as it comes, at most so many bytes of it; `null` at its end. Who asks waits for the answer before
   * asking again.
   * @throws Fault `cancelled` when the channel is gone, or the server stops and did not take all
   */
  async read(most: number): Promise<Buffer | null> {
    await this.#untilInput(null);
    const taken = this.#queue.take(most);
    if (taken.length === 0) return null;
    this.#input.give(taken.length);
    this.#resume();
    return taken;
  }

  /**
   * Whether input, or its end, is there before `milliseconds` have passed.
   * @throws Fault `cancelled` as `read`
   */
  async arrives(milliseconds: number): Promise<boolean> {
    await this.#untilInput(milliseconds);
    return this.#queue.length > 0 || this.#inputEnded;
  }

  /**
   * Standard output. The buffer belongs to the channel from now on; resolves once there is room for more.
   * @throws Fault `cancelled` when the channel is gone
   */
  async write(bytes: Buffer): Promise<void> {
    this.#stopIfGone();
    if (bytes.length === 0) return;
    this.#unsent += bytes.length;
    this.#output.charge(bytes.length);
    this.#channel.send(bytes);
    // Sending may have ended the connection.
    this.#stopIfGone();
    while (this.#unsent >= mostOutput || (this.#output.full && this.#unsent > 0)) {
      await new Promise<void>((resolve) => {
        this.#writers.add(resolve);
        this.#output.whenGiven();
      });
      this.#stopIfGone();
    }
  }

  /** Counts bytes that the command keeps in memory beside these streams, until it lets go of them. */
  keep(of: 'input' | 'output', bytes: number): void {
    if (!this.signal.aborted) this.#shareOf(of).charge(bytes);
  }

  letGo(of: 'input' | 'output', bytes: number): void {
    if (!this.signal.aborted) this.#shareOf(of).give(bytes);
  }

  /** A line on standard error. */
  complain(sentence: string): void {
    if (!this.signal.aborted) this.#channel.stderr(sentence);
  }

  /** Ends the command once everything written has left. */
  finish(exitStatus: number): void {
    if (this.#finished || this.signal.aborted) return;
    this.#input.give(this.#queue.length);
    this.#queue.clear();
    // A peer that only sends, and reads afterwards, is not left waiting.
    this.#resume();
    this.#finished = true;
    this.#output.give(busy);
    this.#channel.finish(exitStatus);
  }

  /** A connection whose command only waits for its peer is as idle as any that asks for nothing. */
  async #untilInput(milliseconds: number | null): Promise<void> {
    if (this.#queue.length === 0 && !this.#inputEnded && !this.signal.aborted) {
      this.#output.give(busy);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
        if (milliseconds !== null) timer = setTimeout(resolve, milliseconds);
      });
      clearTimeout(timer);
      this.#wakeReader = null;
      this.#stopIfGone();
      this.#output.charge(busy);
    }
    this.#stopIfGone();
    if (this.#cut && this.#queue.length === 0) {
      throw new Fault('cancelled', 'the server is stopping, and took no more input');
    }
  }

  /** Lets the peer send again once the command has caught up, or the others have given back. */
  #resume(): void {
    if (!this.#paused || this.#finished || this.signal.aborted || this.#queue.length >= mostInput) return;
    if (this.#input.full && this.#queue.length > 0) {
      this.#input.whenGiven();
      return;
    }
    this.#paused = false;
    this.#channel.resume();
  }

  #shareOf(of: 'input' | 'output'): Share {
    return of === 'input' ? this.#input : this.#output;
  }

  #wakeWriters(): void {
    const woken = [...this.#writers];
    this.#writers.clear();
    for (const wake of woken) wake();
  }

  #stopIfGone(): void {
    if (this.signal.aborted) throw new Fault('cancelled');
  }
}
