import type { Budget } from '../../src/channel/budget.js';
import type { ChannelSink, SessionChannel } from '../../src/channel/channel.js';
import { SftpSession, type SessionOptions } from '../../src/sftp/session.js';
import { encodeRequest, replyId } from '../../src/wire/codec.js';
import { Frames, type Frame } from '../../src/wire/frame.js';
import { sessionOptions } from './session-options.js';
import type { Asked } from './session-pair.js';

/** A session on a channel in the test's hands: nothing is delivered, sent or closed but when the test says so. */
export interface Recorded {
  readonly sink: ChannelSink;
  readonly output: Budget;
  readonly input: Budget;
  readonly stderr: string[];
  readonly failures: unknown[];
  /** Replies with an id, in the order they were sent. */
  readonly replies: Frame[];
  readonly ids: number[];
  /** Bytes given to the channel and not yet told as sent. */
  unsent(): number;
  /** What `finish` was called with, or `null`. */
  exitStatus(): number | null;
  destroyed(): boolean;
  readonly ended: Promise<number>;
  hasEnded(): boolean;
  /** Tells the session that the peer took everything, or so many bytes. */
  sent(bytes?: number): void;
  /** Delivers INIT and everything after it that is given, in one chunk; ids count from 1. */
  start(...requests: readonly Asked[]): boolean;
  deliver(...requests: readonly Asked[]): boolean;
}

export function recorded(options: Partial<SessionOptions> = {}): Recorded {
  const stderr: string[] = [];
  const failures: unknown[] = [];
  const replies: Frame[] = [];
  const ids: number[] = [];
  const frames = new Frames();
  let sink = null as ChannelSink | null;
  let unsent = 0;
  let exitStatus: number | null = null;
  let destroyed = false;
  let hasEnded = false;
  let lastId = 0;
  let tellEnded: (requests: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (tellEnded = resolve));
  const channel: SessionChannel = {
    start: (to) => (sink = to),
    resume: () => undefined,
    send: (bytes) => {
      unsent += bytes.length;
      frames.push(Buffer.from(bytes));
      for (let frame = frames.next(); frame; frame = frames.next()) {
        const id = replyId(frame);
        if (id === null) continue;
        ids.push(id);
        replies.push(frame);
      }
    },
    stderr: (text) => stderr.push(text),
    finish: (status) => (exitStatus = status),
    destroy: () => {
      destroyed = true;
      sink?.closed();
    },
  };
  const whole = sessionOptions({
    failed: (_operation, _path, cause) => failures.push(cause),
    ended: (requests) => {
      hasEnded = true;
      tellEnded(requests);
    },
    ...options,
  });
  const { output, input } = whole;
  new SftpSession(channel, whole);
  if (!sink) throw new Error('the session did not start its channel');
  const to = sink;
  const encoded = (requests: readonly Asked[]): Buffer[] =>
    requests.map((request) => encodeRequest({ ...request, id: ++lastId }));
  return {
    ...{ sink: to, output, input, stderr, failures, replies, ids, ended },
    unsent: () => unsent,
    exitStatus: () => exitStatus,
    destroyed: () => destroyed,
    hasEnded: () => hasEnded,
    sent: (bytes = unsent) => {
      unsent -= bytes;
      to.sent(bytes);
    },
    start: (...requests) =>
      to.data(
        Buffer.concat([encodeRequest({ kind: 'init', version: 3, extensions: [] }), ...encoded(requests)]),
      ),
    deliver: (...requests) => to.data(Buffer.concat(encoded(requests))),
  };
}

/** The handle that a session gives to its n-th OPEN or OPENDIR. */
export function nthHandle(n: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes.toString('latin1');
}

/** `count` numbers from 1. */
export function idsTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
