import { unlessAborted } from '../../client/unless-aborted.js';
import { didYouMean } from '../../config/nearest.js';
import { Fault, toFault } from '../../fault.js';
import { fromText, toText } from '../../names.js';
import { exitOf, exits, type Exit } from '../exit.js';
import { commandHelp, parseCommand } from './command-line.js';
import type { AnyClientCommand, ClientContext } from './command.js';
import { outcomes } from './outcomes.js';
import type { ClientState } from './state.js';
import { splitLine, type Word } from './words.js';

/** The command of that name or alias. @throws Fault `invalid`, naming what is near */
export function findCommand(commands: readonly AnyClientCommand[], name: string): AnyClientCommand {
  const found = commands.find((one) => one.name === name || one.aliases?.includes(name) === true);
  if (found) return found;
  const names = commands.flatMap((one) => [one.name, ...(one.aliases ?? [])]);
  const near = didYouMean(name, names);
  throw new Fault('invalid', `there is no command '${name}'${near === '' ? "; 'help' lists them" : near}`);
}

/**
 * The words of one line as it was typed or stands in a batch; none for an empty one and for a comment.
 * @throws Fault `invalid` for a quote that is not closed
 */
export function wordsOf(line: string): readonly Word[] {
  // What follows `!` is for another shell, which does its own splitting.
  const shell = /^\s*!(.*)$/s.exec(line)?.[1];
  return shell === undefined ? splitLine(line) : shellWords(shell);
}

/** Runs one line; what fails is printed as a sentence, and decides the exit code. */
export function runLine(line: string, state: ClientState): Promise<Exit> {
  return reported(state, () => run(wordsOf(line), state));
}

/** The same for words that somebody else split: the shell that called the program. */
export function runWords(words: readonly Word[], state: ClientState): Promise<Exit> {
  return reported(state, () => run(words, state));
}

function shellWords(line: string): readonly Word[] {
  const command = line.trim();
  return ['!', ...(command === '' ? [] : [command])].map((text) => ({ text: fromText(text), pattern: null }));
}

/** Runs it, and prints what it throws. */
export async function reported(
  { printer }: Pick<ClientState, 'printer'>,
  work: () => Promise<Exit>,
  worded: (sentence: string) => string = (sentence) => sentence,
): Promise<Exit> {
  try {
    return await work();
  } catch (thrown) {
    const fault = toFault(thrown);
    printer.fault(fault, worded(sentenceFor(fault)));
    return exitOf(fault.code);
  }
}

/** What nobody foresaw says at least what it was. */
function sentenceFor({ code, message, cause }: Fault): string {
  const unforeseen = code === 'failure' && message === 'failure' && cause instanceof Error;
  return unforeseen ? `failed: ${cause.message}` : message;
}

/** @throws Fault for wrong usage, and as the command does */
export async function run(words: readonly Word[], state: ClientState): Promise<Exit> {
  const [first, ...rest] = words;
  if (!first) return exits.done;
  if (first.text.startsWith('!') && first.text !== '!') {
    return run(
      shellWords([first.text.slice(1), ...rest.map(({ text }) => text)].map(toText).join(' ')),
      state,
    );
  }
  const declared = findCommand(state.commands, toText(first.text));
  const parsed = parseCommand(declared, rest);
  if (parsed === null) {
    const help = commandHelp(declared);
    state.printer.result({ command: declared.name, help }, help);
    return exits.done;
  }
  const answered = state.printer.answered;
  const exit = await state.interruptible(async (signal) => {
    if (signal.aborted) throw new Fault('cancelled');
    const context: ClientContext = {
      ...state,
      ...parsed,
      remote: () => unlessAborted(state.link.remote(), signal),
      signal,
    };
    return (await declared.run(context as ClientContext<never>)) ?? exits.done;
  });
  const silent = state.printer.answered === answered && !words.some(({ text }) => text === '-');
  if (exit === exits.done && silent) sayDone(state);
  return exit;
}

/** Who asks for numbers or JSON waits for one line at least; not where standard output is the file itself. */
function sayDone({ globals: { codes, json }, printer }: ClientState): void {
  if (codes || json) printer.result({}, [outcomes.done.sentence]);
}
