import { Fault, faultCodes, type FaultCode } from '../fault.js';

/** Bytes of a message at most, without its length. */
export const longestMessage = 2 ** 20;
/** A sentence is for people; whatever is longer is cut. */
const longestSentence = 1000;

/**
 * What two processes tell each other, each in a frame of its own: a uint32 length, then JSON in UTF-8. Byte strings
 * cross as the latin1 text they are.
 */
export type Message =
  /** The first one of both ends: who speaks. */
  | { readonly kind: 'hello'; readonly name: string }
  | {
      readonly kind: 'question';
      readonly id: number;
      readonly question: string;
      readonly argument?: unknown;
    }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly code: FaultCode; readonly message: string };

/** @throws Fault `invalid` when it is longer than a message may be */
export function encode(message: Message): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  if (payload.length > longestMessage) {
    throw new Fault(
      'invalid',
      `a message between processes has ${longestMessage} bytes at most, not ${payload.length}`,
    );
  }
  return payload;
}

export function encodeFault(id: number, fault: Fault): Buffer {
  return encode({ kind: 'fault', id, code: fault.code, message: fault.message.slice(0, longestSentence) });
}

/** @throws Fault `bad-message` when it is none */
export function decode(payload: Buffer): Message {
  let message: unknown;
  try {
    message = JSON.parse(payload.toString());
  } catch (cause) {
    throw new Fault('bad-message', undefined, { cause });
  }
  if (!isMessage(message)) throw new Fault('bad-message');
  return message;
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  switch (fields['kind']) {
    case 'hello':
      return typeof fields['name'] === 'string';
    case 'question':
      return Number.isSafeInteger(fields['id']) && typeof fields['question'] === 'string';
    case 'reply':
      return Number.isSafeInteger(fields['id']);
    case 'fault':
      return (
        Number.isSafeInteger(fields['id']) &&
        typeof fields['message'] === 'string' &&
        (faultCodes as readonly unknown[]).includes(fields['code'])
      );
    default:
      return false;
  }
}
