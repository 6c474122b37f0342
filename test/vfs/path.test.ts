import fc from 'fast-check';
import { expect, test } from 'vitest';
import { basename, below, dirname, join, normalise, split } from '../../src/vfs/path.js';
import { scale } from '../scale.js';

test('split drops empty names and dots, keeps `..`, and tells how the path ended', () => {
  expect(split('/a//./b/..')).toEqual({ names: ['a', 'b', '..'], end: 'dots' });
  expect(split('a/b/')).toEqual({ names: ['a', 'b'], end: 'slash' });
  expect(split('/a/b')).toEqual({ names: ['a', 'b'], end: 'name' });
  expect(split('')).toEqual({ names: [], end: 'slash' });
  expect(split('/a/.')).toEqual({ names: ['a'], end: 'dots' });
  expect(split('/...')).toEqual({ names: ['...'], end: 'name' });
});

test('split refuses NUL, names over 255 bytes and paths over 4096', () => {
  expect(() => split('/a\0')).toThrow(expect.objectContaining({ code: 'bad-name' }));
  expect(split(`/${'n'.repeat(255)}`).names).toHaveLength(1);
  expect(() => split(`/${'n'.repeat(256)}`)).toThrow(expect.objectContaining({ code: 'name-too-long' }));
  expect(split('/a'.repeat(2048)).names).toHaveLength(2048);
  expect(() => split(`${'/a'.repeat(2048)}/`)).toThrow(expect.objectContaining({ code: 'name-too-long' }));
});

test('no name that split lets through could mean another folder to the kernel', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('/', '.', 'a', '\\', '\xff', ' '), maxLength: 40 }),
      (path) => {
        for (const name of split(path).names) {
          expect(name).not.toMatch(/[/\0]/);
          expect(name).not.toBe('');
          expect(name).not.toBe('.');
        }
        expect(split(normalise(path)).names).not.toContain('..');
        expect(normalise(normalise(path))).toBe(normalise(path));
      },
    ),
    { numRuns: scale('propertyRuns') },
  );
});

test('join, below, normalise, basename, dirname', () => {
  expect(join([])).toBe('/');
  expect(join(['a', 'b'])).toBe('/a/b');
  expect(below('/homes/x/', '/a')).toBe('/homes/x/a');
  expect(below('/', 'a')).toBe('/a');
  expect(normalise('/../a/./b//../c/')).toBe('/a/c');
  expect([basename('/a/b/'), basename('/')]).toEqual(['b', '']);
  expect([dirname('/a/b'), dirname('/a'), dirname('/')]).toEqual(['/a', '/', '/']);
});
