import { Option, type Command as Commander } from 'commander';
import type { OptionSpec } from './command.js';

type Options = Readonly<Record<string, OptionSpec<unknown>>>;

/** Tells commander of an option as it was declared. */
export function addOption(command: Commander, { flags, help, kind }: OptionSpec<unknown>): void {
  const option = new Option(flags, help);
  if (kind === 'texts') {
    option.argParser((value, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  }
  command.addOption(option);
  if (kind === 'either')
    command.addOption(new Option(flags.replace(/--/, '--no-'), `the opposite of ${flags}`));
}

/** What was typed, by the names of the declaration. */
export function optionValues(declared: Options, command: Commander): Readonly<Record<string, unknown>> {
  const typed = command.opts<Record<string, unknown>>();
  return Object.fromEntries(
    Object.entries(declared).map(([name, { kind }]) => [name, typed[name] ?? absent[kind]]),
  );
}

/** Not told to commander, whose help would print them. */
const absent: Readonly<Record<OptionSpec<unknown>['kind'], unknown>> = {
  text: undefined,
  texts: [],
  flag: false,
  either: undefined,
};
