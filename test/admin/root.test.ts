import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { belowRoot, findRoot, makeRoot, otherOwner } from '../../src/admin/root.js';

function place(): string {
  return join(realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-root-'))), 'deep', 'root');
}

it('makes its folders for nobody else, and closes those that came with a checkout', () => {
  const path = place();
  for (const name of ['keys', 'var', 'homes']) mkdirSync(join(path, name), { recursive: true, mode: 0o755 });
  const root = makeRoot(path);
  for (const folder of [root.keys, root.var, root.homes, root.etc])
    expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it('finds a root by its database only', () => {
  const path = place();
  expect(() => findRoot(path)).toThrow(`${path} is no Plimsoll root (it has no var/plimsoll.db)`);
  expect(existsSync(path)).toBe(false);
  const root = makeRoot(path);
  expect(() => findRoot(path)).toThrow('is no Plimsoll root');
  writeFileSync(root.database, '');
  expect(findRoot(path)).toEqual(root);
});

it('says which folder cannot be made', () => {
  const path = place();
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  expect(() => makeRoot(path)).toThrow(/^the folder .*root.* cannot be made: .* \((EEXIST|ENOTDIR)\)$/);
});

it.runIf(process.getuid?.() === 0)('tells root whose root it works on, and others nothing', () => {
  const root = makeRoot(place());
  expect(otherOwner(root, 0)).toBeNull();
  chownSync(root.var, 65_534, 65_534);
  expect(otherOwner(root, 0)).toBe(65_534);
  expect(otherOwner(root, 65_534)).toBeNull();
});

it('reads paths below the root, unless they are absolute', () => {
  const root = makeRoot(place());
  expect(belowRoot(root, 'homes/../x')).toBe(join(root.path, 'x'));
  expect(belowRoot(root, '/srv/files')).toBe('/srv/files');
});
