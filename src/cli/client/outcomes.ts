import { sentenceOf, type FaultCode } from '../../fault.js';
import { exitOf, exits, type Exit } from '../exit.js';

/** How something can end well. */
export const successes = [
  'done',
  'transferred',
  'resumed',
  'not-verified',
  'already-there',
  'renamed',
  'skipped',
  'equal',
  'logged-in',
  'goodbye',
] as const;

export type Success = (typeof successes)[number];
export type OutcomeName = Success | FaultCode;

export interface Outcome {
  /** Three digits; stable, since scripts rely on them. 2xx: well, 4xx: the request could not be met, 5xx: something broke. */
  readonly code: number;
  readonly sentence: string;
  readonly exit: Exit;
}

/** By the habit of FTP and HTTP, so that most can be guessed. */
const wellEnded = {
  done: [200, 'done'],
  transferred: [201, 'transferred and verified'],
  resumed: [202, 'resumed, completed and verified'],
  'not-verified': [203, 'transferred, not verified: the server cannot hash, or --verify none'],
  'already-there': [204, 'already there with the same content; nothing was sent'],
  renamed: [205, 'transferred under another name, since the name was taken'],
  skipped: [206, 'skipped, as told'],
  equal: [207, 'both sides are equal'],
  'logged-in': [230, 'logged in'],
  goodbye: [221, 'goodbye'],
} as const satisfies Readonly<Record<Success, readonly [number, string]>>;

const faultNumbers = {
  invalid: 400,
  'login-refused': 401,
  quota: 402,
  denied: 403,
  'not-found': 404,
  unsupported: 405,
  'read-only': 406,
  'bad-name': 407,
  'timed-out': 408,
  exists: 409,
  'is-a-folder': 410,
  'not-a-folder': 411,
  'not-a-file': 412,
  'name-too-long': 414,
  'not-empty': 415,
  'end-of-file': 416,
  loop: 417,
  'different-home': 418,
  'too-many': 419,
  busy: 423,
  cancelled: 499,
  failure: 500,
  'some-failed': 501,
  'verification-failed': 502,
  'no-connection': 503,
  'wrong-host-key': 504,
  'bad-message': 505,
  'bad-handle': 506,
  'no-space': 507,
} as const satisfies Readonly<Record<FaultCode, number>>;

/** Every outcome that plim knows, success too: its number, its sentence and the exit code it leads to. */
export const outcomes: Readonly<Record<OutcomeName, Outcome>> = {
  ...mapped(wellEnded, ([code, sentence]) => ({ code, sentence, exit: exits.done })),
  ...mapped(faultNumbers, (code, name) => ({ code, sentence: sentenceOf(name), exit: exitOf(name) })),
};

/** All of them, by number. */
export const outcomeRows: readonly (Outcome & { readonly name: OutcomeName })[] = (
  Object.keys(outcomes) as OutcomeName[]
)
  .map((name) => ({ name, ...outcomes[name] }))
  .sort((one, other) => one.code - other.code);

function mapped<Name extends string, From>(
  rows: Readonly<Record<Name, From>>,
  to: (row: From, name: Name) => Outcome,
): Readonly<Record<Name, Outcome>> {
  const names = Object.keys(rows) as Name[];
  return Object.fromEntries(names.map((name) => [name, to(rows[name], name)])) as Record<Name, Outcome>;
}
