import { describe, expect, it } from 'vitest';
import { resolveLocal, shownLocal } from '../../../src/cli/client/local-place.js';
import {
  baseOf,
  isName,
  isWithin,
  parentOf,
  resolveRemote,
  shownRemote,
} from '../../../src/cli/client/remote-path.js';

describe('a remote path', () => {
  it.each([
    ['a', '/home/a'],
    ['.', '/home'],
    ['..', '/'],
    ['../../..', '/'],
    ['a/../b', '/home/b'],
    ['/x//y/./z/', '/x/y/z'],
    ['//', '/'],
    ['...', '/home/...'],
    ['a\\b', '/home/a\\b'],
  ])('%j is %j', (typed, path) => {
    expect(resolveRemote(typed, '/home')).toBe(path);
  });

  it('is not empty, and has no NUL', () => {
    expect(() => resolveRemote('', '/home')).toThrow('an empty name');
    expect(() => resolveRemote('a\0b', '/home')).toThrow('NUL');
  });

  it('has a last name, a folder, and a short form', () => {
    expect([baseOf('/a/b'), baseOf('/a'), baseOf('/')]).toEqual(['b', 'a', '']);
    expect([parentOf('/a/b'), parentOf('/a'), parentOf('/')]).toEqual(['/a', '/', '/']);
    expect([
      shownRemote('/a/b', '/a'),
      shownRemote('/ab', '/a'),
      shownRemote('/a', '/a'),
      shownRemote('/a', '/'),
    ]).toEqual([...['b', '/ab', '/a', 'a']]);
    expect([
      isWithin('/a/b', '/a'),
      isWithin('/ab', '/a'),
      isWithin('/a', '/a'),
      isWithin('/a', '/'),
    ]).toEqual([...[true, false, true, true]]);
  });

  it('is made of names', () => {
    for (const name of ['a', '...', '-', 'a b', '\xff']) expect(isName(name), name).toBe(true);
    for (const name of ['', '.', '..', '/', 'a/b', '../a', 'a\0']) expect(isName(name), name).toBe(false);
  });
});

describe('a local path', () => {
  const posix = { windows: false, home: () => '/home/bob' };
  const windows = { windows: true, home: () => 'C:\\Users\\bob' };

  it.each([
    ['a', '/desk/a'],
    ['../b/.', '/b'],
    ['/x//y/', '/x/y'],
    ['~', '/home/bob'],
    ['~/c', '/home/bob/c'],
    ['~d', '/desk/~d'],
    ['a\\b', '/desk/a\\b'],
  ])('%j is %j', (typed, path) => {
    expect(resolveLocal(typed, '/desk', posix)).toBe(path);
  });

  it.each([
    ['a', 'D:/desk/a'],
    ['..\\b', 'D:/b'],
    ['..\\..\\..\\b', 'D:/b'],
    ['C:\\x\\y', 'C:/x/y'],
    ['c:/x/../..', 'c:/'],
    ['\\\\host\\share\\x\\..\\..', '//host/share/'],
    ['~\\c', 'C:/Users/bob/c'],
  ])('%j on Windows is %j', (typed, path) => {
    expect(resolveLocal(typed, 'D:/desk', windows)).toBe(path);
  });

  it('is not empty', () => {
    expect(() => resolveLocal('', '/desk', posix)).toThrow('an empty name');
    expect([shownLocal('/desk/a', '/desk'), shownLocal('/desk', '/desk'), shownLocal('/a', '/')]).toEqual([
      'a',
      '/desk',
      'a',
    ]);
  });
});
