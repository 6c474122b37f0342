import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeName, encodeName } from '../../src/exec/scp-names.js';
import { scale } from '../scale.js';

/** Names as Linux allows them: any bytes but `/` and NUL. */
const names = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replace(/[/\0]/g, '\n'));

describe('names in the lines of scp [PROTOCOL 7.5]', () => {
  it.each([
    ['a\nb', 'a\\^Jb'],
    ['a b\tc\n', 'a b\tc\\^J'],
    ['\\\n', '\\\\\\^J'],
    ['\n\x01\x1b\x7f', '\\^J\\^A\\^[\\^?'],
    ['\n\xaf', '\\^J\\257'],
    ['\n\x80\x8a\xff\xa0\xe9\xde', '\\^J\\M^@\\M^J\\M^?\\240\\M-i\\M-^'],
    ['*?[#~\'"$\n', '*?[#~\'"$\\^J'],
  ])('%j is %j, as vis(3) writes it, and back', (name, line) => {
    expect(encodeName(name)).toBe(line);
    expect(decodeName(line)).toBe(name);
  });

  it.each(['plain', 'back\\slash', '\\^A', '\\M-i', 'esc\x1b', '\xff\xfe', '\xe4\xb8\xad', '-rf', '\\\\'])(
    '%j has no newline, and is left as it is both ways',
    (name) => {
      expect(encodeName(name)).toBe(name);
      expect(decodeName(name)).toBe(name);
    },
  );

  it.each([
    ['a backslash that would have been doubled', '\\x\\^J'],
    ['a byte that would have been encoded', 'caf\xe9\\^J'],
    ['an escape cut off', '\\^J\\'],
    ['an escape of what needs none', '\\^J\\M-'],
    ['an octal of what has a letter', '\\^J\\012'],
    ['a space in octal', '\\^J\\040'],
    ['a doubled backslash before ^J', '\\\\^J'],
  ])('%s: no encoder wrote that, and it stands for itself', (_what, name) => {
    expect(decodeName(name)).toBe(name);
  });

  it('every name with a newline survives', () => {
    fc.assert(
      fc.property(names, (name) => {
        const line = encodeName(name);
        expect(line).not.toMatch(/[\n/]/);
        if (name.includes('\n')) expect(decodeName(line)).toBe(name);
        else expect(line).toBe(name);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });

  it('nothing is decoded to anything that would not be encoded to it again', () => {
    const pieces = fc.constantFrom('\\', '^', 'J', '\\^J', '\\M', '-', 'M-', '240', '\\\\', 'a', '?', '\xe9');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const line = parts.join('');
        const name = decodeName(line);
        if (name !== line) expect(encodeName(name)).toBe(line);
      }),
      { numRuns: scale('propertyRuns') * 10 },
    );
  });
});
