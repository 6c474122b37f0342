import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLink } from '../../client/reconnecting.js';
import { unlessAborted } from '../../client/unless-aborted.js';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import type { Exit } from '../exit.js';
import type { Outputs } from '../printer.js';
import { againWords } from './again-words.js';
import { fileLines, inputLines, runBatch, takenInput } from './batch.js';
import type { Chosen } from './choose-place.js';
import type { ClientLog } from './client-log.js';
import type { ClientPrinter } from './client-printer.js';
import type { Place } from './command.js';
import { clientCommands } from './commands.js';
import { createConnecting } from './connecting.js';
import { formatHost } from './destination.js';
import { ownFolder } from './own-files.js';
import type { PlimOptions } from './plim-options.js';
import type { Bars } from './progress/bars.js';
import { findCommand, runWords } from './run-line.js';
import type { Settled } from './settle-options.js';
import { runShell } from './shell.js';
import type { HostConfig } from './ssh-config.js';
import { sshConfigReader } from './ssh-config-files.js';
import { readSshOptions } from './ssh-options.js';
import { startingPlace } from './starting-place.js';
import type { ClientState } from './state.js';
import { settleTarget } from './target.js';
import { wordFromArgument } from './words.js';

/** Milliseconds for the connection to end in order, which on a near line it does. */
const farewell = 20;

export interface ServerRun {
  readonly chosen: Chosen;
  readonly settled: Settled;
  readonly options: PlimOptions;
  readonly log: ClientLog;
  readonly printer: ClientPrinter;
  readonly bars: Bars;
  /** What goes past the bars. */
  readonly outputs: Outputs;
}

/** Whether commands are typed by a person at a prompt. */
export function atPrompt(
  command: readonly string[],
  { options }: Chosen,
  { streams }: Pick<PlimOptions, 'streams'>,
): boolean {
  return command.length === 0 && options.batch === undefined && streams.stdin.isTTY;
}

/** Connects, and runs one command, a batch, or the shell. */
export async function runAtServer(command: readonly string[], run: ServerRun): Promise<Exit> {
  const { chosen, settled, options, log, printer, bars, outputs } = run;
  const { streams, terminal: bare, version, cwd, env } = options;
  const terminal = bars.asking(bare);
  const interactive = atPrompt(command, chosen, options);
  // A mistyped command is told before anybody has to log in.
  if (command[0] !== undefined && !command[0].startsWith('!')) findCommand(clientCommands, command[0]);
  const lines = command.length > 0 || interactive ? null : batchLines(run);

  const say = (line: string): void => {
    outputs.stderr.write(`${printable(line)}\n`);
  };
  const { globals, program } = settled;
  const aside = globals.quiet || program.terse ? () => undefined : say;
  const target = settleTarget(chosen.place, {
    machine: options,
    given: typedLayer(chosen, aside),
    identities: chosen.options.identity ?? [],
    configured: sshConfigReader(options, chosen.options.sshConfig),
  });
  const timeout =
    chosen.options.timeout === undefined ? (target.timeout ?? globals.timeout) : globals.timeout;
  if (chosen.options.password !== undefined) {
    aside(
      'plim: others on this machine can see a password given with -p: set PLIM_PASSWORD, or answer the question',
    );
  }

  const stop = new AbortController();
  const connecting = createConnecting(target, {
    terminal,
    say,
    aside,
    debug: debugging(settled, say, log),
    log,
    password: chosen.options.password ?? env['PLIM_PASSWORD'] ?? null,
    pinned: chosen.options.hostKey ?? [],
    acceptNew: chosen.options.acceptNew ?? false,
    timeout,
    signal: stop.signal,
  });
  const link = createLink({
    connect: connecting,
    retries: globals.retries,
    notify: (sentence) => {
      log.write('warn', 'link', { text: sentence });
      if (!globals.quiet) say(`plim: ${sentence}`);
    },
    signal: stop.signal,
  });
  const { user, host, port } = target;
  const stateAt = (place: Place, interruptible: ClientState['interruptible']): ClientState => ({
    place,
    link,
    destination: { user, host, port },
    printer,
    terminal,
    globals: { ...globals, timeout },
    bars,
    interactive,
    commands: clientCommands,
    version,
    again: againWords(chosen.typed, chosen.word ?? `${user}@${formatHost(host, port)}`),
    env,
    folder: ownFolder(options),
    streams: lines?.fromInput === true ? { ...streams, stdin: takenInput() } : streams,
    interruptible,
  });
  // Aborted while connecting only: what is stopped later may still have to put things in order at the server.
  const begin = async (signal: AbortSignal): Promise<Place> => {
    const abort = (): void => stop.abort(new Fault('cancelled'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await unlessAborted(
        link.remote().then((remote) => startingPlace(remote, chosen.place.path, cwd)),
        signal,
      );
    } finally {
      signal.removeEventListener('abort', abort);
    }
  };

  try {
    if (interactive) {
      const place = await terminal.interruptible(begin);
      return await runShell(stateAt(place, (work) => terminal.interruptible(work)));
    }
    return await terminal.interruptible(async (signal) => {
      const state = stateAt(await begin(signal), (work) => work(signal));
      if (lines) return runBatch(lines.lines, state, showing(run));
      return runWords(command.map(wordFromArgument), state);
    });
  } finally {
    // Over a far line the other side's farewell takes a round trip, and nothing depends on it.
    await Promise.race([link.end(), sleep(farewell, undefined, { ref: false })]);
  }
}

interface BatchLines {
  readonly lines: AsyncIterable<string> | Iterable<string>;
  readonly fromInput: boolean;
}

/** @throws Fault as `fileLines` */
function batchLines({ chosen, options }: ServerRun): BatchLines {
  const { batch } = chosen.options;
  return batch === undefined || batch === '-'
    ? { lines: inputLines(options.streams.stdin), fromInput: true }
    : { lines: fileLines(resolve(options.cwd, batch)), fromInput: false };
}

/** Commands are shown on stdout, as sftp does. */
function showing({ settled: { globals, program }, outputs }: ServerRun): (line: string) => void {
  if (globals.quiet || globals.json || program.terse) return () => undefined;
  return (line) => outputs.stdout.write(`${printable(line)}\n`);
}

/** What was typed speaks louder than a profile's options, and those than a file. */
function typedLayer({ options }: Chosen, note: (sentence: string) => void): HostConfig {
  const layer = new Map(readSshOptions(options.set ?? [], note));
  if (options.jump !== undefined) layer.set('proxyjump', [options.jump]);
  return layer;
}

function debugging(
  { globals, program }: Settled,
  say: (line: string) => void,
  log: ClientLog,
): ((line: string) => void) | null {
  if (globals.verbosity === 0 && program.logLevel !== 'debug') return null;
  return (line) => {
    log.write('debug', 'debug', { text: line });
    if (globals.verbosity > 0) say(`debug: ${line}`);
  };
}
