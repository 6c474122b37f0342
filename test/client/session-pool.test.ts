import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/client/connection.js';
import type { Remote } from '../../src/client/remote.js';
import { SessionPool } from '../../src/client/session-pool.js';

/** A connection that grants what the test says, when it says so. */
function pooled() {
  const asked: ((remote: Remote | null) => void)[] = [];
  const remoteOf = (number: number): Remote => ({ number }) as unknown as Remote;
  const connection: Connection = {
    remote: remoteOf(0),
    more: () => new Promise((resolve) => asked.push(resolve)),
    loginMethod: 'none',
    closed: new Promise(() => undefined),
    end: () => Promise.resolve(),
  };
  const pool = new SessionPool(connection);
  const take = () => {
    const taken = pool.take();
    return { taken, number: (taken.remote as unknown as { readonly number: number }).number };
  };
  /** Grants the session that was asked for last. */
  const grant = async (): Promise<void> => {
    asked.at(-1)?.(remoteOf(asked.length));
    await Promise.resolve();
  };
  const refuse = async (): Promise<void> => {
    asked.at(-1)?.(null);
    await Promise.resolve();
  };
  return { pool, take, grant, refuse, asked };
}

describe('SessionPool', () => {
  it('asks for nothing while one session does', () => {
    const { pool, take, asked } = pooled();
    for (let use = 0; use < 5; use++) pool.release(take().taken);
    expect(asked).toHaveLength(0);
  });

  it('gives the least busy one, and grows up to four while all are busy, without a wait', async () => {
    const { take, grant, asked } = pooled();
    expect([take(), take(), take()].map(({ number }) => number)).toEqual([0, 0, 0]);
    expect(asked).toHaveLength(1);
    await grant();
    // There are still more uses than sessions.
    expect(asked).toHaveLength(2);
    expect([take(), take()].map(({ number }) => number)).toEqual([1, 1]);
    await grant();
    await grant();
    expect([take(), take(), take()].map(({ number }) => number)).toEqual([2, 3, 2]);
    expect(asked).toHaveLength(3);
  });

  it('does not ask again once it was refused', async () => {
    const { take, refuse, asked } = pooled();
    take();
    take();
    await refuse();
    expect([take(), take()].map(({ number }) => number)).toEqual([0, 0]);
    expect(asked).toHaveLength(1);
  });

  it('gives a broken one to nobody any more, and opens none in its place', async () => {
    const { pool, take, grant, asked } = pooled();
    take();
    take();
    await grant();
    const broken = take();
    expect(broken.number).toBe(1);
    // One use too many asked for another one, which is not taken any more.
    expect(asked).toHaveLength(2);
    expect(pool.drop(broken.taken)).toBe(true);
    pool.release(broken.taken);
    await grant();
    expect([take(), take()].map(({ number }) => number)).toEqual([0, 0]);
    expect(asked).toHaveLength(2);
  });

  it('does not drop the first', () => {
    const { pool, take } = pooled();
    expect(pool.drop(take().taken)).toBe(false);
    expect(take().number).toBe(0);
  });
});
