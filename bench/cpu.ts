import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system seconds of a process with all its threads and the children it has waited for. [proc(5)] */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return ((utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0)) / ticksPerSecond;
}

/**
 * The same to the nanosecond where the kernel tells [sched(7), /proc/PID/task/TID/sched]: of the threads that a process
 * has now, which is enough where none of them ends.
 */
export function fineCpuSeconds(pid: number): number {
  if (!existsSync(`/proc/${pid}/sched`)) return cpuSeconds(pid);
  let milliseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const sched = readFileSync(`/proc/${pid}/task/${task}/sched`, 'utf8');
    milliseconds += Number(/sum_exec_runtime\s*:\s*([0-9.]+)/.exec(sched)?.[1]);
  }
  return milliseconds / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * The interval that holds the median of what the values are drawn from, in at least 95 of 100 cases, whatever way they
 * are spread: from one value of theirs to another, by the chance that so many lie on one side of it. Of fewer than six
 * values it is all of them, which is less sure.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  let outside = 0;
  let chance = 0.5 ** sorted.length;
  let rank = 0;
  for (; rank < sorted.length; rank++) {
    outside += chance;
    if (outside > 0.025) break;
    chance *= (sorted.length - rank) / (rank + 1);
  }
  const from = Math.max(0, rank - 1);
  return [sorted[from] ?? NaN, sorted[sorted.length - 1 - from] ?? NaN];
}
