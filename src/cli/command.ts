import type { Environment } from '../config/environment.js';
import type { Exit } from './exit.js';
import type { Printer } from './printer.js';
import type { Terminal } from './terminal.js';

/** One option of a command; `T` is what `run` gets. */
export interface OptionSpec<T> {
  readonly flags: string;
  readonly help: string;
  readonly kind: 'text' | 'texts' | 'flag' | 'either';
  /** For the types only. */
  readonly value?: T;
}

type Options = Readonly<Record<string, OptionSpec<unknown>>>;

type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends OptionSpec<infer T> ? T : never;
};

/** A value, `undefined` where the option was not given. */
export function text(flags: string, help: string): OptionSpec<string | undefined> {
  return { flags, help, kind: 'text' };
}

/** An option that can be given again and again. */
export function texts(flags: string, help: string): OptionSpec<readonly string[]> {
  return { flags, help, kind: 'texts' };
}

export function flag(flags: string, help: string): OptionSpec<boolean> {
  return { flags, help, kind: 'flag' };
}

/** `--NAME` and `--no-NAME`; `undefined` where neither was given. */
export function either(flags: string, help: string): OptionSpec<boolean | undefined> {
  return { flags, help, kind: 'either' };
}

/** What every command gets, whatever it does. */
export interface Surroundings {
  readonly printer: Printer;
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly cwd: string;
  /** The folder named by `--root` or `PLIMSOLL_ROOT`, or the current one; a root or not. */
  readonly folder: string;
  readonly version: string;
  /** How this program is called from a shell. */
  readonly program: string;
}

export interface Context<O extends Options = Options> extends Surroundings {
  readonly args: readonly string[];
  readonly options: Values<O>;
}

/** A command as people type it. `name` holds its words (`user key add`), `args` commander's arguments. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  readonly alias?: string;
  readonly args?: readonly string[];
  readonly summary: string;
  readonly options: O;
  /** @throws Fault, printed as one sentence; its code decides the exit code */
  run(context: Context<O>): Promise<Exit | undefined>;
}

/** A command of any options, as the table of commands holds it. */
export type AnyCommand = Omit<Command, 'run'> & { run(context: Context<never>): Promise<Exit | undefined> };

export function command<const O extends Options>(declared: Command<O>): AnyCommand {
  return declared;
}

/** Commander has checked that what the declaration requires is there. */
export function argument({ args }: { readonly args: readonly string[] }, index: number): string {
  const value = args[index];
  if (value === undefined) throw new Error(`argument ${index} was declared optional`);
  return value;
}
