import type { Budget } from '../channel/budget.js';
import type { SessionChannel } from '../channel/channel.js';
import { Fault, toFault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { CommandContext } from './command.js';
import { findCommand, type CalledCommand } from './find-command.js';
import { Patterns } from './patterns.js';
import { CommandStreams } from './streams.js';

export interface CommandOptions extends Omit<CommandContext, 'streams' | 'signal' | 'patterns'> {
  /** Output that may wait for the peer, shared by the channels of a connection. */
  readonly output: Budget;
  /** Input that may wait for the command, shared likewise. */
  readonly input: Budget;
  /** What went wrong on our side, for the operator; the client was told `failure`. */
  readonly failed: (operation: string, path: string, cause: unknown) => void;
  /** Called once, when the command has ended and the channel is gone. */
  readonly ended: (exitStatus: number) => void;
}

/** Exit status of a shell for a command that it does not find. */
const notFound = 127;

/**
 * Serves the command line of an `exec` request [RFC 4254 6.5] without a shell: a table of commands, on the account's
 * filesystem. What is not in the table gets exit status 127 and a sentence.
 */
export function runCommand(channel: SessionChannel, line: ByteString, options: CommandOptions): void {
  let gone = (): void => undefined;
  const closed = new Promise<void>((resolve) => (gone = resolve));
  const streams = new CommandStreams(channel, options, gone);
  void serve(streams, line, options)
    .then((exitStatus) => {
      streams.finish(exitStatus);
      return exitStatus;
    })
    .catch((thrown: unknown) => {
      options.failed('exec', line, thrown);
      channel.destroy();
      return 1;
    })
    .then(async (exitStatus) => {
      await closed;
      options.ended(exitStatus);
    });
}

async function serve(streams: CommandStreams, line: ByteString, options: CommandOptions): Promise<number> {
  let called: CalledCommand;
  try {
    called = findCommand(line, options.account);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (!(thrown instanceof Fault)) options.failed('exec', line, thrown);
    streams.complain(fault.message);
    options.refused('exec', line, fault);
    return notFound;
  }
  const { name, command, args } = called;
  try {
    const { signal } = streams;
    const patterns = new Patterns(options.vfs, signal);
    return await command.run(args, { ...options, streams, signal, patterns });
  } catch (thrown) {
    // The filesystem's own failures are told by `observed`; what is no Fault is a mistake of ours.
    if (!(thrown instanceof Fault)) options.failed(name, line, thrown);
    streams.complain(`${name}: ${toFault(thrown).message}`);
    return 1;
  }
}
