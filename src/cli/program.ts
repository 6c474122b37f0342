import { Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander';
import { toFault } from '../fault.js';
import type { AnyCommand, Context, Surroundings } from './command.js';
import { exitHelp, exitOf, exits, type Exit } from './exit.js';
import { addOption, optionValues } from './options.js';
import { createPrinter, type Outputs } from './printer.js';

/** What a program is made of. */
export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  /** What a word that has commands below it is for: `user`, `user key`. */
  readonly groups: Readonly<Record<string, string>>;
  readonly commands: readonly AnyCommand[];
}

export interface RunOptions extends Outputs, Omit<Surroundings, 'printer' | 'folder' | 'version'> {
  /** Without the interpreter and the program. */
  readonly argv: readonly string[];
}

/** Parses what was typed, runs the command, prints what went wrong; resolves to the exit code. */
export async function runProgram(program: Program, options: RunOptions): Promise<Exit> {
  const warnings = createPrinter(options, { json: false });
  let exit: Exit = exits.done;
  const top = skeleton(program, options);
  for (const declared of program.commands) {
    const leaf = addLeaf(groupFor(top, program, declared.name), declared);
    leaf.action(async () => {
      exit =
        (await declared.run(contextFor(declared, leaf, top, program, options) as Context<never>)) ??
        exits.done;
    });
  }
  try {
    await top.parseAsync(options.argv, { from: 'user' });
    return exit;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exits.done : exits.usage;
    const fault = toFault(thrown);
    const cause = fault.code === 'failure' && fault !== thrown ? fault.cause : null;
    const sentence = cause instanceof Error ? `failed: ${cause.message}` : fault.message;
    for (const line of sentence.split('\n')) warnings.warn(line);
    return exitOf(fault.code);
  }
}

function skeleton({ name, summary, version }: Program, { stdout, stderr }: Outputs): Commander {
  return new Commander(name)
    .description(summary)
    .version(version, '--version', 'print the version')
    .addOption(
      new Option('--root <DIR>', 'where everything lives (PLIMSOLL_ROOT, or the current folder)').argParser(
        (folder) => {
          // A script's unset variable: the folder it happens to run in is not meant.
          if (folder === '') throw new InvalidArgumentError('It takes a folder.');
          return folder;
        },
      ),
    )
    .option('--json', 'print one JSON document')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .addHelpText('after', exitHelp())
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, `${name}: `)),
    })
    .exitOverride();
}

/** The command above the last word of a name, made where it is missing. */
function groupFor(top: Commander, { name: program, groups }: Program, name: string): Commander {
  const words = name.split(' ').slice(0, -1);
  return words.reduce((parent, word, index) => {
    const known = parent.commands.find((one) => one.name() === word);
    if (known) return known;
    const path = words.slice(0, index + 1).join(' ');
    return parent
      .command(word)
      .description(groups[path] ?? '')
      .helpCommand(false)
      .showHelpAfterError(`(see '${program} ${path} --help')`)
      .addHelpText('after', exitHelp());
  }, top);
}

function addLeaf(parent: Commander, { name, alias, args = [], summary, options }: AnyCommand): Commander {
  const leaf = parent
    .command(name.split(' ').at(-1) ?? name)
    .description(summary)
    .allowExcessArguments(false)
    .addHelpText('after', exitHelp());
  leaf.showHelpAfterError(`(see '${pathOf(leaf)} --help')`);
  if (alias !== undefined) leaf.alias(alias);
  for (const one of args) leaf.argument(one);
  for (const spec of Object.values(options)) addOption(leaf, spec);
  return leaf;
}

function pathOf(leaf: Commander): string {
  return leaf.parent ? `${pathOf(leaf.parent)} ${leaf.name()}` : leaf.name();
}

function contextFor(
  declared: AnyCommand,
  leaf: Commander,
  top: Commander,
  program: Program,
  options: RunOptions,
): Context {
  const { env, cwd, terminal, program: called } = options;
  const { root, json } = top.opts<{ root?: string; json?: boolean }>();
  return {
    printer: createPrinter(options, { json: json === true }),
    terminal,
    env,
    cwd,
    folder: root ?? (env['PLIMSOLL_ROOT'] || cwd),
    version: program.version,
    program: called,
    args: leaf.processedArgs.filter((one): one is string => typeof one === 'string'),
    options: optionValues(declared.options, leaf),
  };
}
