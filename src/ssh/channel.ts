import type { ChannelSink, SessionChannel } from '../channel/channel.js';
import { message, Violation } from './messages.js';
import { ReceiveWindow, widened } from './window.js';
import type { WindowBudget } from './window-budget.js';

/** SSH_EXTENDED_DATA_STDERR [RFC 4254 5.2] */
const stderrType = 1;

/** Sentences that may wait for a peer that does not read; more are dropped. */
const maxStderr = 64 * 1024;

/**
 * What may arrive before a session is served, which nobody has a reason to send. Pieces are counted too: two million of
 * one byte fit the window, and each costs as much memory as a hundred bytes do.
 */
const maxEarly = { bytes: 256 * 1024, pieces: 256 };

/** What a channel uses of its connection. */
export interface ChannelHost {
  /** Nothing of any length may be sent now: keys are being exchanged, or the socket is full. */
  readonly blocked: boolean;
  /** What the channels of the connection may be granted together. */
  readonly windows: WindowBudget;
  /** Milliseconds that only grow. */
  now(): number;
  /** Sends a message that `fill` writes into its packet from `at` on. */
  write(length: number, fill: (packet: Buffer, at: number) => void): void;
  grant(recipient: number, bytes: number): void;
  exitStatus(recipient: number, status: number): void;
  eof(recipient: number): void;
  close(recipient: number): void;
  /** Calls `flush` at the end of this turn of the event loop. */
  flushLater(channel: Channel): void;
  /** The peer has closed too: the number is free. */
  forget(channel: Channel): void;
}

export interface ChannelNumbers {
  /** Ours. */
  readonly id: number;
  /** The peer's. */
  readonly recipient: number;
  /** What the peer grants at first, and its largest packet. */
  readonly window: number;
  readonly packetSize: number;
}

