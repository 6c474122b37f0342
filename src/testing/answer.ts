import type { ByteString } from '../names.js';
import { decodeReply, type Reply } from '../wire/codec.js';
import { Frames } from '../wire/frame.js';
import { extendedReply, type ReplyKind } from '../wire/packets.js';
import { statusCodes } from '../wire/status.js';

/** The codes of STATUS as they are written here. [filexfer-02 7] */
export const statusNames = {
  ok: statusCodes.ok,
  eof: statusCodes.eof,
  'no-such-file': statusCodes.noSuchFile,
  'permission-denied': statusCodes.permissionDenied,
  failure: statusCodes.failure,
  'bad-message': statusCodes.badMessage,
  'no-connection': statusCodes.noConnection,
  'connection-lost': statusCodes.connectionLost,
  'op-unsupported': statusCodes.opUnsupported,
} as const;

export type StatusName = keyof typeof statusNames;

/** A reply: its kind, or the name of its status; `status` is one with a code that version 3 does not know. */
export type AnswerName = StatusName | PlainReply['kind'] | 'extended-reply';

type PlainReply = Extract<Reply, { readonly kind: Exclude<ReplyKind, 'version'> }>;

export interface Answer {
  readonly answered?: AnswerName;
  readonly status?: number;
  readonly text?: string;
  readonly bytes?: number;
}

/** What there is to tell of a reply, and the handle that it gives. */
export function answerOf(reply: Buffer): { readonly answer: Answer; readonly handle: ByteString | null } {
  const frames = new Frames();
  frames.push(reply);
  const frame = frames.next();
  // Nothing is answered once nobody is there.
  if (!frame) return { answer: {}, handle: null };
  if (frame.type === extendedReply.type) return { answer: { answered: 'extended-reply' }, handle: null };
  const decoded = decodeReply(frame) as PlainReply;
  switch (decoded.kind) {
    case 'status':
      return { answer: statusAnswer(decoded.code, decoded.message), handle: null };
    case 'handle':
      return { answer: { answered: 'handle' }, handle: decoded.handle };
    case 'data':
      return { answer: { answered: 'data', bytes: decoded.length }, handle: null };
    case 'name':
    case 'attrs':
      return { answer: { answered: decoded.kind }, handle: null };
  }
}

function statusAnswer(status: number, text: string): Answer {
  const names = Object.keys(statusNames) as StatusName[];
  const answered = names.find((name) => statusNames[name] === status) ?? 'status';
  return { answered, status, ...(text !== '' && { text }) };
}
