import { exits } from './exit.js';
import { endProcessNow } from './end-process.js';
import { signalJudge } from './signal-judge.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work that the first signal asks to stop; a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const judge = signalJudge(() => performance.now());
  let askedAt = Infinity;
  const take = (signal: string): void => {
    if (judge(signal) === 'second') endProcessNow(exits.interrupted, performance.now() - askedAt);
    askedAt = Math.min(askedAt, performance.now());
    stop.abort();
  };
  // Whoever else listens (conf brings when-exit along) would end the process.
  const others = signals.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of signals) process.removeAllListeners(signal).on(signal, take);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of signals) process.off(signal, take);
    for (const [signal, listeners] of others) for (const one of listeners) process.on(signal, one);
  }
}
