import { describe, expect, it } from 'vitest';
import { modeAndFiles } from '../../../src/cli/client/mode.js';
import { splitLine } from '../../../src/cli/client/words.js';

function found(line: string, one = false): string {
  const { mode, files } = modeAndFiles(splitLine(line), { one });
  return `${mode.toString(8)} ${files.map(({ text }) => text).join(' ')}`;
}

describe('a mode among names', () => {
  it.each([
    ['notes', '755 notes'],
    ['644 notes', '644 notes'],
    ['notes 644', '644 notes'],
    ['000 notes', '0 notes'],
    ['755', '755 755'],
    ['644 600', '644 600'],
    ['./644 600', '600 ./644'],
    ['644 a b c', '644 a b c'],
    ['a b c 644', '644 a b c'],
    ['notes "644"', '644 notes'],
  ])('%j is %j', (line, expected) => {
    expect(found(line)).toBe(expected);
  });

  it.each([
    ['notes 888', '888'],
    ['888 notes', '888'],
    ['0755 notes', '0755'],
    ['notes 75', '75'],
    ['u+x notes', 'u+x'],
    ['notes rwxr-xr-x', 'rwxr-xr-x'],
    ['a b', 'b'],
    ['[67]44 notes', 'notes'],
  ])('%j is refused for %j', (line, named) => {
    expect(() => found(line)).toThrow(`'${named}' is not a mode: write three digits 0-7, as 755 or 644`);
  });

  it('stands beside one name where only one can be meant', () => {
    expect(found('new 700', true)).toBe('700 new');
    expect(() => found('700 a b', true)).toThrow('one name');
  });
});
