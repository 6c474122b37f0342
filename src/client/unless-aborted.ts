import { Fault } from '../fault.js';

/** Waits no longer than until `signal` aborts: a server may hash a large file for minutes. @throws Fault `cancelled` */
export async function unlessAborted<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    waited.catch(() => undefined);
    throw new Fault('cancelled');
  }
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Fault('cancelled'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([waited, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
