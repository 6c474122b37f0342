import { Budget } from '../../src/channel/budget.js';
import type { ChannelSink, SessionChannel } from '../../src/channel/channel.js';
import { Gate } from '../../src/channel/gate.js';
import { runCommand, type CommandOptions } from '../../src/exec/run-command.js';
import type { Fault } from '../../src/fault.js';
import { HashPool } from '../../src/hash/hash-pool.js';
import { fromBytes, type ByteString } from '../../src/names.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Vfs } from '../../src/vfs/vfs.js';

/** A command on a channel in the test's hands. */
export interface Running {
  readonly sink: ChannelSink;
  readonly output: Budget;
  readonly input: Budget;
  readonly stderr: string[];
  /** What the operator was told, and of which path. */
  readonly refusals: [ByteString, Fault][];
  readonly failures: unknown[];
  /** The exit status, once the command has ended and the channel is gone. */
  readonly ended: Promise<number>;
  stdout(): ByteString;
  hasEnded(): boolean;
  /** What `finish` was called with, or `null`. */
  exitStatus(): number | null;
  resumed(): number;
  destroyed(): boolean;
  /** Tells the command that the peer took everything, or so many bytes. */
  sent(bytes?: number): void;
}

export interface RunningOptions extends Partial<CommandOptions> {
  /** The peer takes nothing until `sent` says so, and does not close the channel after the end. */
  readonly manual?: boolean;
}

/** Shared by the tests of a file: its threads end with the process. */
const hashes = new HashPool();

export function running(line: ByteString, { manual = false, ...options }: RunningOptions = {}): Running {
  const stderr: string[] = [];
  const refusals: [ByteString, Fault][] = [];
  const failures: unknown[] = [];
  const chunks: Buffer[] = [];
  let sink = null as ChannelSink | null;
  let unsent = 0;
  let exitStatus: number | null = null;
  let resumed = 0;
  let destroyed = false;
  let hasEnded = false;
  let tellEnded: (exitStatus: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (tellEnded = resolve));
  const channel: SessionChannel = {
    start: (to) => (sink = to),
    resume: () => resumed++,
    send: (bytes) => {
      chunks.push(Buffer.from(bytes));
      if (manual) unsent += bytes.length;
      else sink?.sent(bytes.length);
    },
    stderr: (text) => stderr.push(text),
    finish: (status) => {
      exitStatus = status;
      if (!manual) sink?.closed();
    },
    destroy: () => {
      destroyed = true;
      sink?.closed();
    },
  };
  const whole: CommandOptions = {
    vfs: memoryVfs(),
    account: 'alice',
    hashes,
    gate: new Gate(2),
    output: new Budget(4 << 20),
    input: new Budget(4 << 20),
    refused: (_operation, path, fault) => refusals.push([path, fault]),
    failed: (_operation, _path, cause) => failures.push(cause),
    ended: (status) => {
      hasEnded = true;
      tellEnded(status);
    },
    ...options,
  };
  runCommand(channel, line, whole);
  if (!sink) throw new Error('the command did not start its channel');
  const to = sink;
  const { output, input } = whole;
  return {
    ...{ sink: to, output, input, stderr, refusals, failures, ended },
    stdout: () => fromBytes(Buffer.concat(chunks)),
    hasEnded: () => hasEnded,
    exitStatus: () => exitStatus,
    resumed: () => resumed,
    destroyed: () => destroyed,
    sent: (bytes = unsent) => {
      unsent -= bytes;
      to.sent(bytes);
    },
  };
}

export interface Outcome {
  readonly status: number;
  readonly stdout: ByteString;
  readonly stderr: readonly string[];
}

/** Runs a command to its end; `stdin` is its whole standard input. */
export async function outcome(
  line: ByteString,
  { stdin = Buffer.alloc(0), ...options }: RunningOptions & { readonly stdin?: Buffer } = {},
): Promise<Outcome> {
  const command = running(line, options);
  command.sink.data(stdin);
  command.sink.end();
  const status = await command.ended;
  return { status, stdout: command.stdout(), stderr: command.stderr };
}

/** A filesystem in memory with these files in it; folders are made on the way. */
export async function filled(files: Readonly<Record<ByteString, ByteString>>): Promise<Vfs> {
  const vfs = memoryVfs();
  for (const [path, content] of Object.entries(files)) {
    const names = path.split('/').slice(0, -1);
    for (const [index] of names.entries()) {
      const folder = names.slice(0, index + 1).join('/');
      await vfs.mkdir(folder, 0o755).catch(() => undefined);
    }
    const file = await vfs.open(path, { write: true, create: true });
    await file.write([Buffer.from(content, 'latin1')], 0);
    await file.close();
  }
  return vfs;
}
