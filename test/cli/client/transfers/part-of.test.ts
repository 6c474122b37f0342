import { expect, it } from 'vitest';
import { partOf, percentOf } from '../../../../src/cli/client/transfers/part-of.js';

it.each([
  [18.8e9, 20e9, '18.8 of 20 GB'],
  [900e6, 20e9, '900 MB of 20 GB'],
  [0, 512, '0 of 512 B'],
  [0, 20e9, '0 B of 20 GB'],
  [5e6, null, '5 MB'],
])('shows %d of %d as %s', (part, whole, shown) => {
  expect(partOf(part, whole)).toBe(shown);
});

it('says 100 % only when all is there', () => {
  expect([percentOf(18.8e9, 20e9), percentOf(999_999, 1e6), percentOf(5, 5), percentOf(0, 0)]).toEqual([
    94, 99, 100, 100,
  ]);
});
