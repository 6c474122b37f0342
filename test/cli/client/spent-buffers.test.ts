import { expect, it } from 'vitest';
import { collectSpentBuffers } from '../../../src/cli/client/spent-buffers.js';

it('spent buffers are collected when there are many, and only then', () => {
  let bytes = 20e6;
  let collected = 0;
  const ticks: (() => void)[] = [];
  collectSpentBuffers({
    bytes: () => bytes,
    collect: () => {
      collected++;
      bytes = 1e6;
    },
    every: (_, run) => ticks.push(run),
  });
  const tick = (): void => ticks.forEach((run) => run());
  tick();
  expect(collected).toBe(0);
  bytes = 30e6;
  tick();
  tick();
  expect(collected).toBe(1);
});
