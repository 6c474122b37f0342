import { localFromText } from '../../client/local-path.js';
import type { Link } from '../../client/link.js';
import { Fault } from '../../fault.js';
import { fromText } from '../../names.js';
import type { Exit } from '../exit.js';
import { createClientPrinter } from './client-printer.js';
import { clientCommands } from './commands.js';
import { ownFolder } from './own-files.js';
import type { PlimOptions } from './plim-options.js';
import { createBars } from './progress/create-bars.js';
import { runWords } from './run-line.js';
import type { Settled } from './settle-options.js';
import { wordFromArgument } from './words.js';

/** Runs a command that needs no server: `plim help get`. */
export function runOffline(
  command: readonly string[],
  settled: Settled,
  options: PlimOptions,
): Promise<Exit> {
  const { streams, terminal, version, env, cwd } = options;
  const { globals, program } = settled;
  return runWords(command.map(wordFromArgument), {
    place: { remote: fromText('/'), local: localFromText(cwd) },
    link: nowhere,
    destination: { user: '', host: '', port: 0 },
    printer: createClientPrinter(streams, { ...globals, terse: program.terse }),
    terminal,
    globals,
    bars: createBars({ mode: 'none', output: streams.stderr }),
    interactive: false,
    commands: clientCommands,
    version,
    env,
    folder: ownFolder(options),
    streams,
    interruptible: (work) => terminal.interruptible(work),
  });
}

const noServer = (): Promise<never> =>
  Promise.reject(
    new Fault('no-connection', 'there is no server here: write plim [USER@]HOST before the command'),
  );

const nowhere: Link = { remote: noServer, use: noServer, end: () => Promise.resolve() };
