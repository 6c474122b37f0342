import { Command as Commander, CommanderError } from 'commander';
import { Fault } from '../../fault.js';
import { fromText, toBytes, toText, type ByteString } from '../../names.js';
import { exitHelp } from '../exit.js';
import { addOption, optionValues } from '../options.js';
import type { AnyClientCommand } from './command.js';
import type { Word } from './words.js';

/** What a command's words mean. */
export interface ParsedCommand {
  /** The words that are no options; `--` is taken out. */
  readonly args: readonly Word[];
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Tells a command's options from its arguments; `null` where `--help` was among them.
 * @throws Fault `invalid` for wrong usage, with the usage
 */
export function parseCommand(declared: AnyClientCommand, words: readonly Word[]): ParsedCommand | null {
  const parser = commanderFor(declared);
  const literally = words.findIndex(({ text }) => text === '--');
  // Commander is given a word's number for the word: what comes back leads to its bytes and its pattern.
  const given = words.map(({ text }, index) =>
    maybeOption(text) && (literally < 0 || index <= literally) ? asText(text) : `${mark}${index}`,
  );
  try {
    parser.parse(given, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return null;
    throw new Fault(
      'invalid',
      `${declared.name}: ${problem(thrown.message, words)} (usage: ${usageOf(declared)})`,
    );
  }
  const wordOf = (arg: string): Word => wordBehind(arg, words) ?? { text: fromText(arg), pattern: null };
  return {
    args: parser.args.map(wordOf),
    options: Object.fromEntries(
      Object.entries(optionValues(declared.options, parser)).map(([name, value]) => [
        name,
        valueBehind(value, (one) => asText(wordOf(one).text)),
      ]),
    ),
  };
}

/** `get [options] <REMOTE> [LOCAL]` */
export function usageOf(declared: AnyClientCommand): string {
  return `${declared.name} ${commanderFor(declared).usage()}`.trim();
}

/** What `--help` and `help COMMAND` show: usage, options, examples and exit codes. */
export function commandHelp(declared: AnyClientCommand): readonly string[] {
  const examples = declared.examples.map((line) => `  ${line}`).join('\n');
  const heading = declared.examples.length > 1 ? 'Examples' : 'Example';
  const text = commanderFor(declared).helpInformation();
  return `${text.trimEnd()}\n${examples === '' ? '' : `\n${heading}:\n${examples}\n`}${exitHelp()}`.split(
    '\n',
  );
}

/** NUL, which no argument of a program and no line can hold. */
const mark = '\0';

function maybeOption(text: ByteString): boolean {
  return text.length > 1 && text.startsWith('-');
}

function asText(text: ByteString): string {
  return toBytes(text).toString('utf8');
}

function wordBehind(arg: string, words: readonly Word[]): Word | undefined {
  return arg.startsWith(mark) ? words[Number(arg.slice(mark.length))] : undefined;
}

function valueBehind(value: unknown, textOf: (one: string) => string): unknown {
  if (typeof value === 'string') return textOf(value);
  return Array.isArray(value) ? value.map((one) => valueBehind(one, textOf)) : value;
}

/** Options of plim itself that people write behind a command. */
const ofPlim =
  /(unknown option '--(?:json|codes|quiet|verbose|log|log-level|lock|retries|timeout|host-key|accept-new|batch)\b[^']*')/;

/** Commander's sentence in one line, the words in it put back. */
function problem(message: string, words: readonly Word[]): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(ofPlim, '$1: it is one of plim itself, and stands before the server')
    .replace(/\0\d+/g, (arg) => toText(wordBehind(arg, words)?.text ?? ''));
}

function commanderFor({ name, aliases, args = [], summary, options }: AnyClientCommand): Commander {
  const made = new Commander(name)
    .description(summary)
    .allowExcessArguments(false)
    // Not `-h`, which is an option of ls and df.
    .helpOption('--help', 'print this')
    .helpCommand(false)
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .exitOverride()
    .action(() => undefined);
  for (const alias of aliases ?? []) made.alias(alias);
  for (const one of args) made.argument(one);
  for (const spec of Object.values(options)) addOption(made, spec);
  return made;
}
