import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { startSshd } from '../test/client/sshd.js';
import { cpuSeconds } from './cpu.js';

/** A server that takes part in a benchmark. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  /** The folder on the host where a session starts. */
  readonly folder: string;
  /** Its main process. */
  readonly pid: number;
  /** CPU seconds spent by the server so far; of a server of processes, once its sessions have ended. */
  cpu(): number;
  stop(): Promise<void>;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export interface PlimsollOptions {
  /** Also the name of its root, below the folder that everything is done in. */
  readonly name?: string;
  /** Where it was built. */
  readonly built?: string;
  /** The line of its home. */
  readonly quota?: string;
  /** Accounts of which each has a home, and where that is, if not in the root. */
  readonly accounts?: readonly { readonly name: string; readonly home?: string }[];
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

/** This project's server, as it is in `dist/`. */
export async function plimsoll(
  work: string,
  publicKey: string,
  {
    name = 'plimsoll',
    built = 'dist',
    quota = 'none',
    accounts = [{ name: 'bench' }],
    node = [],
  }: PlimsollOptions = {},
): Promise<Contender> {
  const root = join(work, name);
  const program = resolve(built, 'bin/plimsoll.js');
  const env = { ...process.env, PLIMSOLL_ROOT: root, PLIMSOLL_LOG_LEVEL: 'warn' };
  for (const { name: account, home } of accounts) {
    const options = ['--quota', quota, '--key', publicKey, ...(home === undefined ? [] : ['--home', home])];
    execFileSync(process.execPath, [program, 'user', 'add', account, ...options], { env });
  }
  const child = spawn(process.execPath, [...node, program, 'serve', '--listen', '127.0.0.1:0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('plimsoll did not start');
  const port = await new Promise<number>((resolve, reject) => {
    let printed = '';
    child.once('exit', (status) => reject(new Error(`plimsoll ended with ${status}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const match = /listening on .*:(\d+)\n/.exec(printed);
      if (match) resolve(Number(match[1]));
    });
  });
  const user = accounts[0]?.name ?? 'bench';
  return {
    name,
    port,
    user,
    folder: join(root, 'homes', user),
    pid,
    cpu: () => cpuSeconds(pid),
    stop: () => stopped(child),
  };
}

/** OpenSSH's own server with its `internal-sftp`. */
export async function openssh(work: string, publicKey: string): Promise<Contender> {
  const sshd = await startSshd({
    within: work,
    config: [`AuthorizedKeysFile ${publicKey}`, 'LogLevel QUIET'],
  });
  const { port, user, folder, pid } = sshd;
  return { name: 'openssh', port, user, folder, pid, cpu: () => cpuSeconds(pid), stop: () => sshd.stop() };
}
