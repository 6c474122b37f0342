import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import type { Connection } from '../../src/client/connection.js';
import { createLink, type ReconnectOptions } from '../../src/client/reconnecting.js';
import type { Remote } from '../../src/client/remote.js';
import { manualTimers } from './manual-timers.js';

/** A server that is there or not, as the test says, and the link to it. */
function stage(options: Partial<ReconnectOptions> = {}) {
  const timers = manualTimers();
  const said: string[] = [];
  const connections: { connection: Connection; breakDown: (fault: Fault) => void; ended: boolean }[] = [];
  const refusals: (Fault | null)[] = [];
  let attempts = 0;
  const connect = (): Promise<Connection> => {
    attempts++;
    const refusal = refusals.shift();
    if (refusal) return Promise.reject(refusal);
    let close: (fault: Fault | null) => void = () => undefined;
    const closed = new Promise<Fault | null>((resolve) => (close = resolve));
    const entry = {
      // Only told apart by the link's users.
      connection: {
        remote: { number: connections.length + 1 } as unknown as Remote,
        more: () => Promise.resolve(null),
        loginMethod: 'none',
        closed,
        end: () => {
          entry.ended = true;
          close(null);
          return Promise.resolve();
        },
      },
      breakDown: close,
      ended: false,
    };
    connections.push(entry);
    return Promise.resolve(entry.connection);
  };
  const link = createLink({
    connect,
    retries: 3,
    timers,
    random: () => 0,
    notify: (sentence) => said.push(sentence),
    ...options,
  });
  return { link, timers, said, connections, refusals, attempts: () => attempts };
}

const gone = (): Fault => new Fault('no-connection', 'reset by peer');
const numberOf = (remote: Remote): number => (remote as unknown as { readonly number: number }).number;
/** The fault that something ends with. */
const faultOf = (promise: Promise<unknown>): Promise<Fault> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown: unknown) => thrown as Fault,
  );

