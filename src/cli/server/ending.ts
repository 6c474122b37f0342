import { exits } from '../exit.js';
import { endProcessNow } from '../end-process.js';
import { signalJudge } from '../signal-judge.js';

/** What can end a server from outside. */
export interface Ending {
  /** The first signal that asks it to stop. */
  readonly asked: Promise<string>;
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Takes the process's signals, and what nobody caught: the first signal asks the server to stop, a second one ends the
 * process at once, and so does an error that was not foreseen, after `crashed` has written it down.
 */
export function watchEnding(crashed: (what: string, error: unknown) => void): Ending {
  const asked = new Promise<string>((resolve) => {
    let askedAt = Infinity;
    const judge = signalJudge(() => performance.now());
    for (const signal of signals) {
      // conf brings along a package (when-exit) that listens too, and sends each signal to the process once more.
      process.removeAllListeners(signal);
      process.on(signal, () => {
        if (judge(signal) === 'second') endProcessNow(exits.interrupted, performance.now() - askedAt);
        askedAt = Math.min(askedAt, performance.now());
        resolve(signal);
      });
    }
  });
  // Sent at a limit on the size of files (ulimit -f, LimitFSIZE), where it ends a process that does not take it. Taken,
  // it leaves EFBIG to the one who wrote. when-exit would end the process here too.
  process.removeAllListeners('SIGXFSZ');
  process.on('SIGXFSZ', () => undefined);
  process.on('uncaughtException', (error) => {
    crashed('uncaught exception', error);
    process.exit(exits.failed);
  });
  process.on('unhandledRejection', (reason) => {
    crashed('unhandled rejection', reason);
    process.exit(exits.failed);
  });
  return { asked };
}
