import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, parseMessage, timesOf } from '../../src/exec/scp-messages.js';
import { Fault } from '../../src/fault.js';
import type { Stats } from '../../src/vfs/vfs.js';
import { scale } from '../scale.js';

describe('lines of scp [PROTOCOL 7.5]', () => {
  it.each([
    ['C0644 12 name', { kind: 'file', mode: 0o644, size: 12, name: 'name' }],
    ['C4755 0 with  spaces ', { kind: 'file', mode: 0o4755, size: 0, name: 'with  spaces ' }],
    ['C0600 9007199254740991 \xff\xfe', { kind: 'file', mode: 0o600, size: 2 ** 53 - 1, name: '\xff\xfe' }],
    ['C0644 1 two\\^Jlines', { kind: 'file', mode: 0o644, size: 1, name: 'two\nlines' }],
    ['C0644 1 ...', { kind: 'file', mode: 0o644, size: 1, name: '...' }],
    ['D0755 0 folder', { kind: 'folder', mode: 0o755, size: 0, name: 'folder' }],
    ['T1100000000 0 1000000000 999999', { kind: 'times', times: { mtime: 1.1e9, atime: 1e9 } }],
    ['T99999999999999999999 0 0 0', { kind: 'times', times: null }],
    ['E', { kind: 'end' }],
    ['\x01scp: gone: not found', { kind: 'problem' }],
    ['\x02', { kind: 'fatal' }],
  ])('%j is understood', (line, message) => {
    expect(parseMessage(line)).toEqual(message);
  });

  it.each([
    ['an empty line', ''],
    ['another letter', 'X0644 1 f'],
    ['a lower-case letter', 'c0644 1 f'],
    ['a mode of three digits', 'C644 1 f'],
    ['a mode of five digits', 'C00644 1 f'],
    ['a mode that is not octal', 'C0698 1 f'],
    ['a negative mode', 'C-644 1 f'],
    ['no size', 'C0644  f'],
    ['a negative size', 'C0644 -1 f'],
    ['a size with a sign', 'C0644 +1 f'],
    ['a size in hexadecimal', 'C0644 0x10 f'],
    ['a size with an exponent', 'C0644 1e3 f'],
    ['a size over 2^53-1', 'C0644 9007199254740992 f'],
    ['a size over 2^64', 'C0644 18446744073709551617 f'],
    ['a size of a thousand digits', `C0644 ${'9'.repeat(1000)} f`],
    ['no name', 'C0644 1 '],
    ['nothing behind the size', 'C0644 1'],
    ['the name .', 'D0755 0 .'],
    ['the name ..', 'D0755 0 ..'],
    ['a path upwards', 'C0644 1 ../f'],
    ['an absolute path', 'C0644 1 /etc/passwd'],
    ['a path downwards', 'C0644 1 a/f'],
    ['a name with NUL', 'C0644 1 a\0b'],
    ['a path that is a name only when it is encoded', 'C0644 1 \\^J/x'],
    ['times without microseconds', 'T1 1'],
    ['negative times', 'T-1 0 1 0'],
    ['more than a second of microseconds', 'T1 1000000 1 0'],
    ['times with a tail', 'T1 0 1 0 '],
    ['E with a tail', 'E0'],
  ])('%s is refused', (_what, line) => {
    expect(() => parseMessage(line)).toThrow(expect.objectContaining({ code: 'bad-message' }) as Error);
  });

  it('whatever else arrives is understood or refused, and a name never leaves its folder', () => {
    const letter = fc.constantFrom('C', 'D', 'T', 'E', '', '\x01', ' ');
    const part = fc.constantFrom(
      '0644',
      '0',
      ' ',
      '..',
      '/',
      '.',
      'a',
      '\\^J',
      '9'.repeat(20),
      '\xff',
      '\0',
      '-',
    );
    fc.assert(
      fc.property(letter, fc.array(part, { maxLength: 10 }), (first, rest) => {
        try {
          const message = parseMessage(first + rest.join(''));
          if (!('name' in message)) return;
          expect(message.name).not.toMatch(/[/\0]|^\.{0,2}$/);
          expect(Number.isSafeInteger(message.size)).toBe(true);
          expect(message.mode).toBeLessThanOrEqual(0o7777);
        } catch (thrown) {
          if (!(thrown instanceof Fault)) throw thrown;
          expect(thrown.code).toBe('bad-message');
          expect(thrown.message).not.toMatch(/[\0-\x1f]/);
        }
      }),
      { numRuns: scale('propertyRuns') * 10 },
    );
  });

  it('writes entries and times', () => {
    expect(entryOf({ kind: 'file', mode: 0o7, size: 2 ** 53 - 1, name: '-' })).toBe(
      'C0007 9007199254740991 -\n',
    );
    expect(entryOf({ kind: 'folder', mode: 0o4755, size: 0, name: 'a\nb' })).toBe('D4755 0 a\\^Jb\n');
    const stats = { mtime: 12.9, atime: -5 } as Stats;
    expect(timesOf(stats)).toBe('T12 0 0 0\n');
  });
});
