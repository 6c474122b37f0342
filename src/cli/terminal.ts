import { createInterface } from 'node:readline/promises';
import type { ReadStream } from 'node:tty';
import { Fault } from '../fault.js';
import { printable } from '../observe/printable.js';
import { interruptible } from './interruptible.js';
import { secretReader } from './secret-reader.js';

type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'setRawMode' | 'isTTY'>>;
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The person in front of the program, if there is one. */
export interface Terminal {
  /** Whether somebody can be asked. */
  readonly present: boolean;
  /** Whether what goes to stderr is shown on a terminal. */
  readonly shows: boolean;
  /** Asks for a secret without echo. @throws Fault `cancelled` */
  askSecret(question: string): Promise<string>;
  /** Asks for a line, shown as it is typed. @throws Fault `cancelled`, also once `signal` is aborted */
  ask(question: string, signal?: AbortSignal): Promise<string>;
  /** Asks yes or no; anything but yes is no. */
  confirm(question: string): Promise<boolean>;
  /** Shows a line that the next one replaces, an empty one taking it away; nothing where stderr is no terminal. */
  progress(line: string): void;
  /** Runs work that Ctrl-C, or another signal to end, asks to stop; without it such a signal ends the process. */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** All of standard input as text. @throws Fault `invalid` beyond 16 MiB or where it is not UTF-8 */
  readInput(): Promise<string>;
}

const longestInput = 16 * 2 ** 20;

export function createTerminal(input: Input, output: Output): Terminal {
  const present = input.isTTY === true && output.isTTY === true;
  let shown = '';
  return {
    present,
    shows: output.isTTY === true,
    askSecret: (question) => {
      if (!present) throw new Fault('invalid', 'there is no terminal to ask on');
      return secretReader(input, output).ask(question);
    },
    ask: (question, signal) => {
      if (!present) throw new Fault('invalid', 'there is no terminal to ask on');
      return secretReader(input, output, { echo: true }).ask(question, signal);
    },
    confirm: async (question) => {
      const lines = createInterface({ input, output });
      try {
        const answer = await new Promise<string>((resolve, reject) => {
          lines.on('SIGINT', () => reject(new Fault('cancelled')));
          lines.on('close', () => resolve(''));
          lines.question(`${question} [y/N] `).then(resolve, reject);
        });
        return /^y(es)?$/i.test(answer.trim());
      } finally {
        lines.close();
      }
    },
    progress: (line) => {
      // Cut to the width: a line that wraps could not be replaced.
      const fits = printable(line).slice(0, (output.columns || 80) - 1);
      if (output.isTTY === true && fits !== shown) output.write(`\r\u001b[K${fits}`);
      shown = fits;
    },
    interruptible,
    readInput: async () => {
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of input) {
        const bytes = Buffer.from(part);
        length += bytes.length;
        if (length > longestInput) throw new Fault('invalid', 'standard input is too long');
        parts.push(bytes);
      }
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
      } catch (cause) {
        throw new Fault('invalid', 'standard input is not UTF-8 text', { cause });
      }
    },
  };
}
