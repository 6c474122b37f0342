import { expect, it } from 'vitest';
import { inRows } from '../../../src/cli/client/in-rows.js';

it('puts names side by side, down each column', () => {
  const names = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
  expect(inRows(names, 80)).toBe('a      bb     ccc    dddd   eeeee');
  expect(inRows(names, 16)).toBe('a      dddd\nbb     eeeee\nccc');
  expect(inRows(names, 4)).toBe('a\nbb\nccc\nddd\neee');
  expect(inRows(['漢字', 'a'], 80)).toBe('漢字  a');
});

it('keeps what was on the screen there', () => {
  const rows = inRows(
    Array.from({ length: 5000 }, (_, index) => `name-${index}`),
    80,
  ).split('\n');
  expect(rows.length).toBeLessThan(60);
  expect(rows.at(-1)).toBe('... and 4800 more');
});
