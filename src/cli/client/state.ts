import type { Environment } from '../../config/environment.js';
import type { ClientContext } from './command.js';

/** What plim keeps from one command to the next, wherever the commands come from; `run-line.ts` makes contexts of it. */
export interface ClientState extends Pick<
  ClientContext,
  | 'place'
  | 'link'
  | 'destination'
  | 'printer'
  | 'terminal'
  | 'globals'
  | 'bars'
  | 'interactive'
  | 'commands'
  | 'version'
  | 'again'
> {
  readonly env: Environment;
  /** Where plim keeps what is its own: profiles, known hosts, history. It may not be there yet. */
  readonly folder: string;
  readonly streams: Streams;
  /** Runs a command that Ctrl-C asks to stop; the signal becomes that of its context. */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** Those of the process; what is written on `stdout` and `stderr` goes past the bars. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}
