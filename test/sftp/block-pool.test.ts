import { describe, expect, it } from 'vitest';
import { BlockPool } from '../../src/sftp/block-pool.js';

describe('block pool', () => {
  it('gives a buffer again once it was given back, and not before', () => {
    const pool = new BlockPool(1 << 20);
    const first = pool.take(200_000);
    const second = pool.take(200_000);
    expect(second.buffer).not.toBe(first.buffer);
    pool.give(first.subarray(0, 10));
    expect(pool.take(100_000).buffer).toBe(first.buffer);
  });

  it('takes a buffer back once: a second time would lend it to two', () => {
    const pool = new BlockPool(1 << 20);
    const one = pool.take(200_000);
    pool.give(one);
    pool.give(one);
    expect(pool.take(200_000).buffer).not.toBe(pool.take(200_000).buffer);
  });

  it('leaves strangers alone', () => {
    const pool = new BlockPool(1 << 20);
    const stranger = Buffer.alloc(300_000);
    expect(pool.owns(stranger)).toBe(false);
    pool.give(stranger);
    expect(pool.take(200_000).buffer).not.toBe(stranger.buffer);
  });

  it('keeps no more than its limit', () => {
    const pool = new BlockPool(300_000);
    const [first, second] = [pool.take(200_000), pool.take(200_000)];
    pool.give(first);
    pool.give(second);
    expect(pool.take(200_000).buffer).toBe(first.buffer);
    expect(pool.take(200_000).buffer).not.toBe(second.buffer);
  });

  it.each([0, 13, 16_384, 16_385, 32_781, 32_782, 261_133, 300_000])('gives exactly %i bytes', (length) => {
    expect(new BlockPool(1 << 20).take(length)).toHaveLength(length);
  });
});
