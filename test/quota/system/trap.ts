import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { missing } from '../../interop/programs.js';
import type { Weapon } from './crash.js';
import type { Servers } from './servers.js';

/**
 * Whether processes cannot be killed at a system call here: no strace, or it may not trace. With `CI=true` that is a
 * failure.
 */
export async function trapsMissing(): Promise<boolean> {
  if (missing('strace')) return true;
  const tried = spawn('strace', ['-qq', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
  const [status] = (await once(tried, 'exit')) as [number | null];
  if (status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error('strace may not trace here: the sandbox forbids ptrace');
  console.warn('skipped: strace may not trace here');
  return true;
}

export interface Trap extends Weapon {
  /** Whether the process went into it. */
  sprung(): boolean;
}

/**
 * Kills a process when one of its threads is about to make the system call for the `nth` time from now on. What it did
 * before has happened, the call itself has not.
 */
export async function setTrap(servers: Servers, victim: number, call: string, nth: number): Promise<Trap> {
  const strace = spawn(
    'strace',
    [
      ...['-f', '-p', String(servers.pid(victim)), '-o', '/dev/null'],
      ...['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const gone = once(strace, 'exit');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('attached')) resolve();
    });
    strace.once('exit', () => reject(new Error(`strace ended: ${said}`)));
  });
  let sprung = true;
  return {
    answered: () => undefined,
    sprung: () => sprung,
    finish: async () => {
      // By its exit status nobody could tell the two apart.
      sprung = !servers.running(victim);
      if (!sprung) await servers.kill(victim);
      await gone;
    },
  };
}
