import { fromText, type ByteString } from '../names.js';
import { Channel, type ChannelHost } from './channel.js';
import { fieldsOf, maxName, message, payload, utf8, Violation } from './messages.js';
import { SessionRequests, type Programs } from './requests.js';
import { receivePacket } from './window.js';
import type { WindowBudget } from './window-budget.js';

/** The smallest "largest packet" that is served: 0 would loop for ever in ssh2, 1 cost 50 bytes for each byte. */
const minPacketSize = 1024;

/** Reasons in a CHANNEL_OPEN_FAILURE. [RFC 4254 5.1] */
const openFailure = { prohibited: 1, unknownType: 3, resourceShortage: 4 } as const;

export interface ChannelsOptions {
  send(bytes: Buffer): void;
  write: ChannelHost['write'];
  readonly blocked: () => boolean;
  flushLater(channel: Channel): void;
  readonly maxChannels: () => number;
  /** What the channels may be granted together. */
  readonly windows: WindowBudget;
  /** Milliseconds that only grow. */
  now(): number;
  readonly programs: Programs;
  /** Something was asked for: the connection is not idle. */
  active(): void;
  /** The last channel is gone. */
  emptied(): void;
}

/** The connection protocol [RFC 4254]: every message from 80 to 100, and the channels they speak of. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #host: ChannelHost;
  readonly #open = new Map<number, { readonly channel: Channel; readonly requests: SessionRequests }>();
  #nextId = 0;
  /** The client promised not to open any more, or the server is stopping. */
  #noMore = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    const send = (type: number, recipient: number, ...numbers: readonly number[]): void =>
      options.send(
        payload(type, (writer) => {
          writer.u32(recipient);
          for (const number of numbers) writer.u32(number);
        }),
      );
    this.#host = {
      get blocked() {
        return options.blocked();
      },
      windows: options.windows,
      now: () => options.now(),
      write: (length, fill) => options.write(length, fill),
      grant: (recipient, bytes) => send(message.channelWindowAdjust, recipient, bytes),
      eof: (recipient) => send(message.channelEof, recipient),
      close: (recipient) => send(message.channelClose, recipient),
      exitStatus: (recipient, status) =>
        options.send(
          payload(message.channelRequest, (writer) => {
            writer.u32(recipient);
            writer.string(utf8('exit-status'));
            writer.u8(0);
            writer.u32(status);
          }),
        ),
      flushLater: (channel) => options.flushLater(channel),
      forget: (channel) => this.#forget(channel),
    };
  }

  get size(): number {
    return this.#open.size;
  }

  all(): readonly Channel[] {
    return Array.from(this.#open.values(), ({ channel }) => channel);
  }

  /** Opens no more channels, and lets those that are there finish what they took. */
  drain(): void {
    this.#noMore = true;
    for (const channel of this.all()) channel.endInput(true);
  }

  /** Gives up all channels: the connection is gone. */
  takeAll(): readonly Channel[] {
    const all = this.all();
    this.#open.clear();
    return all;
  }

  /** @throws Violation or Malformed, and the connection ends */
  take(type: number, bytes: Buffer): boolean {
    switch (type) {
      case message.globalRequest:
        this.#globalRequest(bytes);
        return true;
      case message.channelOpen:
        this.#options.active();
        this.#channelOpen(bytes);
        return true;
      case message.channelWindowAdjust: {
        this.#options.active();
        const fields = fieldsOf(bytes);
        this.#find(fields.u32())?.channel.widen(fields.u32());
        return true;
      }
      case message.channelData: {
        this.#options.active();
        const fields = fieldsOf(bytes);
        const found = this.#find(fields.u32());
        found?.channel.received(fields.string(bytes.length));
        return true;
      }
      case message.channelExtendedData:
        // No client has any to send; it could only be taken for input.
        throw new Violation('extended data from a client');
      case message.channelEof:
        this.#find(fieldsOf(bytes).u32())?.channel.endInput();
        return true;
      case message.channelClose:
        this.#find(fieldsOf(bytes).u32())?.channel.closedByPeer();
        return true;
      case message.channelRequest:
        this.#options.active();
        this.#channelRequest(bytes);
        return true;
      // Answers to what we asked without wanting one, and to keepalives.
      case message.requestSuccess:
      case message.requestFailure:
      case message.channelSuccess:
      case message.channelFailure:
        return true;
      default:
        return false;
    }
  }

  #globalRequest(bytes: Buffer): void {
    const fields = fieldsOf(bytes);
    const name = fields.byteString(maxName);
    const wantsReply = fields.u8() !== 0;
    const granted = name === 'no-more-sessions@openssh.com';
    if (granted) this.#noMore = true;
    // Forwarding of every kind, keepalives, and what nobody knows.
    if (wantsReply) this.#options.send(payload(granted ? message.requestSuccess : message.requestFailure));
  }

  #channelOpen(bytes: Buffer): void {
    const fields = fieldsOf(bytes);
    const type = fields.byteString(maxName);
    const recipient = fields.u32();
    const window = fields.u32();
    const packetSize = fields.u32();
    const refusal = this.#refusal(type, packetSize);
    if (refusal) {
      this.#options.send(
        payload(message.channelOpenFailure, (writer) => {
          writer.u32(recipient);
          writer.u32(refusal.reason);
          writer.string(utf8(refusal.sentence));
          writer.string(utf8(''));
        }),
      );
      return;
    }
    const id = this.#nextId++;
    const channel = new Channel(this.#host, {
      id,
      recipient,
      window,
      packetSize: Math.min(packetSize, receivePacket),
    });
    this.#open.set(id, { channel, requests: new SessionRequests(channel, this.#options.programs) });
    this.#options.send(
      payload(message.channelOpenConfirmation, (writer) => {
        for (const number of [recipient, id, channel.firstWindow, receivePacket]) writer.u32(number);
      }),
    );
  }

  #refusal(
    type: ByteString,
    packetSize: number,
  ): { readonly reason: number; readonly sentence: string } | null {
    if (type !== 'session') {
      return forwardings.has(type)
        ? { reason: openFailure.prohibited, sentence: 'this server forwards nothing' }
        : { reason: openFailure.unknownType, sentence: 'unknown kind of channel' };
    }
    if (this.#noMore) return { reason: openFailure.prohibited, sentence: 'no more sessions' };
    const limit = this.#options.maxChannels();
    if (this.#open.size >= limit) {
      return { reason: openFailure.resourceShortage, sentence: `at most ${limit} channels a connection` };
    }
    if (packetSize < minPacketSize) {
      return {
        reason: openFailure.resourceShortage,
        sentence: `packets of less than ${minPacketSize} bytes are not served`,
      };
    }
    return null;
  }

  #channelRequest(bytes: Buffer): void {
    const fields = fieldsOf(bytes);
    const found = this.#find(fields.u32());
    const type = fields.byteString(maxName);
    const wantsReply = fields.u8() !== 0;
    if (!found) return;
    const { channel, requests } = found;
    const { answer, run } = requests.take(type, fields);
    if (wantsReply) {
      this.#options.send(
        payload(answer === 'granted' ? message.channelSuccess : message.channelFailure, (writer) =>
          writer.u32(channel.recipient),
        ),
      );
    }
    run?.();
  }

  /** `undefined` for a channel that is closed already; one that never was is a violation. */
  #find(id: number): { readonly channel: Channel; readonly requests: SessionRequests } | undefined {
    const found = this.#open.get(id);
    if (!found && id >= this.#nextId) throw new Violation('a channel that was never opened');
    return found;
  }

  #forget(channel: Channel): void {
    this.#open.delete(channel.id);
    if (this.#open.size === 0) this.#options.emptied();
  }
}

const forwardings: ReadonlySet<ByteString> = new Set(
  ['direct-tcpip', 'direct-streamlocal@openssh.com', 'forwarded-tcpip', 'x11', 'tun@openssh.com'].map(
    fromText,
  ),
);
