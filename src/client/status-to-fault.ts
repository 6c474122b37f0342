import { Fault, faultCodes, sentenceOf, type FaultCode } from '../fault.js';
import { printable } from '../observe/printable.js';
import { statusCodes } from '../wire/status.js';

/** What a code alone says [filexfer-02 7]; FAILURE says nothing. */
const byCode: ReadonlyMap<number, FaultCode> = new Map([
  [statusCodes.eof, 'end-of-file'],
  [statusCodes.noSuchFile, 'not-found'],
  [statusCodes.permissionDenied, 'denied'],
  [statusCodes.failure, 'failure'],
  [statusCodes.badMessage, 'bad-message'],
  [statusCodes.noConnection, 'no-connection'],
  [statusCodes.connectionLost, 'no-connection'],
  [statusCodes.opUnsupported, 'unsupported'],
]);

/** Codes that a sentence of our own server can say more exactly than the status beside it. */
const refined: ReadonlySet<FaultCode> = new Set(['failure', 'denied', 'not-found']);

/** What only this side can know: a server that says it would decide what becomes of a run, and its exit code. */
const notAServers: ReadonlySet<FaultCode> = new Set([
  'failure',
  'cancelled',
  'login-refused',
  'no-connection',
  'wrong-host-key',
  'timed-out',
  'verification-failed',
  'some-failed',
  'end-of-file',
]);

/** What other servers write into FAILURE's text. */
const others: readonly (readonly [RegExp, FaultCode])[] = [
  [/quota/i, 'quota'],
  [/no space|disk full|not enough space/i, 'no-space'],
  [/already exists|file exists/i, 'exists'],
  [/not empty/i, 'not-empty'],
  [/is a directory/i, 'is-a-folder'],
  [/not a directory/i, 'not-a-folder'],
  [/not supported|unsupported/i, 'unsupported'],
  [/read.?only/i, 'read-only'],
  [/name too long/i, 'name-too-long'],
];

/** Chars of a text that is shown; the server wrote it. */
const longestText = 500;
/** Texts that say no more than the code does. */
const empty =
  /^(failure|failed|error|success|no such file|permission denied|end of file|operation unsupported|bad message)?\.?$/i;

/** The fault that a STATUS other than OK tells; its message is fit for a terminal. */
export function statusToFault(code: number, message: string): Fault {
  const coarse = byCode.get(code) ?? 'failure';
  const text = printable(message.slice(0, longestText).trim());
  if (empty.test(text)) {
    return new Fault(coarse, coarse === 'failure' ? 'the server refused it and gave no reason' : undefined);
  }
  return new Fault(refined.has(coarse) ? refine(coarse, text) : coarse, text);
}

function refine(coarse: FaultCode, text: string): FaultCode {
  const ours = faultCodes.find((code) => !notAServers.has(code) && text.startsWith(sentenceOf(code)));
  return ours ?? others.find(([pattern]) => pattern.test(text))?.[1] ?? coarse;
}
