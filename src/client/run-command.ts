import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../fault.js';
import { toBytes, type ByteString } from '../names.js';
import { inside } from './internals.js';
import type { RemoteOutput } from './remote.js';

/** Bytes of what a command may say before it is given up: what is asked for here is a line or two. */
const mostOutput = 2 ** 20;

/** Runs a command on a channel of its own, without input. @throws Fault `unsupported`, `too-many`, `cancelled`, `no-connection` */
export async function runCommand(
  client: Client,
  command: ByteString,
  signal: AbortSignal | undefined,
): Promise<RemoteOutput> {
  if (signal?.aborted) throw new Fault('cancelled');
  const channel = await open(client, command);
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let length = 0;
    let status: number | null = null;
    const stop = (fault: Fault): void => {
      signal?.removeEventListener('abort', cancel);
      channel.close();
      reject(fault);
    };
    const cancel = (): void => stop(new Fault('cancelled'));
    const taker = (parts: Buffer[]) => (chunk: Buffer) => {
      length += chunk.length;
      if (length > mostOutput) stop(new Fault('too-many', 'the command at the server says too much'));
      else parts.push(chunk);
    };
    signal?.addEventListener('abort', cancel);
    channel.on('data', taker(out));
    channel.stderr.on('data', taker(err));
    channel.on('exit', (code: number | null) => (status = code));
    channel.on('error', (error: Error) => stop(new Fault('no-connection', error.message)));
    channel.on('close', () => {
      signal?.removeEventListener('abort', cancel);
      resolve({ status, stdout: Buffer.concat(out), stderr: Buffer.concat(err) });
    });
    channel.end();
  });
}

function open(client: Client, command: ByteString): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Fault('no-connection'));
    client.once('close', lost);
    try {
      // Its types know only text; a path in it may be any bytes.
      client.exec(toBytes(command) as unknown as string, (error, channel) => {
        client.removeListener('close', lost);
        if (error) {
          reject(new Fault('unsupported', 'the server runs no commands', { cause: error }));
        } else {
          guardPacketSize(channel);
          resolve(channel);
        }
      });
    } catch (cause) {
      client.removeListener('close', lost);
      reject(new Fault('no-connection', undefined, { cause }));
    }
  });
}

/** With pieces of 0 bytes ssh2 would cut for ever. */
function guardPacketSize(channel: ClientChannel): void {
  const { outgoing } = inside(channel);
  if (!(outgoing.packetSize >= 256)) outgoing.packetSize = 256;
}
