import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { commandsOn } from '../cli/in-process.js';
import { environment as programEnvironment, program } from '../cli/plimsoll.js';
import { run, type Result } from './programs.js';

export interface TestServer {
  /** A folder for the test's own files; it holds the server's root too. */
  readonly work: string;
  readonly root: string;
  readonly port: number;
  readonly pid: number;
  readonly keyFile: string;
  /** Options that OpenSSH's programs need to log in here without asking. */
  readonly sshOptions: readonly string[];
  home(account: string): string;
  /** Does what the program does, without a process of its own. */
  plimsoll(args: readonly string[], input?: string): Promise<Result>;
  /** Adds an account that logs in with the test's key. */
  addAccount(name: string, ...args: readonly string[]): Promise<void>;
  /** Runs OpenSSH's sftp with a batch of commands, one a line. */
  sftp(account: string, batch: string, options?: readonly string[]): Promise<Result>;
  scp(args: readonly string[]): Promise<Result>;
  /** Resident memory of the server's process in bytes. */
  memory(): number;
  log(): string;
  stop(): Promise<number | null>;
}

export interface ServerOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Put before the program, to run it under another one (`setpriv ...`). */
  readonly under?: readonly string[];
  /** Where its files are made; the system's folder for what is temporary unless told. */
  readonly folder?: string;
}

/** Starts the real program on a fresh root, with the account `alice` in it. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const work = mkdtempSync(join(options.folder ?? tmpdir(), 'plimsoll-interop-'));
  const root = join(work, 'root');
  const keyFile = join(work, 'id_ed25519');
  await must(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]));
  const environment = programEnvironment(root, options.environment);
  const commands = commandsOn(root);
  const plimsoll = (args: readonly string[], input = ''): Promise<Result> =>
    commands(args, { input, ...(options.environment && { env: options.environment }) });
  const addAccount = async (name: string, ...args: readonly string[]): Promise<void> => {
    await must(plimsoll(['user', 'add', name, '--key', `${keyFile}.pub`, ...args]));
  };
  await addAccount('alice');
  cpSync(inject('hostKeys'), join(root, 'keys'), { recursive: true });

  const [command, ...before] = [...(options.under ?? []), process.execPath];
  const child = spawn(command, [...before, program, 'serve', '--listen', '127.0.0.1:0'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const port = await listeningPort(child, () => log);
  const sshOptions = [
    ...['-i', keyFile, '-F', '/dev/null'],
    ...['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
    ...['-o', `UserKnownHostsFile=${join(work, 'known_hosts')}`, '-o', 'StrictHostKeyChecking=accept-new'],
  ];
  const { pid } = child;
  if (pid === undefined) throw new Error('the server did not start');

  return {
    work,
    root,
    port,
    pid,
    keyFile,
    sshOptions,
    plimsoll,
    addAccount,
    home: (account) => join(root, 'homes', account),
    sftp: (account, batch, more = []) => {
      const file = join(work, 'batch');
      writeFileSync(file, batch, 'latin1');
      return run('sftp', [...sshOptions, ...more, '-P', String(port), '-b', file, `${account}@127.0.0.1`], {
        cwd: work,
      });
    },
    scp: (args) => run('scp', [...sshOptions, '-P', String(port), ...args], { cwd: work }),
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    log: () => log,
    stop: async () => {
      // Not at `exit`: until `close` the log is not whole.
      const ended = child.exitCode === null ? once(child, 'close') : Promise.resolve([child.exitCode]);
      child.kill('SIGTERM');
      const [status] = (await ended) as [number | null];
      rmSync(work, { recursive: true, force: true });
      return status;
    },
  };
}

/** The port that a server which was just started prints. @param log what it said on stderr, for when it ends instead */
export async function listeningPort(child: ChildProcess, log: () => string): Promise<number> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const match = /^plimsoll listening on .*:(\d+)$/m.exec(printed);
      if (match) resolve(Number(match[1]));
    });
    child.once('exit', (status, signal) =>
      reject(new Error(`the server ended with ${status ?? signal}: ${printed}${log()}`)),
    );
  });
}

/** The result of a program that has to succeed. */
export async function must(running: Promise<Result>): Promise<Result> {
  const result = await running;
  if (result.status !== 0) {
    throw new Error(`exit ${result.status}\n${result.stdout}\n${result.stderr}`);
  }
  return result;
}
