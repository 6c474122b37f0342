import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { systemWords } from '../../src/observe/system-words.js';

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('it did not fail');
}

it('says what the system said, without the path', () => {
  expect(systemWords(failureOf(() => readFileSync('/')))).toBe('illegal operation on a directory (EISDIR)');
  expect(systemWords(failureOf(() => readFileSync('/dev/null/x')))).toBe('not a directory (ENOTDIR)');
});

it('leaves what is no error of the system as it is', () => {
  expect(systemWords(new Error('odd, this'))).toBe('odd, this');
  expect(systemWords('text')).toBe('text');
});
