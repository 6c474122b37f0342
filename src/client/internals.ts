import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';

/**
 * What is taken from inside ssh2's client, and what it looks like there. The package has no types for these parts and
 * promises nothing about them, so the version is pinned and asserted (docs/decisions/ssh2.md).
 */
const expectedVersion = '1.17.0';

const load = createRequire(import.meta.url);
const { version: foundVersion } = load('ssh2/package.json') as { readonly version: string };
if (foundVersion !== expectedVersion) {
  throw new Error(`ssh2 ${expectedVersion} is needed, and ${foundVersion} is installed: run npm ci`);
}

/** One way of a channel [RFC 4254 5]. */
interface Way {
  readonly id: number;
  /** Bytes that may still be sent this way. */
  window: number;
  /** Bytes of the largest piece. */
  packetSize: number;
}

/** A channel with its inner parts. */
export interface OpenChannel extends Omit<ClientChannel, 'push'> {
  readonly incoming: Way;
  readonly outgoing: Way;
  readonly _client: {
    readonly _protocol: { channelWindowAdjust(recipient: number, bytes: number): void };
    /** What carries the packets: a socket, or the channel through another host. */
    readonly _sock: Duplex;
  };
  /** Called for each CHANNEL_DATA, and with `null` at the end; what it gives says whether more may come. */
  push: (chunk: Buffer | null) => boolean;
}

export function inside(channel: ClientChannel): OpenChannel {
  return channel as unknown as OpenChannel;
}

/** An open channel, or the error of one that could not be opened; ssh2 looks at `type`. */
export interface OpenedCallback {
  (error: Error | undefined, channel: RequestingChannel): void;
  type: 'session';
}

/** A channel that requests can be made on [RFC 4254 5.4]. */
export interface RequestingChannel extends ClientChannel {
  readonly outgoing: Way;
  /** Take the answers to requests, in order: `false` for yes. */
  readonly _callbacks: ((refused: boolean | Error) => void)[];
}

/** What opens channels. */
export interface ChannelOpener {
  readonly _chanMgr: {
    /** @returns the number it will have here; -1 when there is none left */
    add(opened: OpenedCallback): number;
  };
  readonly _protocol: {
    session(id: number, window: number, packetSize: number): void;
    subsystem(recipient: number, name: string, wantReply: boolean): void;
  };
}

export function openerOf(client: Client): ChannelOpener {
  return client as unknown as ChannelOpener;
}

/** What ssh2 takes every channel to be opened with: MAX_WINDOW and PACKET_SIZE of its `Channel.js`. */
export const openedWith = { window: 2 * 2 ** 20, packetSize: 32 * 1024 } as const;

/** A client's side of the transport [RFC 4253], there once `connect` was called. */
export interface InnerProtocol {
  /** Takes bytes as far as it can and says how far; the identification first, packets then. */
  _parse: (chunk: Buffer, from: number, to: number) => number;
  parse(chunk: Buffer, from: number, to: number): void;
  /** Takes the packets behind the first key exchange; read whenever a new decipher is made. */
  _onPayload: (payload: Buffer) => unknown;
  /** Methods of the login requests that wait for an answer. */
  readonly _authsQueue: readonly string[];
  readonly _handlers: InnerHandlers;
  /** Asks for any answer. */
  ping(): void;
}

export interface InnerHandlers {
  DISCONNECT: (protocol: unknown, reason: number, description: string) => void;
  EXT_INFO: (
    protocol: unknown,
    extensions: readonly { readonly name: string; readonly algs: readonly string[] }[],
  ) => void;
  SERVICE_ACCEPT: (protocol: unknown, service: string) => void;
  USERAUTH_FAILURE: (protocol: unknown, methods: readonly string[], partial: boolean | undefined) => void;
  USERAUTH_INFO_REQUEST: (
    protocol: unknown,
    name: string,
    instruction: string,
    prompts: readonly unknown[],
  ) => void;
}

export function protocolOf(client: Client): InnerProtocol {
  return (client as unknown as { readonly _protocol: InnerProtocol })._protocol;
}
