import { Fault } from '../fault.js';
import type { InnerProtocol } from './internals.js';

/** Message numbers. [RFC 4250 4.1] */
const message = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  extInfo: 7,
  userAuthFailure: 51,
  userAuthSuccess: 52,
  userAuthBanner: 53,
  userAuthAsks: 60,
  globalRequest: 80,
  channelOpen: 90,
  channelOpenConfirmation: 91,
  channelRequest: 98,
} as const;

/** What a server may say before it has shown the right host key. */
const harmless: readonly number[] = [
  message.disconnect,
  message.ignore,
  message.unimplemented,
  message.debug,
  message.extInfo,
];

/** Far above what any server does; a hostile one is held to them. */
const most = {
  banners: 64,
  bannerBytes: 262_144,
  /** Questions in all, and in one message. */
  questions: 64,
  prompts: 64,
  /** Bytes of answers that a server makes us send and does not read. */
  unreadBytes: 32 * 2 ** 20,
} as const;

/** Bytes; less is a slow way to say nothing, and with 0 ssh2 sends forever. */
const smallestPacket = 256;

export interface Guarded {
  /** Whether the server has shown the right host key. */
  readonly trusted: () => boolean;
  /** Bytes that wait to be sent. */
  readonly unsent: () => number;
  /** Called for each packet. */
  readonly heard: () => void;
}

/**
 * Looks at each packet before ssh2 does, and ends the connection over what ssh2 would take from a hostile server: it
 * would ask the user for a password before the host key was accepted, answer questions without end, or hang in a
 * channel whose packets hold nothing. What is thrown here arrives as the client's `error`.
 */
export function guardPackets(protocol: InnerProtocol, { trusted, unsent, heard }: Guarded): void {
  const counts = { banners: 0, bannerBytes: 0, questions: 0 };
  const inner = protocol._onPayload;

  const forbid: Readonly<Record<number, (payload: Buffer) => string | null>> = {
    // ssh2 would go on to the next way to log in, or take the login for done.
    [message.userAuthFailure]: () => unasked(protocol),
    [message.userAuthSuccess]: () => unasked(protocol),
    [message.userAuthBanner]: (payload) => {
      counts.banners++;
      counts.bannerBytes += payload.length;
      const tooMuch = counts.banners > most.banners || counts.bannerBytes > most.bannerBytes;
      return tooMuch ? 'it sends banners without end' : null;
    },
    [message.userAuthAsks]: (payload) => {
      if (++counts.questions > most.questions) return 'it asks without end';
      return protocol._authsQueue[0] === 'keyboard-interactive' && promptsIn(payload) > most.prompts
        ? 'it asks for too many things at once'
        : null;
    },
    [message.channelOpenConfirmation]: (payload) =>
      payload.length >= 17 && payload.readUInt32BE(13) < smallestPacket
        ? 'it takes packets of no useful size'
        : null,
    [message.globalRequest]: () => unread(unsent()),
    [message.channelOpen]: () => unread(unsent()),
    [message.channelRequest]: () => unread(unsent()),
  };

  protocol._onPayload = (payload) => {
    heard();
    const type = payload[0] ?? 0;
    const reason =
      !trusted() && !harmless.includes(type)
        ? 'it goes on before its host key was accepted'
        : (forbid[type]?.(payload) ?? null);
    if (reason !== null)
      throw new Fault('no-connection', `the server does not keep to the protocol: ${reason}`);
    // Its further host keys (section 2.5 of openssh-portable's protocol): nothing here learns them, and ssh2 would have each proven.
    if (type === message.globalRequest && names(payload, 'hostkeys-00@openssh.com')) return undefined;
    return inner(payload);
  };
}

function unasked(protocol: InnerProtocol): string | null {
  return protocol._authsQueue.length === 0 ? 'it answers a login that nobody asked for' : null;
}

function unread(bytes: number): string | null {
  return bytes > most.unreadBytes ? 'it asks and does not read the answers' : null;
}

function names(payload: Buffer, request: string): boolean {
  return (
    payload.length >= 5 + request.length && payload.toString('latin1', 5, 5 + request.length) === request
  );
}

/** The count in an INFO_REQUEST [RFC 4256 3.2]; 0 where it is malformed, which ssh2 refuses. */
function promptsIn(payload: Buffer): number {
  let at = 1;
  for (let field = 0; field < 3; field++) {
    if (at + 4 > payload.length) return 0;
    at += 4 + payload.readUInt32BE(at);
  }
  return at + 4 > payload.length ? 0 : payload.readUInt32BE(at);
}
