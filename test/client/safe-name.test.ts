import fc from 'fast-check';
import { join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unsafeName } from '../../src/client/safe-name.js';
import { fromText, toBytes } from '../../src/names.js';
import { scale } from '../scale.js';

describe('unsafeName', () => {
  it.each([
    '',
    '.',
    '..',
    '/',
    'a/b',
    '../evil',
    '/abs',
    'a/',
    '\0',
    'a\0b',
    'a\nb',
    '\x1b[2J',
    'a\x7f',
    '\r',
    '\t',
  ])('refuses %j everywhere', (name) => {
    expect(unsafeName(name, false)).not.toBeNull();
    expect(unsafeName(name, true)).not.toBeNull();
  });

  it.each([
    ...[
      'CON',
      'con',
      'aux.txt',
      'NUL.tar.gz',
      'com1',
      'LPT9.log',
      'com0',
      'COM¹',
      'lpt³.x',
      'CONIN$',
      'conout$',
      'prn .txt',
      'aux ',
    ],
    ...[
      'a:b',
      'file.txt:stream',
      'C:',
      'C:\\x',
      'a\\b',
      '..\\evil',
      '\\\\host\\share',
      'a*',
      'a?',
      'a<b',
      'a>b',
      'a|b',
      'a"b',
    ],
    ...['dot.', 'space ', '...', '. ', 'a. .'],
  ])('refuses %j on Windows alone', (name) => {
    expect(unsafeName(fromText(name), true)).not.toBeNull();
    expect(unsafeName(fromText(name), false)).toBeNull();
  });

  it('refuses what is not UTF-8 on Windows, where it would become another name', () => {
    expect(unsafeName('a\xff', true)).toContain('UTF-8');
    expect(unsafeName('a\xff', false)).toBeNull();
  });

  it.each([
    'a',
    '.hidden',
    '..a',
    'a..b',
    '...a',
    'größe',
    '日本',
    'con1',
    'console',
    'auxiliary.txt',
    'com10',
    'a b',
    ' lead',
    '-rf',
    '~',
    '$HOME',
    'a;b',
    "a'b",
  ])('takes %j everywhere', (name) => {
    expect(unsafeName(fromText(name), false)).toBeNull();
    expect(unsafeName(fromText(name), true)).toBeNull();
  });

  it('never takes a name that leads out of its folder', () => {
    const char = fc.oneof(
      fc.constantFrom('.', '/', '\\', '\0', 'a', ':', ' '),
      fc.nat(255).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: char, maxLength: 8 }), (name) => {
        if (unsafeName(name, false) !== null) return;
        const path = normalize(join('/folder', toBytes(name).toString('latin1')));
        expect(path).toBe(`/folder/${name}`);
        expect(name).not.toContain('\0');
      }),
      { numRuns: scale('propertyRuns') },
    );
  });
});
