import { setMaxListeners } from 'node:events';
import type { Remote, RemoteEntry } from '../../client/remote.js';
import { unlessAborted } from '../../client/unless-aborted.js';
import { requestsAtOnce } from './at-once.js';

/**
 * The session of the moment, whose answers are waited for until Ctrl-C and no longer: a server may hash for minutes, or
 * say nothing at all. What it is doing it goes on doing.
 */
export async function remoteOf(context: {
  readonly signal: AbortSignal;
  remote(): Promise<Remote>;
}): Promise<Remote> {
  // One for each request under way, and Node warns of more than ten.
  setMaxListeners(4 * requestsAtOnce, context.signal);
  return interruptible(await unlessAborted(context.remote(), context.signal), context.signal);
}

function interruptible(remote: Remote, signal: AbortSignal): Remote {
  return new Proxy(remote, {
    get: (target, name) => {
      if (name === 'list') return (folder: string) => listing(target, folder, signal);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, args);
        return result instanceof Promise ? unlessAborted(result as Promise<unknown>, signal) : result;
      };
    },
  });
}

async function* listing(
  remote: Remote,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<readonly RemoteEntry[]> {
  const batches = remote.list(folder)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(batches.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Closes its handle; nobody waits for that any more once it is given up.
    const closed = Promise.resolve(batches.return?.()).catch(() => undefined);
    if (!signal.aborted) await closed;
  }
}
