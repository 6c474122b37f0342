import type { Readable, Writable } from 'node:stream';
import type { Link } from '../../client/link.js';
import type { Remote } from '../../client/remote.js';
import type { ByteString } from '../../names.js';
import type { OptionSpec } from '../command.js';
import type { Exit } from '../exit.js';
import type { Terminal } from '../terminal.js';
import type { ClientPrinter } from './client-printer.js';
import type { GlobalOptions } from './global-options.js';
import type { Bars } from './progress/bars.js';
import type { Word } from './words.js';

type Options = Readonly<Record<string, OptionSpec<unknown>>>;

type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends OptionSpec<infer T> ? T : never;
};

/** What Tab completes in an argument's place. */
export type Completed = 'remote' | 'remote-folder' | 'local' | 'local-folder' | 'command' | 'nothing';

/** Where the person is on both sides; `cd` and `lcd` change it. */
export interface Place {
  /** Absolute. */
  remote: ByteString;
  /** Absolute, bytes as the local system has them (`local-path.ts`). */
  local: ByteString;
}

/** Everything a command works with. */
export interface ClientContext<O extends Options = Options> {
  /** The words behind the command, options taken out; a word knows whether it was a pattern. */
  readonly args: readonly Word[];
  readonly options: Values<O>;
  readonly place: Place;
  readonly link: Link;
  /** The session of the moment. */
  remote(): Promise<Remote>;
  /** Who is logged in where; for sentences and for "continue with: plim ...". */
  readonly destination: { readonly user: string; readonly host: string; readonly port: number };
  readonly printer: ClientPrinter;
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  /** What shows transfers as they go on: `bars.start(...)` gives the watcher. */
  readonly bars: Bars;
  /** Aborted by Ctrl-C, and when the program is asked to end. */
  readonly signal: AbortSignal;
  /** Whether it was typed at the prompt, and not on the command line or in a batch. */
  readonly interactive: boolean;
  /** The commands there are, for `help`. */
  readonly commands: readonly AnyClientCommand[];
  readonly version: string;
  /** What `put - NAME` reads and `get NAME -` writes; the process' own where absent. */
  readonly streams?: Streams;
  /** The words behind `plim` that lead to the same place again, for "continue with": options, destination; no secret. */
  readonly again?: readonly string[];
}

/** Where bytes come from and go to; while a file goes to `stdout`, all that is said goes to `stderr`. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: { write(text: string): unknown };
}

/** A command of plim, as it is typed at the prompt, in a batch, or behind the host. */
export interface ClientCommand<O extends Options = Options> {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Commander's arguments: `<NAME>`, `[MODE]`, `[PATH...]`. */
  readonly args?: readonly string[];
  /** For each argument what Tab completes; the last one stands for all that follow. */
  readonly completes?: readonly Completed[];
  readonly summary: string;
  /** Lines that a person could type, for `help COMMAND`. */
  readonly examples: readonly string[];
  readonly options: O;
  /** Works without a connection: `help`, `lpwd`, `!`. */
  readonly offline?: boolean;
  /** Nothing follows it: the prompt and a batch end once it was run. `quit` */
  readonly ends?: boolean;
  /** @throws Fault, printed as one sentence; its code decides the exit code */
  run(context: ClientContext<O>): Promise<Exit | undefined>;
}

/** A command of any options, as the table of commands holds it. */
export type AnyClientCommand = Omit<ClientCommand, 'run'> & {
  run(context: ClientContext<never>): Promise<Exit | undefined>;
};

export function clientCommand<const O extends Options>(declared: ClientCommand<O>): AnyClientCommand {
  return declared;
}

/** Commander has checked that what the declaration requires is there. */
export function wordAt({ args }: { readonly args: readonly Word[] }, index: number): Word {
  const word = args[index];
  if (word === undefined) throw new Error(`argument ${index} was declared optional`);
  return word;
}
