import { describe, expect, it } from 'vitest';
import { listedEntry, type ListedEntry } from '../../../src/cli/client/listed-entry.js';
import { columnLines, longLines, permissionText, timeText } from '../../../src/cli/client/listing-format.js';
import { inOrder } from '../../../src/cli/client/listing-order.js';
import { fromText } from '../../../src/names.js';

const now = new Date(2026, 10, 21, 12, 0, 0).getTime();
const seconds = (...date: [number, number, number, number?, number?]): number =>
  new Date(...date).getTime() / 1000;

describe('permissions', () => {
  it.each([
    ['file', 0o644, '-rw-r--r--'],
    ['folder', 0o755, 'drwxr-xr-x'],
    ['symlink', 0o777, 'lrwxrwxrwx'],
    ['file', 0o4755, '-rwsr-xr-x'],
    ['file', 0o6644, '-rwSr-Sr--'],
    ['folder', 0o1777, 'drwxrwxrwt'],
    ['folder', 0o1776, 'drwxrwxrwT'],
    ['unknown', 0o600, '?rw-------'],
  ] as const)('of a %s with %s', (kind, mode, text) => {
    expect(permissionText({ kind, mode })).toBe(text);
  });

  it('are question marks where nobody said', () => {
    expect(permissionText({ kind: 'file' })).toBe('-?????????');
    expect(permissionText({ kind: 'other', mode: 0o660, letter: 'c' })).toBe('crw-rw----');
  });
});

describe('times', () => {
  it('have hours within half a year, and a year otherwise', () => {
    expect(timeText(seconds(2026, 10, 21, 9, 5), now)).toBe('Nov 21 09:05');
    expect(timeText(seconds(2026, 5, 1, 0, 0), now)).toBe('Jun  1 00:00');
    expect(timeText(seconds(2026, 4, 1), now)).toBe('May  1  2026');
    expect(timeText(seconds(2026, 10, 22), now)).toBe('Nov 22  2026');
    expect(timeText(undefined, now)).toHaveLength(12);
    expect(timeText(1e15, now)).toHaveLength(12);
  });
});

describe('long lines', () => {
  const entries: readonly ListedEntry[] = [
    {
      name: 'a',
      kind: 'file',
      size: 5,
      mode: 0o644,
      uid: 1,
      gid: 22,
      links: 1,
      owner: 'bob',
      mtime: seconds(2026, 10, 21, 9, 5),
    },
    {
      name: 'b',
      kind: 'file',
      size: 123_456,
      mode: 0o600,
      uid: 333,
      gid: 4,
      links: 12,
      group: 'staff',
      mtime: seconds(2026, 10, 21, 9, 5),
    },
  ];

  it('are as wide as they need to be', () => {
    expect(longLines(entries, { human: false, numeric: false, now })).toEqual([
      '-rw-r--r--  1 bob 22         5 Nov 21 09:05 a',
      '-rw------- 12 333 staff 123456 Nov 21 09:05 b',
    ]);
    expect(longLines(entries, { human: true, numeric: true, now })).toEqual([
      '-rw-r--r--  1 1   22      5 B Nov 21 09:05 a',
      '-rw------- 12 333 4  123.5 KB Nov 21 09:05 b',
    ]);
  });
});

describe('columns', () => {
  it('are read downwards, and never wider than the terminal', () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    expect(columnLines(names, 80)).toEqual(['one    two    three  four   five']);
    expect(columnLines(names, 20)).toEqual(['one    three  five', 'two    four']);
    expect(columnLines(names, 3)).toEqual(names);
    expect(columnLines([], 80)).toEqual([]);
    expect(columnLines(['日本', 'ab', 'c'], 13)).toEqual(['日本  c', 'ab']);
    for (let width = 6; width < 60; width++) {
      for (const line of columnLines(names, width)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });
});

describe('order', () => {
  const entries = [
    { name: 'b', kind: 'file', size: 1, mtime: 5 },
    { name: 'a', kind: 'file', size: 1, mtime: 9 },
    { name: 'c', kind: 'file', size: 7 },
  ] as const;
  const names = (order: Partial<Parameters<typeof inOrder>[1]>): string =>
    inOrder(entries, { time: false, size: false, reverse: false, unsorted: false, ...order })
      .map(({ name }) => name)
      .join('');

  it('is by name, time or size; names decide ties', () => {
    expect(names({})).toBe('abc');
    expect(names({ reverse: true })).toBe('cba');
    expect(names({ size: true })).toBe('cab');
    expect(names({ time: true })).toBe('abc');
    expect(names({ time: true, reverse: true })).toBe('cba');
    expect(names({ unsorted: true, reverse: true })).toBe('bac');
  });
});

describe('what stands in longnames', () => {
  const of = (longname: string, kind: 'file' | 'other' = 'file'): ListedEntry =>
    listedEntry({ name: 'x', longname: fromText(longname), stat: { kind } });

  it('is links, owner and group', () => {
    expect(of('-rw-r--r--    1 alice    users        0 Nov 21 10:00 x')).toMatchObject({
      links: 1,
      owner: 'alice',
      group: 'users',
    });
    expect(of('-rw-r--r--    ? 1000     1000         0 Nov 21 10:00 x')).not.toHaveProperty('links');
    expect(of('prw-r--r--    1 a b 0 Nov 21 10:00 x', 'other')).toMatchObject({ letter: 'p' });
  });

  it('is nothing where it is no such line, however long', () => {
    for (const line of [
      '',
      'x',
      '01-02-26 10:00AM <DIR> x',
      `-rw-r--r-- 1 ${'a'.repeat(100_000)}`,
      `-rw-r--r--${' '.repeat(100_000)}`,
    ]) {
      expect(of(line)).not.toHaveProperty('owner');
    }
  });
});