/** A queue of buffers that is taken off in pieces of any size. */
class OutputQueue {
  readonly #buffers: Buffer[] = [];
  #offset = 0;
  length = 0;

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#buffers.push(bytes);
    this.length += bytes.length;
  }

  /** Moves `length` bytes to `target`. */
  take(target: Buffer, at: number, length: number): void {
    this.length -= length;
    let done = 0;
    let emptied = 0;
    while (done < length) {
      const first = this.#buffers[emptied];
      if (!first) break;
      const copied = first.copy(target, at + done, this.#offset, this.#offset + length - done);
      done += copied;
      this.#offset += copied;
      if (this.#offset < first.length) break;
      this.#offset = 0;
      emptied++;
    }
    if (emptied > 0) this.#buffers.splice(0, emptied);
  }

  clear(): void {
    this.#buffers.length = 0;
    this.#offset = 0;
    this.length = 0;
  }
}

/**
 * One session channel [RFC 4254 5, 6] as the duplex that a session is served on. Output waits here, not in ssh2 and
 * not in the socket, and leaves in packets as full as they get; input is granted only as the session takes it.
 */
export class Channel implements SessionChannel {
  readonly id: number;
  readonly recipient: number;
  readonly #host: ChannelHost;
  readonly #packetSize: number;
  readonly #granted: ReceiveWindow;
  readonly #output = new OutputQueue();
  readonly #errors = new OutputQueue();
  #window: number;
  #sink: ChannelSink | null = null;
  /** What arrived before `start`. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  /** The session asked to grant no more. */
  #held = false;
  #pumping = false;
  /** The peer sends no more, or we take no more. */
  #inputEnded = false;
  #inputCut = false;
  #exitStatus: number | null = null;
  #closeSent = false;
  /** The session was told that the channel is gone. */
  #gone = false;

  constructor(host: ChannelHost, numbers: ChannelNumbers) {
    this.#host = host;
    this.id = numbers.id;
    this.recipient = numbers.recipient;
    this.#granted = new ReceiveWindow(host.windows, () => host.now());
    this.#window = numbers.window;
    this.#packetSize = numbers.packetSize;
  }

  /** What the peer is granted when the channel opens. */
  get firstWindow(): number {
    return this.#granted.first;
  }

  start(sink: ChannelSink): void {
    this.#sink = sink;
    if (this.#gone) {
      sink.closed();
      return;
    }
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.#deliver(sink, bytes);
    if (this.#inputEnded) sink.end(this.#inputCut);
  }

  resume(): void {
    this.#held = false;
    this.#topUp();
  }

  send(bytes: Buffer): void {
    if (this.#closing) return;
    this.#output.push(bytes);
    this.#pump(false);
  }

  stderr(text: string): void {
    if (this.#closing || this.#errors.length > maxStderr) return;
    this.#errors.push(Buffer.from(`${text}\r\n`, 'utf8'));
    this.#pump(false);
  }

  finish(exitStatus: number): void {
    if (this.#closing) return;
    this.#exitStatus = exitStatus;
    this.#pump(true);
  }

  destroy(): void {
    this.#sendClose();
    this.#vanish();
  }

  /** @throws Violation when the peer sends more than it was granted, or much too early */
  received(bytes: Buffer): void {
    if (!this.#granted.take(bytes.length)) throw new Violation('more data than the window allows');
    if (this.#inputEnded || this.#closing) return;
    if (this.#sink) this.#deliver(this.#sink, bytes);
    else this.#keep(bytes);
  }

  /** The peer allows so many bytes more. */
  widen(bytes: number): void {
    this.#window = widened(this.#window, bytes);
    this.#pump(true);
  }

  /** Takes no more input; the session answers what it took and finishes. `cut`: by us, not by the peer. */
  endInput(cut = false): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#inputCut = cut;
    this.#sink?.end(cut);
  }

  /** The peer's CLOSE, which is always answered. */
  closedByPeer(): void {
    this.#sendClose();
    this.#vanish();
    this.#host.forget(this);
  }

  /** The connection is gone. */
  lost(): void {
    this.#closeSent = true;
    this.#vanish();
  }

  /** Sends what can be sent now, part of a packet too. */
  flush(): void {
    this.#pump(true);
  }

  get #closing(): boolean {
    return this.#closeSent || this.#gone || this.#exitStatus !== null;
  }

  #keep(bytes: Buffer): void {
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
    if (this.#early.length <= maxEarly.pieces && this.#earlyBytes <= maxEarly.bytes) return;
    throw new Violation('data without a session to take it');
  }

  #deliver(sink: ChannelSink, bytes: Buffer): void {
    this.#held = !sink.data(bytes);
    if (this.#held) this.#granted.shrink();
    this.#topUp();
  }

  #topUp(): void {
    if (this.#held || this.#inputEnded || this.#closing) return;
    const bytes = this.#granted.topUp();
    if (bytes > 0) this.#host.grant(this.recipient, bytes);
  }

  /** A packet that is not full waits for the end of the turn, in which more may come. */
  #pump(partial: boolean): void {
    // Giving bytes back makes the session send more, from within.
    if (this.#pumping || this.#closeSent) return;
    this.#pumping = true;
    try {
      while (this.#sendPacket(partial)) continue;
    } finally {
      this.#pumping = false;
    }
    if (this.#output.length + this.#errors.length > 0) {
      if (!partial) this.#host.flushLater(this);
    } else if (this.#exitStatus !== null && !this.#isClosed()) {
      this.#host.exitStatus(this.recipient, this.#exitStatus);
      this.#host.eof(this.recipient);
      this.#sendClose();
    }
  }

  #sendPacket(partial: boolean): boolean {
    if (this.#host.blocked || this.#closeSent) return false;
    const errors = this.#errors.length > 0;
    const queue = errors ? this.#errors : this.#output;
    const length = Math.min(queue.length, this.#window, this.#packetSize);
    if (length === 0 || (length < this.#packetSize && !partial)) return false;
    this.#window -= length;
    const head = errors ? 13 : 9;
    this.#host.write(head + length, (packet, at) => {
      packet.writeUInt8(errors ? message.channelExtendedData : message.channelData, at);
      packet.writeUInt32BE(this.recipient, at + 1);
      if (errors) packet.writeUInt32BE(stderrType, at + 5);
      packet.writeUInt32BE(length, at + head - 4);
      queue.take(packet, at + head, length);
    });
    // Writing may have ended the connection, and nothing is delivered after that.
    if (this.#isGone()) return false;
    if (!errors) this.#sink?.sent(length);
    return true;
  }

  #isClosed(): boolean {
    return this.#closeSent;
  }

  #isGone(): boolean {
    return this.#gone;
  }

  #sendClose(): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#host.close(this.recipient);
  }

  #vanish(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#granted.close();
    this.#output.clear();
    this.#errors.clear();
    this.#early = [];
    this.#sink?.closed();
  }
}
