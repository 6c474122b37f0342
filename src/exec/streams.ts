import type { Budget } from '../channel/budget.js';
import type { ChannelSink, SessionChannel } from '../channel/channel.js';
import { Share } from '../channel/share.js';
import { Fault } from '../fault.js';

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
  #queue: Buffer[] = [];
  #queued = 0;
  #ended = false;
  #paused = false;
  /** Output that the channel has not told as sent. */
  #unsent = 0;
  /** The command reads no more: what arrives is dropped. */
  #deaf = false;
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
    channel.start(this);
  }

  /** Aborts when the channel is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  data(bytes: Buffer): boolean {
    if (this.#deaf || bytes.length === 0) return true;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#input.charge(bytes.length);
    this.#paused = this.#queued >= mostInput || this.#input.full;
    if (this.#paused && this.#queued < mostInput) this.#input.whenGiven();
    this.#wakeReader?.();
    return !this.#paused;
  }

  end(): void {
    this.#ended = true;
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
    this.#drop();
    this.#wakeReader?.();
    this.#wakeWriters();
    this.#output.close();
    this.#input.close();
    this.#closed();
  }

  /**
   * Standard input as it comes, at most so many bytes of it; `null` at its end.
   * @throws Fault `cancelled` when the channel is gone
   */
  async read(most: number): Promise<Buffer | null> {
    if (this.#queued === 0) await this.#untilInput();
    this.#stopIfGone();
    const first = this.#queue.shift();
    if (!first) return null;
    const taken = first.subarray(0, most);
    if (taken.length < first.length) this.#queue.unshift(first.subarray(most));
    this.#queued -= taken.length;
    this.#input.give(taken.length);
    this.#resume();
    return taken;
  }

  /**
   * Whether input, or its end, is there before `milliseconds` have passed.
   * @throws Fault `cancelled` when the channel is gone
   */
  async arrives(milliseconds: number): Promise<boolean> {
    if (this.#queued > 0 || this.#ended) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#untilInput(), late]).finally(() => clearTimeout(timer));
    this.#stopIfGone();
    return this.#queued > 0 || this.#ended;
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
    while (this.#unsent >= mostOutput || (this.#output.full && this.#unsent > 0)) {
      this.#stopIfGone();
      await new Promise<void>((resolve) => {
        this.#writers.add(resolve);
        this.#output.whenGiven();
      });
    }
    this.#stopIfGone();
  }

  /** A line on standard error. */
  complain(sentence: string): void {
    if (!this.signal.aborted) this.#channel.stderr(sentence);
  }

  /** Ends the command once everything written has left. */
  finish(exitStatus: number): void {
    this.#deaf = true;
    this.#drop();
    this.#resume();
    this.#output.give(busy);
    if (!this.signal.aborted) this.#channel.finish(exitStatus);
  }

  /** A connection whose command only waits for its peer is as idle as any that asks for nothing. */
  async #untilInput(): Promise<void> {
    while (this.#queued === 0 && !this.#ended && !this.signal.aborted) {
      this.#output.give(busy);
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      this.#wakeReader = null;
      // What a share takes after it was closed is never given back.
      if (!this.#isGone()) this.#output.charge(busy);
    }
  }

  #drop(): void {
    this.#input.give(this.#queued);
    this.#queue = [];
    this.#queued = 0;
  }

  #resume(): void {
    if (!this.#paused || this.signal.aborted || this.#queued >= mostInput) return;
    if (this.#input.full && this.#queued > 0) {
      this.#input.whenGiven();
      return;
    }
    this.#paused = false;
    this.#channel.resume();
  }

  #wakeWriters(): void {
    const woken = [...this.#writers];
    this.#writers.clear();
    for (const wake of woken) wake();
  }

  #isGone(): boolean {
    return this.signal.aborted;
  }

  #stopIfGone(): void {
    if (this.#isGone()) throw new Fault('cancelled');
  }
}
