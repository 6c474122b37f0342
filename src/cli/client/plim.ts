import { resolve } from 'node:path';
import { Fault } from '../../fault.js';
import { printable } from '../../observe/printable.js';
import { exits, type Exit } from '../exit.js';
import { isReserved, readArguments, type GivenArguments } from './arguments.js';
import { choosePlace, type Chosen } from './choose-place.js';
import { noLog, openLog, type ClientLog } from './client-log.js';
import { createClientPrinter } from './client-printer.js';
import { takeLock } from './lock.js';
import { runOffline } from './offline.js';
import { ownFolder } from './own-files.js';
import type { PlimOptions } from './plim-options.js';
import { runProfileCommand } from './profile-command.js';
import { openProfiles } from './profiles.js';
import { createBars } from './progress/create-bars.js';
import { reported } from './run-line.js';
import { atPrompt, runAtServer } from './run-at-server.js';
import { settleOptions, type Settled } from './settle-options.js';

/** Does what was typed, prints what went wrong; resolves to the exit code. */
export function runPlim(options: PlimOptions): Promise<Exit> {
  const { argv, streams, version, terminal } = options;
  const has = (flag: string): boolean => argv.includes(flag);
  const early = createClientPrinter(streams, { json: has('--json'), quiet: false, codes: has('--codes') });
  return reported({ printer: early }, async () => {
    const read = readArguments(argv, version);
    if ('print' in read) {
      streams.stdout.write(read.print);
      return exits.done;
    }
    const profiles = openProfiles(ownFolder(options));
    if (read.place === 'profile') return runProfileCommand(read, profiles, options);
    if (read.place === 'version') {
      streams.stdout.write(`${version}\n`);
      return exits.done;
    }
    if (read.place !== null && isReserved(read.place)) {
      return runOffline([read.place, ...read.command], settleOptions(read.options, terminal.shows), options);
    }
    checkUsage(read);
    const chosen = await choosePlace(read, () => profiles.all(), terminal);
    return withSettled(read, chosen, options);
  });
}

/** @throws Fault `invalid` for what does not go together */
function checkUsage({ options, command }: GivenArguments): void {
  // With another host as a word, `-p` is typed by those who know sftp, where it keeps times.
  if (options.password !== undefined && options.server === undefined) {
    throw new Fault(
      'invalid',
      '-p PASSWORD goes together with -s HOST; times are kept by the -p behind get and put',
    );
  }
  if (options.batch !== undefined && command.length > 0) {
    throw new Fault(
      'invalid',
      `a batch (-b) and a command ('${printable(command[0] ?? '')}') exclude each other`,
    );
  }
}

async function withSettled(read: GivenArguments, chosen: Chosen, options: PlimOptions): Promise<Exit> {
  const { streams, terminal } = options;
  const settled = settleOptions(chosen.options, terminal.shows);
  const { globals, program } = settled;
  const bars = createBars({ mode: globals.progress, output: streams.stderr });
  const outputs = { stdout: bars.beside(streams.stdout), stderr: bars.beside(streams.stderr) };
  const log = openClientLog(settled, options);
  const printer = createClientPrinter(outputs, {
    ...globals,
    // Who types a command at the prompt wants to see its answer.
    quiet: globals.quiet && !atPrompt(read.command, chosen, options),
    terse: program.terse,
    log: (kind, fields) => log.write(levels[kind], kind, fields),
  });
  const lock = program.lock === null ? null : takeLock(resolve(options.cwd, program.lock));
  const started = performance.now();
  log.write('info', 'started', { version: options.version, command: read.command[0] ?? null });
  try {
    const exit = await reported({ printer }, () =>
      runAtServer(read.command, { chosen, settled, options, log, printer, bars, outputs }),
    );
    log.write('info', 'ended', { exit, took: (performance.now() - started) / 1000 });
    return exit;
  } finally {
    lock?.release();
    await log.flush();
  }
}

const standardError = 2;
const levels = { result: 'info', note: 'info', warning: 'warn', fault: 'error' } as const;

function openClientLog({ program }: Settled, { streams, terminal, cwd }: PlimOptions): ClientLog {
  if (program.log === null) return noLog;
  return openLog({
    target: program.log === '-' ? standardError : resolve(cwd, program.log),
    level: program.logLevel,
    readable: program.log === '-' && terminal.shows,
    failed: (sentence) => streams.stderr.write(`plim: ${printable(sentence)}\n`),
  });
}
