import type { Link } from '../../client/link.js';
import type { Remote } from '../../client/remote.js';
import { unlessAborted } from '../../client/unless-aborted.js';
import { toText } from '../../names.js';
import { exits, type Exit } from '../exit.js';
import type { ClientPrinter } from './client-printer.js';
import type { AnyClientCommand } from './command.js';
import { createCompleter } from './completion.js';
import { remoteSide, type NamedSide } from './folder-names.js';
import { openHistory } from './history.js';
import { Prompt } from './prompt.js';
import { runLine } from './run-line.js';
import { besideProgram, interruptibleCommand } from './shell-interrupt.js';
import type { ClientState } from './state.js';

/** Reads commands at a prompt and runs them, until the person leaves. */
export async function runShell(state: ClientState): Promise<Exit> {
  const seen = lastSeen(state.link);
  const shell: ClientState = {
    ...state,
    link: seen.link,
    interactive: true,
    interruptible: (work) => interruptibleCommand((signal) => seen.during(signal, work)),
  };
  const completer = createCompleter({
    commands: state.commands,
    place: state.place,
    remote: seen.side,
    now: () => performance.now(),
  });
  const prompt = new Prompt({
    text: 'plim> ',
    streams: state.streams,
    bars: state.bars,
    history: openHistory(state.folder),
    completer,
  });

  // Tab knows the server from the first prompt on.
  const remote = await seen.link.remote();
  if (!state.globals.quiet) {
    await runLine('status', shell);
    shell.printer.note(`home        ${toText(await remote.realpath('.'))}`);
    await runLine('ls', shell);
  }
  let interrupted = false;
  for (;;) {
    const typed = await prompt.read();
    if (typed === 'left' || (typed === 'interrupted' && interrupted)) return exits.done;
    interrupted = typed === 'interrupted';
    if (interrupted) shell.printer.note('Ctrl-C once more, or Ctrl-D, leaves');
    if (typeof typed === 'string') continue;
    const line = commandOf(typed.line);
    const beside = line.startsWith('!');
    const voice = silenceable(shell.printer);
    const exit = await runLine(line, {
      ...shell,
      printer: voice.printer,
      ...(beside && { interruptible: besideProgram }),
    });
    if (exit === exits.done && ends(line, state.commands)) return exits.done;
    // A command that was given up may go on, but not on this screen.
    voice.silence();
    state.bars.drop();
    completer.forget();
  }
}

/** Without what only means something in a batch: `-` says that a failure is no reason to stop, `@` that it is not shown. */
function commandOf(line: string): string {
  return line.replace(/^\s*[-@]*\s*/, '');
}

function silenceable(printer: ClientPrinter): {
  readonly printer: ClientPrinter;
  readonly silence: () => void;
} {
  let heard = true;
  return {
    printer: {
      ...printer,
      result: (document, text) => {
        if (heard) printer.result(document, text);
      },
      note: (line) => {
        if (heard) printer.note(line);
      },
      warn: (line) => {
        if (heard) printer.warn(line);
      },
      fault: (fault, sentence) => {
        if (heard) printer.fault(fault, sentence);
      },
      get answered() {
        return printer.answered ?? 0;
      },
    },
    silence: () => {
      heard = false;
    },
  };
}

/** Whether the shell is left by this line. */
function ends(line: string, commands: readonly AnyClientCommand[]): boolean {
  const name = /^\S*/.exec(line)?.[0] ?? '';
  return commands.some((one) => one.ends === true && (one.name === name || one.aliases?.includes(name)));
}

interface LastSeen {
  readonly link: Link;
  /** The files of the session that was used last: Tab is no reason to connect again. */
  readonly side: () => NamedSide | null;
  /** While the work goes on, waiting for a connection ends with the signal. */
  during<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

function lastSeen(link: Link): LastSeen {
  let side: NamedSide | null = null;
  let last: Remote | null = null;
  let running: AbortSignal | null = null;
  const see = (remote: Remote): Remote => {
    if (remote !== last) side = remoteSide(remote);
    last = remote;
    return remote;
  };
  return {
    side: () => side,
    during: async (signal, work) => {
      running = signal;
      try {
        return await work(signal);
      } finally {
        if (running === signal) running = null;
      }
    },
    link: {
      remote: async () => see(await (running ? unlessAborted(link.remote(), running) : link.remote())),
      use: (work, signal) => link.use((remote, attempt) => work(see(remote), attempt), signal),
      end: () => link.end(),
    },
  };
}
