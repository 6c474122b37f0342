import { duplexPair, type Duplex } from 'node:stream';
import type { ByteString } from '../../src/names.js';
import type { Budget } from '../../src/channel/budget.js';
import { duplexChannel } from '../../src/channel/duplex-channel.js';
import { SftpSession, type SessionOptions } from '../../src/sftp/session.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { decodeReply, encodeRequest, replyId, type KnownRequest, type Reply } from '../../src/wire/codec.js';
import { extensionName } from '../../src/wire/extensions.js';
import { Frames } from '../../src/wire/frame.js';
import { sessionOptions } from './session-options.js';

export type Asked = KnownRequest extends infer R
  ? R extends { readonly id: number }
    ? Omit<R, 'id'>
    : never
  : never;

/** A real session on one end of a pipe in memory, and a client that speaks `wire/` on the other. */
export interface SessionPair {
  readonly vfs: Vfs;
  readonly session: SftpSession;
  readonly client: Duplex;
  readonly output: Budget;
  readonly input: Budget;
  readonly stderr: string[];
  readonly failures: unknown[];
  /** Resolves with the number of requests when the session has ended and closed its files. */
  readonly ended: Promise<number>;
  /** Sends INIT and gives VERSION. */
  init(version?: number): Promise<Reply>;
  ask(request: Asked): Promise<Reply>;
  /** Sends without waiting; gives the id. */
  send(request: Asked): number;
  /** The reply to what `send` sent. */
  reply(id: number): Promise<Reply>;
  /** Ids of the replies in the order they arrived. */
  readonly order: readonly number[];
  open(path: ByteString, flags: number): Promise<ByteString>;
  /** The connection breaks. */
  cut(): void;
}

export interface PairOptions extends Partial<SessionOptions> {
  /** Leaves the client's end unread until somebody reads it. */
  readonly unread?: boolean;
}

export function sessionPair(options: PairOptions = {}): SessionPair {
  const [serverEnd, client] = duplexPair();
  const stderr: string[] = [];
  const failures: unknown[] = [];
  let tellEnded: (requests: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (tellEnded = resolve));
  const whole = sessionOptions({
    failed: (_operation, _path, cause) => failures.push(cause),
    ended: tellEnded,
    ...options,
  });
  const { vfs, output, input } = whole;
  const session = new SftpSession(duplexChannel(serverEnd, { stderr: (text) => stderr.push(text) }), whole);

  const frames = new Frames();
  const waiting = new Map<number | null, (reply: Reply) => void>();
  const early = new Map<number | null, Reply>();
  const extensionOf = new Map<number, string>();
  const order: number[] = [];
  const take = (chunk: Buffer): void => {
    frames.push(chunk);
    for (let frame = frames.next(); frame; frame = frames.next()) {
      const isVersion = frame.type === 2;
      const id = isVersion ? null : replyId(frame);
      const reply = decodeReply(frame, extensionName(extensionOf.get(id ?? -1) ?? ''));
      if (id !== null) order.push(id);
      const waiter = waiting.get(id);
      waiting.delete(id);
      if (waiter) waiter(reply);
      else early.set(id, reply);
    }
  };
  if (!options.unread) client.on('data', take);
  const reply = (id: number | null): Promise<Reply> => {
    const there = early.get(id);
    early.delete(id);
    return there ? Promise.resolve(there) : new Promise((resolve) => waiting.set(id, resolve));
  };
  let lastId = 0;
  const send = (request: Asked): number => {
    const id = ++lastId;
    extensionOf.set(id, request.kind);
    client.write(encodeRequest({ ...request, id }));
    return id;
  };
  const ask = (request: Asked): Promise<Reply> => reply(send(request));

  return {
    ...{ vfs, session, client, output, input, stderr, failures, ended, ask, send, reply, order },
    cut: () => void serverEnd.destroy(),
    init: (version = 3) => {
      client.write(encodeRequest({ kind: 'init', version, extensions: [] }));
      return reply(null);
    },
    open: async (path, flags) => {
      const opened = await ask({ kind: 'open', path, flags, attrs: {} });
      if (opened.kind !== 'handle') throw new Error(`not opened: ${JSON.stringify(opened)}`);
      return opened.handle;
    },
  };
}
