import { expect, it } from 'vitest';
import { signalJudge } from '../../src/cli/signal-judge.js';

it('takes the same signal right after the first for its echo, as npm sends one, and no later one', () => {
  let now = 1000;
  const judge = signalJudge(() => now);
  expect(judge('SIGINT')).toBe('first');
  now += 249;
  expect(judge('SIGINT')).toBe('echo');
  now += 1;
  expect(judge('SIGINT')).toBe('second');
});

it('takes another signal for a second one at once', () => {
  const judge = signalJudge(() => 0);
  expect([judge('SIGINT'), judge('SIGTERM')]).toEqual(['first', 'second']);
});
