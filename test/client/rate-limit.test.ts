import { describe, expect, it } from 'vitest';
import { createRateLimit, limited, rateLimitOf, type RateLimit } from '../../src/client/rate-limit.js';
import { manualTimers } from './manual-timers.js';

/** Takes without end, and tells how much it has got. */
function taker(limit: RateLimit, piece: number, signal: AbortSignal) {
  const got = { bytes: 0 };
  const run = async (): Promise<void> => {
    for (;;) {
      await limit.take(piece, signal);
      got.bytes += piece;
    }
  };
  void run().catch(() => undefined);
  return got;
}

describe('createRateLimit', () => {
  it.each([
    { rate: 10_000, piece: 1000 },
    { rate: 1_000_000, piece: 32_768 },
    { rate: 50_000_000, piece: 65_536 },
  ])('lets $rate bytes a second through, smoothly, over all who take', async ({ rate, piece }) => {
    const timers = manualTimers();
    const limit = createRateLimit(rate, timers);
    const stop = new AbortController();
    const takers = [1, 2, 3].map(() => taker(limit, piece, stop.signal));
    const total = (): number => takers.reduce((sum, { bytes }) => sum + bytes, 0);
    const slack = 3 * piece + Math.min(65_536, rate / 10);
    for (let tenths = 1; tenths <= 30; tenths++) {
      await timers.pass(100);
      expect(Math.abs(total() - (rate * tenths) / 10)).toBeLessThanOrEqual(slack);
    }
    for (const { bytes } of takers) expect(Math.abs(bytes - rate)).toBeLessThanOrEqual(slack);
    stop.abort();
  });

  it('saves up no more than 0.1 s or 64 KiB', async () => {
    for (const rate of [100_000, 100_000_000]) {
      const timers = manualTimers();
      const limit = createRateLimit(rate, timers);
      await timers.pass(3_600_000);
      const stop = new AbortController();
      const got = taker(limit, 512, stop.signal);
      await timers.pass(0);
      expect(got.bytes).toBeGreaterThan(0);
      expect(got.bytes).toBeLessThanOrEqual(Math.min(65_536, rate / 10));
      stop.abort();
    }
  });

  it('gives back what was not taken after all', async () => {
    const timers = manualTimers();
    const limit = createRateLimit(1000, timers);
    const stop = new AbortController();
    const long = limit.take(100_000, stop.signal);
    stop.abort();
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    const short = limit.take(1000);
    await timers.pass(1000);
    await short;
    await expect(limit.take(1, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('limits nothing without a rate, and refuses one of nothing', async () => {
    const limit = createRateLimit(null, manualTimers());
    await limit.take(Number.MAX_SAFE_INTEGER);
    expect(() => createRateLimit(0)).toThrow('more than 0');
    expect(() => createRateLimit(NaN)).toThrow('more than 0');
  });
});

describe('rateLimitOf', () => {
  it('is the same for all files of a line', () => {
    const line = {};
    expect(rateLimitOf(line, 1000)).toBe(rateLimitOf(line, 1000));
    expect(rateLimitOf(line, 1000)).not.toBe(rateLimitOf({}, 1000));
    expect(rateLimitOf(line, 2000)).not.toBe(rateLimitOf(line, 1000));
    expect(rateLimitOf(line, null).piece).toBe(Infinity);
  });
});

describe('limited', () => {
  async function* pieces(...sizes: readonly number[]): AsyncGenerator<Buffer> {
    await Promise.resolve();
    for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index);
  }

  it('gives the same bytes in small pieces, each when it may go', async () => {
    const timers = manualTimers();
    const arrived: number[] = [];
    const read = (async () => {
      const got: Buffer[] = [];
      for await (const piece of limited(pieces(10_000, 1, 25_000), createRateLimit(100_000, timers))) {
        got.push(piece);
        arrived.push(timers.now());
      }
      return Buffer.concat(got);
    })();
    await timers.pass(1000);
    expect(await read).toEqual(
      Buffer.concat([Buffer.alloc(10_000, 0), Buffer.alloc(1, 1), Buffer.alloc(25_000, 2)]),
    );
    expect(arrived).toHaveLength(5);
    expect(arrived.at(-1)).toBeCloseTo(250, 0);
  });
});
