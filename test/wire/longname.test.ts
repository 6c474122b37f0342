import { describe, expect, it } from 'vitest';
import { fileTypeBits } from '../../src/wire/attrs.js';
import { longname } from '../../src/wire/longname.js';

const now = new Date(2026, 6, 15, 12, 0, 0);
const day = 86_400;

/** A line with what matters to the test in it. */
function line(attrs: { permissions?: number; size?: number; mtime?: number }, names = {}): string {
  const seconds = now.getTime() / 1000;
  return longname({
    name: 'report.txt',
    attrs: { permissions: 0o100644, size: 1234, mtime: seconds, ...attrs },
    nlink: 1,
    owner: 'demo',
    group: 'demo',
    now,
    ...names,
  });
}

describe('the line of ls -l, as OpenSSH shapes it [filexfer-02 7]', () => {
  it('has its columns where OpenSSH has them', () => {
    expect(line({})).toBe('-rw-r--r--    1 demo     demo         1234 Jul 15 12:00 report.txt');
    expect(
      line(
        { size: 123_456_789_012, mtime: new Date(2026, 6, 5, 3, 4).getTime() / 1000 },
        { nlink: 12345, owner: 'a-long-owner', group: 'a-long-group', name: 'with space' },
      ),
    ).toBe('-rw-r--r--  12345 a-long-owner a-long-group 123456789012 Jul  5 03:04 with space');
  });

  it('matches the shape that clients parse', () => {
    expect(line({})).toMatch(
      /^[-dlpsbc][-rwxsStT]{9} +\d+ \S+ +\S+ +\d+ [A-Z][a-z]{2} [ \d]\d (\d\d:\d\d| \d{4}) ./,
    );
  });

  it.each([
    [fileTypeBits.file | 0o755, '-rwxr-xr-x'],
    [fileTypeBits.folder | 0o1777, 'drwxrwxrwt'],
    [fileTypeBits.folder | 0o1776, 'drwxrwxrwT'],
    [fileTypeBits.symlink | 0o777, 'lrwxrwxrwx'],
    [fileTypeBits.fifo | 0o600, 'prw-------'],
    [fileTypeBits.socket | 0o070, 's---rwx---'],
    [fileTypeBits['block-device'] | 0o007, 'b------rwx'],
    [fileTypeBits['character-device'], 'c---------'],
    [fileTypeBits.file | 0o6755, '-rwsr-sr-x'],
    [fileTypeBits.file | 0o6644, '-rwSr-Sr--'],
    [0o644, '?rw-r--r--'],
  ])('shows mode 0%o as %s', (permissions, text) => {
    expect(line({ permissions }).slice(0, 10)).toBe(text);
  });

  it('shows the time for half a year, the year before that and for the future', () => {
    const seconds = now.getTime() / 1000;
    const date = (mtime: number) => line({ mtime }).slice(-23, -11);
    expect(date(seconds - 182 * day)).toMatch(/^Jan 14 \d\d:00$/);
    expect(date(seconds - 183 * day)).toBe('Jan 13  2026');
    expect(date(seconds + 1)).toBe('Jul 15  2026');
    expect(date(0)).toMatch(/^(Jan  1  1970|Dec 31  1969)$/);
    expect(date(2 ** 32 - 1)).toMatch(/ 2106$/);
  });

  it('keeps a name that is not UTF-8 byte for byte (J3)', () => {
    expect(line({}, { name: '\xff\xfe' }).endsWith(' \xff\xfe')).toBe(true);
  });

  it('survives a time that no calendar has', () => {
    expect(line({ mtime: 1e300 })).toContain('Jan  1  1970');
  });
});
