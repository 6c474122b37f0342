import { expect, test } from 'vitest';
import { givingWay } from '../../src/quota/giving-way.js';

/** Counts that rest, as they are told to; time passes by resting alone. */
function resting(others: () => Promise<boolean>) {
  const traffic = { requests: 0 };
  const rests: number[] = [];
  let now = 0;
  const pause = givingWay({
    traffic,
    beside: others,
    after: (milliseconds, run) => {
      rests.push(milliseconds);
      now += milliseconds;
      run();
      return () => undefined;
    },
    now: () => now,
  });
  return { traffic, rests, pause };
}

test('a count does not rest while nobody reads or writes', async () => {
  const { pause, rests } = resting(() => Promise.resolve(false));
  await pause(2);
  await pause(2);
  expect(rests).toEqual([]);
});

test('a count rests 19 times as long as it worked once something was read or written', async () => {
  const { traffic, pause, rests } = resting(() => Promise.resolve(false));
  traffic.requests++;
  await pause(2);
  await pause(2);
  expect(rests).toEqual([38]);
});

test('a count rests four times as long as it worked beside others, whose traffic it does not see', async () => {
  let asked = 0;
  const { traffic, pause, rests } = resting(() => Promise.resolve(++asked > 0));
  await pause(2);
  await pause(100);
  traffic.requests++;
  await pause(2);
  expect(rests).toEqual([8, 400, 38]);
  expect(asked).toBe(1);
  await pause(200);
  await pause(2);
  expect(asked).toBe(2);
});

test('whoever cannot be asked may be busy', async () => {
  const { pause, rests } = resting(() => Promise.reject(new Error('the folder cannot be read')));
  await pause(2);
  expect(rests).toEqual([8]);
});
