import { setTimeout as wait } from 'node:timers/promises';
import type { Exit } from './exit.js';

/** Milliseconds after which what is still under way on the disk is taken to hang. */
const patience = 200;

/**
 * Ends the process, whatever hangs: `process.exit` waits for all threads, and one that sits in a disk that does not
 * answer never comes back. Only then the end is a SIGKILL, and its exit code is lost.
 */
export async function endProcess(code: Exit): Promise<never> {
  for (const until = performance.now() + patience; diskIsBusy() && performance.now() < until;) await wait(5);
  return endProcessNow(code, patience);
}

/** The same without a further turn of the event loop, after so many milliseconds of waiting. */
export function endProcessNow(code: Exit, waited: number): never {
  if (waited >= patience && diskIsBusy()) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

/** Calls of `fs` under way, or threads that owe an answer. */
function diskIsBusy(): boolean {
  return process.getActiveResourcesInfo().some((kind) => /^(FSReq|MessagePort)/.test(kind));
}
