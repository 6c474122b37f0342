import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Fault } from '../../fault.js';
import { toText } from '../../names.js';
import { printable } from '../../observe/printable.js';
import { exitMeaning, exits, type Exit } from '../exit.js';
import { findCommand, reported, run, wordsOf } from './run-line.js';
import type { ClientState } from './state.js';
import type { Word } from './words.js';

/** One line of a batch, as OpenSSH's sftp reads it. */
export interface BatchLine {
  /** The line that is left for the command; empty for a comment and for nothing. */
  readonly command: string;
  /** `-` before it: what follows is done even where it fails. */
  readonly mayFail: boolean;
  /** `@` before it: it is not shown. */
  readonly silent: boolean;
}

export function readBatchLine(line: string): BatchLine {
  const [, prefixes = '', command = ''] = /^\s*([-@]*)\s*(.*?)\s*$/s.exec(line) ?? [];
  return {
    command: command.startsWith('#') ? '' : command,
    mayFail: prefixes.includes('-'),
    silent: prefixes.includes('@'),
  };
}

/**
 * Runs commands one after another, as they come, up to the first that fails; its exit code is the answer. A failure names its
 * line and its command.
 * @param show prints what a command looked like
 */
export async function runBatch(
  lines: AsyncIterable<string> | Iterable<string>,
  state: ClientState,
  show: (line: string) => void,
): Promise<Exit> {
  let number = 0;
  for await (const line of lines) {
    number++;
    const { command, mayFail, silent } = readBatchLine(line);
    if (command === '') continue;
    if (!silent) show(`plim> ${command}`);
    const { exit, ends } = await runOne(command, number, state);
    if (ends) return exit;
    if (exit !== exits.done && (!mayFail || exit === exits.interrupted)) return exit;
  }
  return exits.done;
}

async function runOne(
  command: string,
  number: number,
  state: ClientState,
): Promise<{ readonly exit: Exit; readonly ends: boolean }> {
  const where = `line ${number}: `;
  const ended = { ends: false, returned: false };
  const exit = await reported(
    state,
    async () => {
      const words = wordsOf(command);
      const result = await run(words, state);
      ended.returned = true;
      ended.ends = endsBatch(words, state);
      return result;
    },
    // Most sentences begin with the command already.
    (sentence) => `${where}${sentence.startsWith(`${command}: `) ? '' : `${command}: `}${sentence}`,
  );
  const { ends, returned } = ended;
  if (exit !== exits.done && returned && !ends)
    state.printer.warn(`${where}${command}: ${exitMeaning(exit)}`);
  return { exit, ends };
}

function endsBatch([first]: readonly Word[], { commands }: ClientState): boolean {
  if (!first || first.text.startsWith('!')) return false;
  return findCommand(commands, toText(first.text)).ends === true;
}

/** @throws Fault `not-found`, `failure` */
export function fileLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const shown = printable(path);
    if (code === 'ENOENT') throw new Fault('not-found', `the batch file ${shown} is not there`);
    throw new Fault('failure', `the batch file ${shown} cannot be read: ${message}`, { cause: thrown });
  }
}

/** Lines as they come, so that a program can write the next one when it knows how the last one went. */
export async function* inputLines(input: NodeJS.ReadableStream): AsyncIterable<string> {
  // Not before the first is asked for: lines that come while nobody listens are lost.
  yield* createInterface({ input, crlfDelay: Infinity, terminal: false });
}

/** In place of a standard input that commands come from: nothing else can be read there. */
export function takenInput(): ClientState['streams']['stdin'] {
  const input = new Readable({
    read() {
      this.destroy(
        new Fault('invalid', 'standard input holds the commands: write them into a file, and use -b FILE'),
      );
    },
  });
  // What commands do with it, every stream can.
  return input as unknown as ClientState['streams']['stdin'];
}
