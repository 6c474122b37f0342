import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RelatedHomes } from '../../src/admin/related-homes.js';

it('picks what is the folder, contains it or lies in it, existing or not, through symlinks too', () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-related-')));
  mkdirSync(join(top, 'a', 'b'), { recursive: true });
  mkdirSync(join(top, 'ab'));
  symlinkSync(join(top, 'a'), join(top, 'link'));
  const homes = ['a', 'a/b', 'a/b/c', 'a/new', 'ab', 'other'].map((name) => join(top, name));
  const among = (name: string): string[] =>
    new RelatedHomes().among(homes, join(top, name)).map((path) => path.slice(top.length + 1));
  expect(among('a/b')).toEqual(['a', 'a/b', 'a/b/c']);
  expect(among('link/b')).toEqual(['a', 'a/b', 'a/b/c']);
  expect(among('link/new/deep')).toEqual(['a', 'a/new']);
  expect(among('ab')).toEqual(['ab']);
  expect(among('unknown')).toEqual([]);
  expect(among('.')).toEqual(['a', 'a/b', 'a/b/c', 'a/new', 'ab', 'other']);
});

it('looks again at what was missing before', () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-related-')));
  const related = new RelatedHomes();
  const home = join(top, 'made-later');
  expect(related.sameUnderAnotherPath([home], join(top, 'name'))).toBeNull();
  mkdirSync(home);
  symlinkSync(home, join(top, 'name'));
  expect(related.sameUnderAnotherPath([join(top, 'elsewhere')], join(top, 'name'))).toBeNull();
  expect(related.among([home], join(top, 'name'))).toEqual([home]);
});

it('leaves the judgement to who asks where it cannot look', () => {
  const homes = ['/proc/self/cmdline/x', '/srv/a'];
  expect(new RelatedHomes().among(homes, '/proc/self/cmdline/below-a-file')).toEqual(homes);
});
