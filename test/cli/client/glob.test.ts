import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandLocal } from '../../../src/cli/client/local-glob.js';
import { expandRemote } from '../../../src/cli/client/remote-glob.js';
import { splitLine, wordFromArgument, type Word } from '../../../src/cli/client/words.js';
import type { Remote } from '../../../src/client/remote.js';
import { fromText } from '../../../src/names.js';
import { entry, fakeRemote, listing } from './commands/fake-remote.js';

const { signal } = new AbortController();

const tree = {
  '/': [entry('home', 'folder')],
  '/home': [
    entry('a.txt'),
    entry('b.txt'),
    entry('.dot.txt'),
    entry('sub', 'folder'),
    entry('sum', 'folder'),
    entry('odd[1].txt'),
  ],
  '/home/sub': [entry('x.log'), entry('y.log')],
  '/home/sum': [entry('x.log'), entry('z')],
};

function word(line: string): Word {
  const [only] = splitLine(line);
  if (!only) throw new Error('no word');
  return only;
}

function remotely(line: string | Word, given: Partial<Remote> = listing(tree)): Promise<readonly string[]> {
  const remote = fakeRemote(given);
  return expandRemote(typeof line === 'string' ? word(line) : line, {
    ...{ place: { remote: '/home' }, signal },
    remote: () => Promise.resolve(remote),
  });
}

describe('patterns at the server', () => {
  it.each([
    ['*.txt', ['/home/a.txt', '/home/b.txt', '/home/odd[1].txt']],
    ['.*', ['/home/.dot.txt']],
    ['[ab].txt', ['/home/a.txt', '/home/b.txt']],
    ['su?/x.log', ['/home/sub/x.log', '/home/sum/x.log']],
    ['su?/z', ['/home/sum/z']],
    ['*/*.log', ['/home/sub/x.log', '/home/sub/y.log', '/home/sum/x.log']],
    ['*/', ['/home/sub', '/home/sum']],
    ['/h*/sub/../a.txt', ['/home/a.txt']],
    ['../home/[a]*', ['/home/a.txt']],
    ['plain', ['/home/plain']],
    ["'*.txt'", ['/home/*.txt']],
    ['odd[1].txt', ['/home/odd[1].txt']],
  ])('%s', async (line, paths) => {
    expect(await remotely(line)).toEqual(paths);
  });

  it('come from the shell that called plim too', async () => {
    expect(await remotely(wordFromArgument('s*/y.log'))).toEqual(['/home/sub/y.log']);
  });

  it('that match nothing are named', async () => {
    await expect(remotely('*.zip')).rejects.toMatchObject({
      code: 'not-found',
      message: '*.zip: nothing at the server matches',
    });
    await expect(remotely('nothing/*')).rejects.toMatchObject({ code: 'not-found' });
    await expect(remotely("''")).rejects.toMatchObject({ code: 'bad-name' });
  });

  it('do not ask where nothing is a pattern', async () => {
    const [path] = await expandRemote(word('plain'), {
      ...{ place: { remote: '/home' }, signal },
      remote: () => Promise.reject(new Error('asked')),
    });
    expect(path).toBe('/home/plain');
  });

  it('stand for so many names and no more', async () => {
    const many = {
      ...listing(tree),
      async *list() {
        yield await Promise.resolve(
          Array.from({ length: 400_000 }, (_, index) => entry(`n${index}`, 'folder')),
        );
      },
    };
    await expect(remotely('n*', many)).rejects.toMatchObject({ code: 'too-many' });
    await expect(remotely('*/*/*/x', many)).rejects.toMatchObject({ code: 'too-many' });
    await expect(remotely('x*', many)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('local patterns', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'plim-glob-'));
    for (const name of ['a.txt', 'b.txt', '.dot', 'odd[1]']) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'inner.txt'), '');
    symlinkSync('sub', join(folder, 'way'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const locally = async (line: string): Promise<readonly string[]> =>
    (await expandLocal(word(line), { place: { local: fromText(folder) }, signal })).map((path) =>
      path.slice(folder.length + 1),
    );

  it.each([
    ['*.txt', ['a.txt', 'b.txt']],
    ['*/*.txt', ['sub/inner.txt', 'way/inner.txt']],
    ['*/', ['sub', 'way']],
    ['.d*', ['.dot']],
    ['odd[1]', ['odd[1]']],
    ['"*.txt"', ['*.txt']],
    ['./sub/../[ab]*', ['a.txt', 'b.txt']],
  ])('%s', async (line, names) => {
    expect(await locally(line)).toEqual(names);
  });

  it('begin anywhere, and name themselves when nothing matches', async () => {
    const [path] = await expandLocal(word(`${folder}/a*`), { place: { local: '/' }, signal });
    expect(path).toBe(join(folder, 'a.txt'));
    await expect(locally('*.zip')).rejects.toMatchObject({ message: '*.zip: nothing here matches' });
  });
});
