import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../fault.js';
import { toBytes, type ByteString } from '../names.js';
import { inside } from './internals.js';
import type { RemoteOutput } from './remote.js';

/** Bytes of what a command may say before it is given up: what is asked for here is a line or two. */
const mostOutput = 2 ** 20;

/**
 * Runs a command on a channel of its own, without input.
 * @throws Fault `unsupported`, `too-many`, `cancelled`, `no-connection`
 */
export function runCommand(
  client: Client,
  command: ByteString,
  signal: AbortSignal | undefined,
): Promise<RemoteOutput> {
  return new Promise((resolve, reject) => {
    let running: ClientChannel | null = null;
    const settle = (done: () => void): void => {
      client.removeListener('close', lost);
      signal?.removeEventListener('abort', cancel);
      done();
    };
    const stop = (fault: Fault): void => {
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
          settle(() => reject(new Fault('unsupported', 'the server runs no commands', { cause: error })));
          return;
        }
        // Here and not later: what a quick command answers may be in the chunk that is being parsed now.
        running = channel;
        gather(channel, stop, (output) => settle(() => resolve(output)));
      });
    } catch (cause) {
      settle(() => reject(new Fault('no-connection', undefined, { cause })));
    }
  });
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
  channel.end();
}

/** With pieces of 0 bytes ssh2 would cut for ever. */
function guardPacketSize(channel: ClientChannel): void {
  const { outgoing } = inside(channel);
  if (!(outgoing.packetSize >= 256)) outgoing.packetSize = 256;
}
