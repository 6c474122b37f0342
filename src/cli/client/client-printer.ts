import type { Fault } from '../../fault.js';
import { printable, printableDeep } from '../../observe/printable.js';
import type { Outputs } from '../printer.js';
import { outcomes, type OutcomeName } from './outcomes.js';

/** Where plim's answers go: text for people, or one JSON document for each result. */
export interface ClientPrinter {
  /**
   * The answer itself. The text is a line, or several; nothing of it with `--quiet`. A document that is an object may
   * name its `outcome`, one of `outcomes.ts`; without it that is `done`.
   */
  result(document: unknown, text: readonly string[]): void;
  /** What is good to know beside the answer; kept from those who asked for JSON or for quiet. */
  note(line: string): void;
  /** A failure, on stderr, whatever was asked for. */
  warn(line: string): void;
  /** A failure with the number of its outcome, where numbers or JSON are asked for; otherwise as `warn`. */
  fault(fault: Fault, sentence?: string): void;
  /** How many results and failures there were so far. */
  readonly answered?: number;
}

export interface PrinterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly codes: boolean;
  /** Without what is only good to know. */
  readonly terse?: boolean;
  /** Told of everything that is said, printed or not. */
  readonly log?: (
    kind: 'result' | 'note' | 'warning' | 'fault',
    fields: Readonly<Record<string, unknown>>,
  ) => void;
}

/** Control characters come out escaped, whoever sent them. */
export function createClientPrinter(
  { stdout, stderr }: Outputs,
  { json, quiet, codes, terse = false, log = () => undefined }: PrinterOptions,
): ClientPrinter & { readonly answered: number } {
  const line = (text: string): string => `${printable(text)}\n`;
  let answered = 0;
  const warn = (text: string): void => {
    for (const one of text.split('\n')) stderr.write(line(`plim: ${one}`));
  };
  const result = (document: unknown, text: readonly string[]): void => {
    answered++;
    const outcome = outcomeIn(document);
    const { code } = outcomes[outcome];
    log('result', { result: printableDeep(document), code, outcome });
    if (json) stdout.write(`${JSON.stringify(withOutcome(document, code, outcome))}\n`);
    else if (!quiet) {
      // Those who ask for numbers wait for one, where there is nothing else to say.
      const said = codes && text.length === 0 ? [outcomes[outcome].sentence] : text;
      stdout.write(said.map((one) => line(codes ? `${code} ${one}` : one)).join(''));
    }
  };
  return {
    result,
    note: (text) => {
      log('note', { text: printable(text) });
      if (!json && !quiet && !terse) stdout.write(line(text));
    },
    warn: (text) => {
      log('warning', { text: printable(text) });
      warn(text);
    },
    fault: ({ code: outcome, message }, sentence = message) => {
      answered++;
      const { code } = outcomes[outcome];
      log('fault', { code, outcome, text: printable(sentence) });
      warn(codes ? `${code} ${sentence}` : sentence);
      if (json) stdout.write(`${JSON.stringify({ code, outcome, message: printable(sentence) })}\n`);
    },
    get answered() {
      return answered;
    },
  };
}

function outcomeIn(document: unknown): OutcomeName {
  if (typeof document !== 'object' || document === null || !('outcome' in document)) return 'done';
  const { outcome } = document;
  return typeof outcome === 'string' && Object.hasOwn(outcomes, outcome) ? (outcome as OutcomeName) : 'done';
}

/** A list stays a list: its rows are what was asked for, and that they came is `done`. */
function withOutcome(document: unknown, code: number, outcome: OutcomeName): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  return { ...document, code, outcome };
}
