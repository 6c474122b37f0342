import { expect, it } from 'vitest';
import { deathJudge } from '../../src/supervise/deaths.js';

it('starts again whatever dies now and then, and has enough of what dies as soon as it is started', () => {
  let now = 0;
  const judge = deathJudge(3, () => now);
  const dies = (lived: number): string => judge(now - lived);
  // Killed at one moment, after a long life: that says nothing about the next.
  now = 1_000_000;
  expect(Array.from({ length: 10 }, () => dies(500_000))).not.toContain('enough');
  expect([dies(100), dies(100), dies(100)]).toEqual(['again', 'again', 'again']);
  expect(dies(100)).toBe('enough');
  now += 61_000;
  expect(dies(100)).toBe('again');
  expect(dies(20_000)).toBe('again');
});
