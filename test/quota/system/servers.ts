import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { commandsOn } from '../../cli/in-process.js';
import { environment, program } from '../../cli/plimsoll.js';
import { run, type Result } from '../../interop/programs.js';
import { listeningPort, must } from '../../interop/server.js';
import { WireClient } from '../../interop/wire-client.js';
import { diskUsage, type Used } from './disk-usage.js';

export interface Line {
  readonly bytes: number;
  readonly files: number;
}

/** One or more processes of `plimsoll serve` on one root, each on a port of its own. */
export class Servers {
  readonly work = mkdtempSync(join(tmpdir(), 'plimsoll-fleet-'));
  readonly root = join(this.work, 'root');
  readonly keyFile = join(this.work, 'id_ed25519');
  readonly #processes: { child: ChildProcess; port: number }[] = [];
  readonly #log: string[] = [];

  /** @param homes the accounts, and the line of each one's home */
  static async start(count: number, homes: Readonly<Record<string, Line>>): Promise<Servers> {
    const servers = new Servers();
    try {
      await servers.#begin(count, homes);
    } catch (thrown) {
      await servers.stop();
      throw thrown;
    }
    return servers;
  }

  async #begin(count: number, homes: Readonly<Record<string, Line>>): Promise<void> {
    await must(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.keyFile]));
    const [first = '', ...others] = Object.keys(homes);
    await must(this.plimsoll(['user', 'add', first, '--key', `${this.keyFile}.pub`]));
    const keys = [readFileSync(`${this.keyFile}.pub`, 'utf8')];
    const accounts = [first, ...others].map((name) => {
      const { bytes, files } = homes[name] ?? { bytes: null, files: null };
      return { name, keys, quota: bytes, files };
    });
    const file = join(this.work, 'accounts.json');
    writeFileSync(file, JSON.stringify({ accounts }));
    await must(this.plimsoll(['apply', file]));
    // The walks on the disk begin before anybody has logged in.
    for (const { name } of accounts) mkdirSync(this.home(name), { recursive: true });
    cpSync(inject('hostKeys'), join(this.root, 'keys'), { recursive: true });
    for (let index = 0; index < count; index++) await this.restart(index);
  }

  /** Starts the process of that number anew, after it was killed; resolves when it listens. */
  async restart(index: number): Promise<void> {
    const child = spawn(process.execPath, [program, 'serve', '--listen', '127.0.0.1:0'], {
      env: environment(this.root, { PLIMSOLL_STOP_GRACE: '2s' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => this.#log.push(chunk.toString()));
    this.#processes[index] = { child, port: await listeningPort(child, () => this.log()) };
  }

  get count(): number {
    return this.#processes.length;
  }

  pid(index: number): number {
    const { pid } = this.#process(index).child;
    if (pid === undefined) throw new Error('it never ran');
    return pid;
  }

  connect(account: string, index = 0): Promise<WireClient> {
    return WireClient.connect({ port: this.#process(index).port, keyFile: this.keyFile }, { account });
  }

  home(account: string): string {
    return join(this.root, 'homes', account);
  }

  /** What the home holds on the disk now. */
  disk(account: string): Used {
    return diskUsage(this.home(account));
  }

  plimsoll(args: readonly string[]): Promise<Result> {
    return commandsOn(this.root)(args);
  }

  /** The ledgers of all homes by `quota show`, whether a server runs or not. */
  async shown(): Promise<ReadonlyMap<string, Used>> {
    const rows = JSON.parse((await must(this.plimsoll(['quota', 'show', '--json']))).stdout) as {
      readonly name: string;
      readonly bytes: { readonly used: number };
      readonly files: { readonly used: number };
    }[];
    return new Map(rows.map(({ name, bytes, files }) => [name, { bytes: bytes.used, files: files.used }]));
  }

  /** A count of all homes, by `quota scan --check`, finds what the ledger says. */
  async expectNoDrift(): Promise<void> {
    // Drift makes it fail, which the figures tell better.
    const { stdout } = await this.plimsoll(['quota', 'scan', '--check', '--json']);
    const rows = JSON.parse(stdout) as readonly { readonly name: string; readonly drift: Used }[];
    expect(rows.length).toBeGreaterThan(0);
    for (const { name, drift } of rows)
      expect({ name, drift }).toEqual({ name, drift: { bytes: 0, files: 0 } });
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(index: number): Promise<void> {
    const { child } = this.#process(index);
    const gone = this.gone(index);
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when the process has ended, whoever ended it. */
  async gone(index: number): Promise<void> {
    const { child } = this.#process(index);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  running(index: number): boolean {
    const { child } = this.#process(index);
    return child.exitCode === null && child.signalCode === null;
  }

  /** Looks at the disk while every process stands still: a walk beside them would add up sizes of different moments. */
  atOneMoment<T>(look: () => T): T {
    const pids = this.#processes.flatMap((_, index) => (this.running(index) ? [this.pid(index)] : []));
    try {
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      for (const pid of pids) waitUntilStopped(pid);
      return look();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  }

  log(): string {
    return this.#log.join('');
  }

  /** Ends all processes in the ordinary way; gives their exit statuses. */
  async end(): Promise<readonly (number | null)[]> {
    const children = this.#processes.map(({ child }) => child);
    await Promise.all(
      children.map(async (child, index) => {
        child.kill('SIGTERM');
        await this.gone(index);
      }),
    );
    return children.map(({ exitCode }) => exitCode);
  }

  /** Ends all, and removes the files. */
  async stop(): Promise<void> {
    await this.end();
    rmSync(this.work, { recursive: true, force: true });
  }

  #process(index: number): { child: ChildProcess; port: number } {
    const found = this.#processes[index];
    if (!found) throw new Error(`there is no process ${index}`);
    return found;
  }
}

/** A signal is on its way when kill(2) returns: the threads stop one by one, each when its system call is over. */
function waitUntilStopped(pid: number): void {
  const tasks = `/proc/${pid}/task`;
  try {
    const moving = (task: string): boolean => {
      // The state follows the name, which may hold anything but ends with the last parenthesis [proc(5)].
      const stat = readFileSync(join(tasks, task, 'stat'), 'latin1');
      return !/^[TtZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    };
    while (readdirSync(tasks).some(moving));
  } catch (thrown) {
    // It was killed meanwhile: then it stands still for good.
    if (
      (thrown as NodeJS.ErrnoException).code !== 'ENOENT' &&
      (thrown as NodeJS.ErrnoException).code !== 'ESRCH'
    )
      throw thrown;
  }
}
