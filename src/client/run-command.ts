import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../fault.js';
import { toBytes, type ByteString } from '../names.js';
import { CommandTurns } from './command-turns.js';
import { inside } from './internals.js';
import type { RemoteOutput } from './remote.js';
import { unlessAborted } from './unless-aborted.js';

/** Bytes of what a command may say before it is given up: what is asked for here is a line or two. */
const mostOutput = 2 ** 20;

/** Of each connection. */
const turnsOf = new WeakMap<Client, CommandTurns>();

/** The channel itself was refused, and not the command. [RFC 4254 5.1] */
class ChannelRefused extends Fault {}

/**
 * Runs a command on a channel of its own; a few at once on one connection.
 * @param go once it resolves the command's input is a line without anything; without it there is no input
 * @throws Fault `unsupported`, `too-many`, `cancelled`, `no-connection`
 */
export async function runCommand(
  client: Client,
  command: ByteString,
  signal: AbortSignal | undefined,
  go?: Promise<void>,
): Promise<RemoteOutput> {
  const turns = turnsOf.get(client) ?? new CommandTurns();
  turnsOf.set(client, turns);
  // One that waits for its word keeps others from their turn, so it waits here where there are few left.
  if (go && !turns.plenty) await (signal ? unlessAborted(go, signal) : go);
  for (;;) {
    await turns.begin(signal);
    try {
      return await run(client, command, signal, go);
    } catch (thrown) {
      if (!(thrown instanceof ChannelRefused) || !turns.refused()) throw thrown;
    } finally {
      turns.end();
    }
  }
}

function run(
  client: Client,
  command: ByteString,
  signal: AbortSignal | undefined,
  go: Promise<void> | undefined,
): Promise<RemoteOutput> {
  return new Promise((resolve, reject) => {
    let running: ClientChannel | null = null;
    let stopped = false;
    const settle = (done: () => void): void => {
      client.removeListener('close', lost);
      signal?.removeEventListener('abort', cancel);
      done();
    };
    const stop = (fault: Fault): void => {
      stopped = true;
      running?.close();
      settle(() => reject(fault));
    };
    const lost = (): void => stop(new Fault('no-connection'));
    const cancel = (): void => stop(new Fault('cancelled'));
    if (signal?.aborted) {
      reject(new Fault('cancelled'));
      return;
    }
    client.once('close', lost);
    signal?.addEventListener('abort', cancel);
    try {
      // Its types know only text; a path in it may be any bytes.
      client.exec(toBytes(command) as unknown as string, (error, channel) => {
        if (error) {
          settle(() => reject(noCommands(error)));
          return;
        }
        if (stopped) {
          channel.close();
          return;
        }
        // Here and not later: what a quick command answers may be in the chunk that is being parsed now.
        running = channel;
        gather(channel, stop, (output) => settle(() => resolve(output)));
        if (go) void go.then(() => channel.end('\n'));
        else channel.end();
      });
    } catch (cause) {
      settle(() => reject(new Fault('no-connection', undefined, { cause })));
    }
  });
}

/** A reason is what a refused channel has. */
function noCommands(error: Error & { readonly reason?: unknown }): Fault {
  const Kind = typeof error.reason === 'number' ? ChannelRefused : Fault;
  return new Kind('unsupported', 'the server runs no commands', { cause: error });
}

function gather(
  channel: ClientChannel,
  stop: (fault: Fault) => void,
  ended: (output: RemoteOutput) => void,
): void {
  guardPacketSize(channel);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let length = 0;
  let status: number | null = null;
  const taker =
    (parts: Buffer[]) =>
    (chunk: Buffer): void => {
      length += chunk.length;
      if (length > mostOutput) stop(new Fault('too-many', 'the command at the server says too much'));
      else parts.push(chunk);
    };
  channel.on('data', taker(out));
  channel.stderr.on('data', taker(err));
  channel.on('exit', (code: number | null) => (status = code));
  channel.on('error', (error: Error) => stop(new Fault('no-connection', error.message)));
  channel.on('close', () => ended({ status, stdout: Buffer.concat(out), stderr: Buffer.concat(err) }));
}

/** With pieces of 0 bytes ssh2 would cut for ever. */
function guardPacketSize(channel: ClientChannel): void {
  const { outgoing } = inside(channel);
  if (!(outgoing.packetSize >= 256)) outgoing.packetSize = 256;
}
