import { Fault, faultCodes, type FaultCode } from '../fault.js';
import { fromText } from '../names.js';
import { operations } from '../sftp/operations.js';
import type { Timers } from '../ssh/timers.js';
import { encodeStatus } from '../wire/codec.js';
import type { StatusCode } from '../wire/status.js';
import { statusNames, type StatusName } from './answer.js';
import { atLeast, oneOf, options, text as textOf, whole } from './checked.js';
import { plainPath, type OperationName, type SeenRequest } from './seen-request.js';

/** Which requests of an operation a fault is about. */
export interface Matching {
  /** Exactly this path, or those for which a function says so; any if absent. A handle has the path it was opened by. */
  readonly path?: string | ((path: string, request: SeenRequest) => boolean);
  /** How often it happens; for ever if absent. */
  readonly times?: number;
  /** How many of them pass before it happens; 0 if absent. */
  readonly after?: number;
}

export interface RefuseOptions extends Matching {
  /** `denied` if absent. */
  readonly fault?: FaultCode;
  /** What the client is told, instead of the fault's own sentence. */
  readonly message?: string;
}

export interface StatusOptions extends Matching {
  /** Any code, those too that version 3 does not know. */
  readonly code: StatusName | number;
  readonly text?: string;
  /** Does what was asked all the same, and tells nothing of it. */
  readonly perform?: boolean;
}

export interface DelayOptions extends Matching {
  readonly milliseconds: number;
}

type Outcome =
  | { readonly kind: 'refuse'; readonly fault: Fault }
  | { readonly kind: 'status'; readonly code: number; readonly text: string; readonly perform: boolean };

interface Rule {
  readonly operation: OperationName;
  readonly applies: (request: SeenRequest) => boolean;
  readonly does: Outcome | { readonly kind: 'delay'; readonly milliseconds: number };
  /** Requests that still pass, and how often it still happens. */
  after: number;
  times: number;
}

const matchingNames = { path: true, times: true, after: true } as const satisfies Readonly<
  Record<keyof Matching, true>
>;

/** Every operation there is. */
export const operationNames: readonly OperationName[] = [
  ...(Object.keys(operations) as (keyof typeof operations)[]),
  'malformed',
];

/** Chars of a sentence that fit every reply, as many bytes as each of them may take. */
const longestText = 300;

/** The faults of requests: for each request, in the order in which they were set, whichever are about it. */
export class OperationFaults {
  readonly #timers: Timers;
  #rules: Rule[] = [];
  #clearing = new AbortController();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @throws Fault `invalid`, as all of these, for a name that does not exist or a number that makes no sense */
  refuse(operation: OperationName, how: RefuseOptions = {}): void {
    const known = options('refuse', how, { ...matchingNames, fault: true, message: true });
    const { fault = 'denied', message, ...matching } = known;
    if (message !== undefined) textOf('message', message);
    const code = oneOf('fault', fault, faultCodes);
    this.#add(operation, matching, { kind: 'refuse', fault: new Fault(code, message) });
  }

  status(operation: OperationName, how: StatusOptions): void {
    const known = options('status', how, { ...matchingNames, code: true, text: true, perform: true });
    const { code, text = '', perform = false, ...matching } = known;
    const number =
      typeof code === 'string'
        ? statusNames[oneOf('status', code, Object.keys(statusNames) as StatusName[])]
        : whole('code', code);
    if (number > 0xffff_ffff) throw new Fault('invalid', 'code is a number of 32 bits');
    this.#add(operation, matching, {
      kind: 'status',
      code: number,
      text: textOf('text', text).slice(0, longestText),
      perform,
    });
  }

  delay(operation: OperationName, how: DelayOptions): void {
    const { milliseconds, ...matching } = options('delay', how, { ...matchingNames, milliseconds: true });
    this.#add(operation, matching, { kind: 'delay', milliseconds: atLeast(0, 'milliseconds', milliseconds) });
  }

  /** What waits goes on at once. */
  clear(): void {
    this.#rules = [];
    this.#clearing.abort();
    this.#clearing = new AbortController();
  }

  /**
   * Answers a request, as the faults have it.
   * @throws Fault where it is refused
   */
  async answer(request: SeenRequest, answer: () => Promise<Buffer>, signal: AbortSignal): Promise<Buffer> {
    let outcome: Outcome | null = null;
    let wait = 0;
    for (const rule of this.#rules) {
      if (outcome && rule.does.kind !== 'delay') continue;
      if (!takes(rule, request)) continue;
      if (rule.does.kind === 'delay') wait += rule.does.milliseconds;
      else outcome = rule.does;
    }
    if (wait > 0) await this.#pause(wait, signal);
    if (!outcome) return answer();
    if (outcome.kind === 'refuse') throw outcome.fault;
    if (outcome.perform) await answer();
    return encodeStatus(request.id ?? 0, outcome.code as StatusCode, outcome.text);
  }

  #add(operation: OperationName, { path, times, after = 0 }: Matching, does: Rule['does']): void {
    this.#rules.push({
      operation: oneOf('operation', operation, operationNames),
      applies: matches(path),
      does,
      after: whole('after', after),
      times: times === undefined ? Infinity : whole('times', times, 1),
    });
  }

  #pause(milliseconds: number, gone: AbortSignal): Promise<void> {
    const cleared = this.#clearing.signal;
    if (gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        gone.removeEventListener('abort', done);
        cleared.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#timers.after(milliseconds, done);
      gone.addEventListener('abort', done);
      cleared.addEventListener('abort', done);
    });
  }
}

function matches(path: Matching['path']): Rule['applies'] {
  if (path === undefined) return () => true;
  if (typeof path === 'function') {
    return (request) => request.path !== undefined && path(request.path, request);
  }
  const wanted = plainPath(fromText(textOf('path', path)));
  return (request) => request.path === wanted;
}

/** Whether it is this rule's turn, which is counted. */
function takes(rule: Rule, request: SeenRequest): boolean {
  if (rule.times === 0 || rule.operation !== request.operation || !rule.applies(request)) return false;
  if (rule.after > 0) {
    rule.after--;
    return false;
  }
  rule.times--;
  return true;
}
