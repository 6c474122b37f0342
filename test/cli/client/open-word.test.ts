import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWord, quoted } from '../../../src/cli/client/open-word.js';
import { splitLine } from '../../../src/cli/client/words.js';
import { fromText } from '../../../src/names.js';
import { scale } from '../../scale.js';

describe('the word that is being typed', () => {
  it.each([
    ['', [], 0, '', null],
    ['ge', [], 0, 'ge', null],
    ['get ', ['get'], 4, '', null],
    ['get "my f', ['get'], 4, 'my f', '"'],
    ["get 'my f", ['get'], 4, 'my f', "'"],
    ['get my\\ f', ['get'], 4, 'my f', null],
    ['get "a b" c', ['get', 'a b'], 10, 'c', null],
    ['get "a"b', ['get'], 4, 'ab', null],
    ['get "', ['get'], 4, '', '"'],
    ['get "say \\"hi', ['get'], 4, 'say "hi', '"'],
    ["put '' b", ['put', ''], 7, 'b', null],
    ['get a\\', ['get'], 4, 'a', null],
    ['get a#b', ['get'], 4, 'a#b', null],
  ] as const)('of %j', (line, before, start, text, quote) => {
    expect(openWord(line)).toEqual({ before, start, text, quote, isPattern: false });
  });

  it('is none in a comment, and may be a pattern', () => {
    expect(openWord('get a # b')).toBeNull();
    expect(openWord('get a*')?.isPattern).toBe(true);
    expect(openWord('get "a*"')?.isPattern).toBe(false);
    expect(openWord('get a* "b')?.isPattern).toBe(false);
  });

  it('agrees with how a finished line is split', () => {
    const piece = fc.constantFrom('a', 'é', '漢', ' ', '\t', '"', "'", '\\', '#', '*', '-');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const line = pieces.join('');
        let words: readonly string[];
        try {
          words = splitLine(line).map(({ text }) => text);
        } catch {
          return;
        }
        const open = openWord(line);
        if (!open) return;
        const begun = open.start < line.length ? [open.text] : [];
        expect([...open.before, ...begun].map(fromText)).toEqual(words);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });
});

describe('a word put into a line', () => {
  it('is what it was when the line is split, however it began', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', '*', '[', '?', '漢', '-', '!'),
      minLength: 1,
    });
    const begun = fc.constantFrom(null, '"' as const, "'" as const);
    fc.assert(
      fc.property(text, begun, (name, quote) => {
        const words = splitLine(`get ${quoted(name, quote, false)} next`);
        expect(words.map((word) => word.text)).toEqual(['get', fromText(name), 'next']);
        expect(words[1]?.pattern).toBeNull();
        // What is left open can be typed on.
        const open = openWord(`get ${quoted(name, quote, true)}`);
        expect(open?.text).toBe(name);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('has quotes only where it needs them', () => {
    expect(quoted('plain-name.txt', null, false)).toBe('plain-name.txt');
    expect(quoted('my file', null, false)).toBe('"my file"');
    expect(quoted('my "file"', "'", false)).toBe(`'my "file"'`);
    expect(quoted("it's", "'", false)).toBe(`"it's"`);
    expect(quoted('a b', null, true)).toBe('"a b');
  });
});
