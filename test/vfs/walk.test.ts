import { expect, test } from 'vitest';
import { Walk, type Found, type Tree } from '../../src/vfs/walk.js';

/** Folders named by their path; `l` is a symlink up, everything else a folder. Counts what is held. */
class Paths implements Tree<string> {
  readonly root = '';
  readonly held: number;
  holding = 0;
  most = 0;
  looks = 0;

  constructor(held: number) {
    this.held = held;
  }

  look(folder: string, name: string): Found<string> {
    this.looks++;
    if (name === 'l') return { kind: 'symlink', target: '../x' };
    if (name === 'none') return { kind: 'missing' };
    if (name === 'file') return { kind: 'other' };
    this.most = Math.max(this.most, ++this.holding);
    return { kind: 'folder', folder: `${folder}/${name}` };
  }

  release(): void {
    this.holding--;
  }
}

function end(path: string, tree = new Paths(4)): string {
  const walk = new Walk(tree, path);
  try {
    const place = walk.last();
    expect(walk.pathOf(place)).toBe(`${place.folder}/${place.name}`.replace(/(.)\/$/, '$1'));
    return `${place.folder}|${place.name}`;
  } finally {
    walk.close();
    expect(tree.holding).toBe(0);
  }
}

test('J1: `..` pops, symlinks go on from where they are, the last name is not looked up', () => {
  expect(end('/a/b')).toBe('/a|b');
  expect(end('/a/../b')).toBe('|b');
  expect(end('/../../b')).toBe('|b');
  expect(end('/a/b/..')).toBe('/a|');
  expect(end('/a/l/c')).toBe('/x|c');
  expect(end('/none')).toBe('|none');
});

test('J1: few folders are held however deep the walk, and none after it', () => {
  const tree = new Paths(16);
  expect(end(`${'/a'.repeat(300)}${'/..'.repeat(298)}/z`, tree)).toBe('/a/a|z');
  expect(tree.most).toBeLessThanOrEqual(17);
});

test('what is in the way stops the walk, and everything is released', () => {
  expect(() => end('/a/none/b')).toThrow(expect.objectContaining({ code: 'not-found' }));
  expect(() => end('/a/file/b')).toThrow(expect.objectContaining({ code: 'not-a-folder' }));
  expect(() => end(`/a${'/l'.repeat(42)}/b`)).toThrow(expect.objectContaining({ code: 'loop' }));
});

test('steps are bounded, whatever `..` makes of them', () => {
  const tree = new Paths(1);
  expect(() => end(`${'/a'.repeat(900)}${'/..'.repeat(700)}`, tree)).toThrow(
    expect.objectContaining({ code: 'loop' }),
  );
  expect(tree.looks).toBeLessThanOrEqual(8192);
});
