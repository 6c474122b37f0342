import { describe, expect, it } from 'vitest';
import { Window } from '../../src/client/window.js';

const mebibyte = 2 ** 20;

/** What the window comes to on a line that carries so many bytes in a millisecond. */
function settled(
  roundTrip: number,
  rate: number,
  bytes: number,
): { first: number; last: number; held: number } {
  let clock = 0;
  const window = new Window({ roundTrip, now: () => clock });
  const first = window.bytes;
  let held = 0;
  for (let done = 0; done < bytes; done += 100_000) {
    clock += 100_000 / rate;
    window.answered(100_000);
    held = Math.max(held, window.bytes / rate);
  }
  return { first, last: window.bytes, held };
}

describe('window', () => {
  it('opens to 16 MiB over a far line that is fast', () => {
    expect(settled(100, 100_000, 200 * mebibyte)).toMatchObject({ first: 4 * mebibyte, last: 16 * mebibyte });
  });

  it('stays at 4 MiB over a near one, however fast', () => {
    expect(settled(0.2, 500_000, 2000 * mebibyte)).toMatchObject({ first: 2 * mebibyte, last: 4 * mebibyte });
  });

  it('holds no more than a few seconds of a slow line', () => {
    expect(settled(30, 500, 100 * mebibyte)).toMatchObject({ first: 4 * mebibyte, last: 4 * mebibyte });
    expect(settled(100, 5_000, 500 * mebibyte).held).toBeLessThan(2000);
  });

  it('never opens beyond what it is told', () => {
    const window = new Window({ roundTrip: 100, most: 50, now: () => 0 });
    window.answered(1000);
    expect(window.bytes).toBe(50);
  });
});
