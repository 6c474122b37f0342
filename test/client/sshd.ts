import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { missing } from '../interop/programs.js';

/** OpenSSH's own server, running. */
export interface Sshd {
  readonly host: string;
  readonly port: number;
  /** Who may log in: whoever runs the tests. */
  readonly user: string;
  /** The private key that logs in. */
  readonly keyFile: string;
  /** The server's private key; its public half is beside it, with `.pub`. */
  readonly hostKeyFile: string;
  /** A file with the server's key, as `~/.ssh/known_hosts` has it. */
  readonly knownHosts: string;
  /** Where sessions start; nothing is in it. */
  readonly folder: string;
  /** Of the process that listens. */
  readonly pid: number;
  /** The processes of its connections at this moment. */
  connections(): readonly number[];
  /** Ends all connections as a crash would, and goes on listening. */
  drop(): void;
  /** What it has written to its log. */
  log(): string;
  /** Ends it with all connections, and removes its files. */
  stop(): Promise<void>;
}

export interface SshdOptions {
  /**
   * Lines of sshd_config, which stand before the fixture's own, so that they win. `ForceCommand internal-sftp` starts
   * in the folder like the subsystem does.
   */
  readonly config?: readonly string[];
  /** In whose folder its files are made; the system's for what is temporary unless told. */
  readonly within?: string;
}

/** Whether sshd cannot be run here; for `describe.skipIf`. */
export function withoutSshd(): boolean {
  return missing('ssh-keygen') || (program() === null && missing('sshd'));
}

/** Starts `sshd` on a port of its own, for one key and the user who runs this. */
export async function startSshd({ config = [], within = tmpdir() }: SshdOptions = {}): Promise<Sshd> {
  const work = mkdtempSync(join(within, 'plimsoll-sshd-'));
  const [keyFile, hostKeyFile, folder] = [
    join(work, 'id_ed25519'),
    join(work, 'host_key'),
    join(work, 'files'),
  ];
  mkdirSync(folder);
  for (const file of [keyFile, hostKeyFile]) makeKey(file);
  const sshd = program();
  if (sshd === null) throw new Error('sshd is not installed (Debian: openssh-server)');
  // sshd insists on this folder when root starts it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });

  const lines = (port: number): readonly string[] => [
    ...config.map((line) => (line === 'ForceCommand internal-sftp' ? `${line} -d ${folder}` : line)),
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${keyFile}.pub`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PidFile none',
    // A shell for one command reads what is in a home first, which takes longer than the command.
    'SetEnv HOME=/nonexistent',
    'LogLevel VERBOSE',
    'MaxStartups 200',
    'MaxAuthTries 20',
    ...(takesPenalties(sshd) ? ['PerSourcePenalties no'] : []),
    ...(config.some((line) => /^Subsystem\s+sftp\b/i.test(line))
      ? []
      : [`Subsystem sftp internal-sftp -d ${folder}`]),
  ];
  const { child, port, log } = await listening(sshd, join(work, 'sshd_config'), lines);
  const { pid } = child;
  if (pid === undefined) throw new Error('sshd did not start');
  const knownHosts = join(work, 'known_hosts');
  const [type = '', blob = ''] = readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${blob}\n`);

  const drop = (): void => {
    for (const descendant of descendants(pid)) end(descendant);
  };
  return {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    keyFile,
    hostKeyFile,
    knownHosts,
    folder,
    pid,
    connections: () => childrenOf(pid),
    drop,
    log,
    stop: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
      drop();
      child.kill('SIGTERM');
      await ended;
      rmSync(work, { recursive: true, force: true });
    },
  };
}

function program(): string | null {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
  const { status, stdout } = spawnSync('which', ['sshd'], { encoding: 'utf8', env });
  return status === 0 ? stdout.trim() : null;
}

function makeKey(file: string): void {
  const { status, stderr } = spawnSync(
    'ssh-keygen',
    ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
}

/** From 9.8 on it shuts out addresses that fail to log in, and all tests come from one. [sshd_config(5)] */
function takesPenalties(sshd: string): boolean {
  const { stderr } = spawnSync(sshd, ['-V'], { encoding: 'utf8' });
  const [, major = '0', minor = '0'] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) > 9 || (major === '9' && Number(minor) >= 8);
}

/** It knows no port 0: one that was free a moment ago may be gone, and then another is tried. */
async function listening(
  sshd: string,
  file: string,
  lines: (port: number) => readonly string[],
): Promise<{ readonly child: ChildProcess; readonly port: number; readonly log: () => string }> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    writeFileSync(file, lines(port).join('\n'));
    const child = spawn(sshd, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    // Its connections share its stderr, and would keep this process waiting.
    child.stderr.on('end', () => undefined);
    if (await answers(port, child)) return { child, port, log: () => log };
    if (tries === 5) throw new Error(`sshd ended with ${child.exitCode}: ${log}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whether it listens; `false` once it has ended. */
async function answers(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return true;
    await sleep(10);
  }
  return false;
}

/** By the parents that `/proc` names: the kernel need not list children. [proc(5)] */
function childrenOf(...parents: readonly number[]): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parents.includes(parentOf(name)))
    .map(Number);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses, which may hold spaces.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return NaN;
  }
}

function descendants(pid: number): readonly number[] {
  const all: number[] = [];
  for (let next = childrenOf(pid); next.length > 0; next = childrenOf(...next)) all.push(...next);
  return all;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