describe('createLink', () => {
  it('connects once for all who use it', async () => {
    const { link, attempts } = stage();
    const numbers = await Promise.all(
      [1, 2, 3].map(() => link.use((remote) => Promise.resolve(numberOf(remote)))),
    );
    expect(numbers).toEqual([1, 1, 1]);
    expect(attempts()).toBe(1);
  });

  it.each(['no-connection', 'timed-out', 'wrong-host-key', 'login-refused'] as const)(
    'tells %s of the first connect at once, and may be used again',
    async (code) => {
      const { link, refusals, said, timers } = stage();
      refusals.push(new Fault(code, 'why'));
      await expect(link.remote()).rejects.toMatchObject({ code, message: 'why' });
      expect(timers.waits).toEqual([]);
      expect(said).toEqual([]);
      expect(numberOf(await link.remote())).toBe(1);
    },
  );

  it('waits longer each time, up to 30 s, and says what it does', async () => {
    const { link, refusals, said, timers } = stage({ retries: 8 });
    await link.remote();
    for (let index = 0; index < 9; index++) refusals.push(gone());
    const fault = faultOf(
      link.use((remote) => (numberOf(remote) === 1 ? Promise.reject(gone()) : Promise.resolve())),
    );
    await timers.pass(1_000_000);
    expect(await fault).toMatchObject({ code: 'no-connection', message: 'reset by peer' });
    expect(timers.waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1000));
    expect(said[0]).toBe('connection lost (reset by peer); trying again in 1 s (1 of 8)');
    expect(said[7]).toBe('connection lost (reset by peer); trying again in 30 s (8 of 8)');
    expect(said).toHaveLength(8);
  });

  it('spreads its waits by what is random', async () => {
    const { link, timers } = stage({ random: () => 0.5 });
    const done = link.use((_, attempt) =>
      attempt.number === 0 ? Promise.reject(gone()) : Promise.resolve(),
    );
    await timers.pass(1100);
    await done;
    expect(timers.waits).toEqual([1100]);
  });

  it('does the work again on one new connection for all', async () => {
    const { link, said, timers, attempts, connections } = stage();
    const seen: string[] = [];
    const jobs = [1, 2, 3, 4].map((job) =>
      link.use((remote, attempt) => {
        seen.push(`${job}: ${numberOf(remote)} ${attempt.number}`);
        return attempt.number === 0 ? Promise.reject(gone()) : Promise.resolve(job);
      }),
    );
    await timers.pass(1000);
    expect(await Promise.all(jobs)).toEqual([1, 2, 3, 4]);
    expect(attempts()).toBe(2);
    expect(seen.slice(4).sort()).toEqual(['1: 2 1', '2: 2 1', '3: 2 1', '4: 2 1']);
    expect(said).toEqual([
      'connection lost (reset by peer); trying again in 1 s (1 of 3)',
      'connected again',
    ]);
    expect(connections[0]?.ended).toBe(true);
  });

  it('does not replace a connection for one who lost the one before', async () => {
    const { link, timers, attempts } = stage();
    let late: (fault: Fault) => void = () => undefined;
    const slow = link.use((_, attempt) =>
      attempt.number === 0 ? new Promise((_resolve, reject) => (late = reject)) : Promise.resolve('slow'),
    );
    const quick = link.use((_, attempt) =>
      attempt.number === 0 ? Promise.reject(gone()) : Promise.resolve('quick'),
    );
    await timers.pass(1000);
    expect(await quick).toBe('quick');
    late(gone());
    expect(await slow).toBe('slow');
    expect(attempts()).toBe(2);
  });

  it('gives up after so many attempts without progress', async () => {
    const { link, timers, attempts } = stage();
    const fault = faultOf(link.use(() => Promise.reject(new Fault('timed-out'))));
    await timers.pass(100_000);
    expect((await fault).code).toBe('timed-out');
    expect(attempts()).toBe(4);
  });

  it('forgives earlier attempts once something was gained', async () => {
    const { link, timers, attempts } = stage();
    let left = 20;
    const done = link.use((_, attempt) => {
      attempt.progress();
      return left-- > 0 ? Promise.reject(gone()) : Promise.resolve('done');
    });
    await timers.pass(100_000);
    expect(await done).toBe('done');
    expect(attempts()).toBe(21);
    expect(new Set(timers.waits)).toEqual(new Set([1000]));
  });

  it('lets one use that breaks every connection end, though others gain', async () => {
    const { link, timers } = stage();
    const poison = faultOf(
      link.use(async () => {
        await link.use((_, attempt) => {
          attempt.progress();
          return Promise.resolve();
        });
        throw gone();
      }),
    );
    await timers.pass(1_000_000);
    expect((await poison).code).toBe('no-connection');
    expect(timers.waits).toHaveLength(3);
  });

  it.each(['wrong-host-key', 'login-refused'] as const)('does not try again after %s', async (code) => {
    const { link, refusals, timers, attempts } = stage();
    await link.remote();
    refusals.push(new Fault(code));
    const fault = faultOf(link.use(() => Promise.reject(gone())));
    await timers.pass(100_000);
    expect((await fault).code).toBe(code);
    expect(attempts()).toBe(2);
  });

  it('leaves other faults to who meets them', async () => {
    const { link, attempts } = stage();
    await expect(link.use(() => Promise.reject(new Fault('denied')))).rejects.toMatchObject({
      code: 'denied',
    });
    expect(attempts()).toBe(1);
  });

  it('connects again when it broke while nobody used it', async () => {
    const { link, connections, timers } = stage();
    await link.remote();
    connections[0]?.breakDown(gone());
    await timers.pass(0);
    const next = link.remote();
    await timers.pass(1000);
    expect(numberOf(await next)).toBe(2);
  });

  it('tells those who were late when it has given up, without trying for them again', async () => {
    const { link, refusals, timers, attempts } = stage({ retries: 1 });
    let late: (fault: Fault) => void = () => undefined;
    const slow = faultOf(link.use(() => new Promise((_resolve, reject) => (late = reject))));
    refusals.push(null, gone());
    refusals.shift();
    const first = faultOf(link.use(() => Promise.reject(gone())));
    await timers.pass(100_000);
    expect((await first).code).toBe('no-connection');
    late(gone());
    expect((await slow).message).toBe('reset by peer');
    expect(attempts()).toBe(2);
  });

  it('never tries again with no retries', async () => {
    const { link, attempts, timers } = stage({ retries: 0 });
    await expect(link.use(() => Promise.reject(gone()))).rejects.toMatchObject({ code: 'no-connection' });
    expect(attempts()).toBe(1);
    expect(timers.waits).toEqual([]);
  });

  it('ends a wait at once when its use is cancelled, and stops waiting when nobody is left', async () => {
    const { link, timers, attempts, said } = stage();
    const cancel = new AbortController();
    const other = new AbortController();
    const work = (): Promise<never> => Promise.reject(gone());
    const one = faultOf(link.use(work, cancel.signal));
    const two = faultOf(link.use(work, other.signal));
    await timers.begun(1);
    cancel.abort();
    expect((await one).code).toBe('cancelled');
    other.abort();
    expect((await two).code).toBe('cancelled');
    await timers.pass(100_000);
    expect(attempts()).toBe(1);
    expect(said).toHaveLength(1);
    const next = link.remote();
    await timers.pass(1000);
    expect(numberOf(await next)).toBe(2);
  });

  it('ends everything with the signal of the link', async () => {
    const stop = new AbortController();
    const { link, timers } = stage({ signal: stop.signal });
    const use = faultOf(link.use(() => Promise.reject(gone())));
    await timers.begun(1);
    stop.abort();
    expect((await use).code).toBe('cancelled');
    await expect(link.remote()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('connects to nothing after its end', async () => {
    const { link, timers, attempts, connections } = stage();
    let fail: (fault: Fault) => void = () => undefined;
    const use = faultOf(link.use(() => new Promise((_resolve, reject) => (fail = reject))));
    await timers.pass(0);
    await link.end();
    expect(connections[0]?.ended).toBe(true);
    fail(gone());
    expect((await use).code).toBe('no-connection');
    await expect(link.remote()).rejects.toMatchObject({ code: 'no-connection' });
    expect(attempts()).toBe(1);
  });

  it('ends a wait, and a connection that comes too late, with its end', async () => {
    const { link, timers, attempts } = stage();
    const use = faultOf(link.use(() => Promise.reject(gone())));
    await timers.begun(1);
    await link.end();
    expect(await use).toMatchObject({ code: 'no-connection', message: 'the connection was ended' });

    const slow = stage({
      connect: () => new Promise((resolve) => (arrive = resolve)),
    });
    let arrive: (connection: Connection) => void = () => undefined;
    let ended = false;
    const waiting = faultOf(slow.link.remote());
    const ending = slow.link.end();
    arrive({
      remote: {} as Remote,
      more: () => Promise.resolve(null),
      loginMethod: 'none',
      closed: new Promise(() => undefined),
      end: () => {
        ended = true;
        return Promise.resolve();
      },
    });
    await ending;
    expect((await waiting).code).toBe('no-connection');
    expect(ended).toBe(true);
    expect(attempts()).toBe(1);
  });
});
