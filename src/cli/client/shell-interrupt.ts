import { Fault } from '../../fault.js';
import { exits } from '../exit.js';

/** Milliseconds in which a command that was asked to stop may put things in order. */
const grace = 3_000;

/**
 * Runs commands of the shell: Ctrl-C ends the command, not the shell. Who presses it again, or waits for longer than the
 * command should need, has the prompt back whatever the command does. Other signals to end are for the whole program.
 */
export async function interruptibleCommand<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => (giveUp = () => reject(new Fault('cancelled'))));
  givenUp.catch(() => undefined);
  const timers: NodeJS.Timeout[] = [];
  const interrupt = (): void => {
    if (stop.signal.aborted) giveUp();
    stop.abort(new Fault('cancelled'));
    timers.push(setTimeout(giveUp, grace));
  };
  const end = (): void => {
    stop.abort(new Fault('cancelled'));
    // What cannot be put in order in this time is left to the next run.
    setTimeout(() => process.exit(exits.interrupted), grace).unref();
    void settled.then(() => process.exit(exits.interrupted));
  };
  const restore = [taking('SIGINT', interrupt), taking('SIGTERM', end), taking('SIGHUP', end)];
  const working = work(stop.signal);
  const settled = working.then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([working, givenUp]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const undo of restore) undo();
  }
}

/** For a program that has the terminal: it gets Ctrl-C itself, and what it does about it is its own affair. */
export async function besideProgram<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const restore = taking('SIGINT', () => undefined);
  try {
    return await work(new AbortController().signal);
  } finally {
    restore();
  }
}

/** Whoever else listens (conf brings when-exit along) would end the process. */
function taking(signal: NodeJS.Signals, listener: () => void): () => void {
  const others = process.listeners(signal);
  process.removeAllListeners(signal).on(signal, listener);
  return () => {
    process.off(signal, listener);
    for (const one of others) process.on(signal, one);
  };
}
