import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Contender } from './contenders.js';

/** How one run of a client went. */
export interface Run {
  /** Seconds from its start to its end. */
  readonly wall: number;
  /** The most bytes it had in memory. */
  readonly peak: number;
}

export interface PlimOptions {
  /** The program's file; `dist/bin/plim.js` unless told. */
  readonly program?: string;
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

/**
 * Runs one command of `plim` to its end. Its home folder is in `work`, so that it reads nothing of whoever runs this.
 * @throws when it fails
 */
export async function plim(
  to: Pick<Contender, 'port' | 'user'>,
  work: string,
  command: readonly string[],
  { program = 'dist/bin/plim.js', node = [] }: PlimOptions = {},
): Promise<Run> {
  const home = join(work, 'home-of-plim');
  mkdirSync(home, { recursive: true });
  const before = [...node, resolve(program), '-i', join(work, 'key'), '--accept-new', '--quiet'];
  const args = [...before, `${to.user}@127.0.0.1:${to.port}`, ...command];
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  return timed(process.execPath, args, { env, cwd: work });
}

export async function timed(
  program: string,
  args: readonly string[],
  {
    env = process.env,
    cwd,
    input,
  }: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly input?: string } = {},
): Promise<Run> {
  const started = process.hrtime.bigint();
  const child = spawn(program, args, { env, cwd, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input ?? '');
  let peak = 0;
  // The kernel keeps the highest mark, so that only the last moments can be missed. [proc(5), VmHWM]
  const watch = setInterval(() => (peak = Math.max(peak, highest(child.pid))), 20);
  const status = await new Promise<number | null>((done) => child.once('exit', done));
  clearInterval(watch);
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${status}`);
  return { wall, peak };
}

function highest(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}
