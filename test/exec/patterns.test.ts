import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Patterns } from '../../src/exec/patterns.js';
import { matcher } from '../../src/pattern.js';
import { splitCommand, type Word } from '../../src/exec/words.js';
import { toBytes, type ByteString } from '../../src/names.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Listing, Vfs } from '../../src/vfs/vfs.js';
import { cpuTime } from './cpu-time.js';
import { scale } from '../scale.js';
import { filled } from './running.js';

const never = new AbortController().signal;

function word(text: ByteString): Word {
  const [[first] = []] = splitCommand(text, 'alice');
  if (!first) throw new Error('no word');
  return first;
}

function expanded(text: ByteString, vfs: Vfs, signal: AbortSignal = never): Promise<readonly ByteString[]> {
  return new Patterns(vfs, signal).expand(word(text));
}

/** Counts the listings that are open. */
class CountedVfs extends DelegatingVfs {
  opened = 0;
  listed = 0;
  /** Called before each batch of entries. */
  onNext: () => void = () => undefined;

  override async list(path: ByteString): Promise<Listing> {
    const listing = await super.list(path);
    this.opened++;
    this.listed++;
    return {
      path: listing.path,
      next: (count) => {
        this.onNext();
        return listing.next(count);
      },
      close: () => {
        this.opened--;
        return listing.close();
      },
    };
  }
}

const tree = {
  'a.txt': '1',
  'b.txt': '2',
  'B.txt': '3',
  '.hidden.txt': '4',
  'we*ird': '5',
  'we?ird': '6',
  'sp ace': '7',
  '-dash': '8',
  'line\nfeed': '9',
  'not-utf8-\xff\xfe': '10',
  '\xc3\xa4': '11',
  'x\\y': '12',
  '[a]': '13',
  'sub/one/deep.txt': '14',
  'sub/two/deep.txt': '15',
  'sub/.dot/deep.txt': '16',
  'sub/file': '17',
  'other/deep.txt': '18',
} as const;

describe('expansion of patterns [POSIX XCU 2.13]', () => {
  let vfs: CountedVfs;
  beforeAll(async () => {
    vfs = new CountedVfs(await filled(tree));
    await vfs.symlink('/link', 'sub');
    await vfs.symlink('/dangling', 'nowhere');
    await vfs.symlink('/loop', 'loop');
  });

  it.each<[ByteString, readonly ByteString[]]>([
    ['a.txt', ['a.txt']],
    ['missing', ['missing']],
    ['*.txt', ['B.txt', 'a.txt', 'b.txt']],
    ['?.txt', ['B.txt', 'a.txt', 'b.txt']],
    ['[ab].txt', ['a.txt', 'b.txt']],
    ['[!a]*.txt', ['B.txt', 'b.txt']],
    ['[^a-b].txt', ['B.txt']],
    ['[[:lower:]].txt', ['a.txt', 'b.txt']],
    ['.*', ['.hidden.txt']],
    ['[.]*', ['[.]*']],
    ['?hidden.txt', ['?hidden.txt']],
    ['we\\*ird', ['we*ird']],
    ['we\\**', ['we*ird']],
    ['we*rd', ['we*ird', 'we?ird']],
    ['"we*"ir*', ['we*ird']],
    ['sp*', ['sp ace']],
    ['*dash', ['-dash']],
    ['line*', ['line\nfeed']],
    ['not*', ['not-utf8-\xff\xfe']],
    ['not-utf8-??', ['not-utf8-\xff\xfe']],
    ['\xc3?', ['\xc3\xa4']],
    ['x\\\\*', ['x\\y']],
    ['[[]a]', ['[a]']],
    ['[*', ['[a]']],
    ['[x', ['[x']],
    ['/*.txt', ['/B.txt', '/a.txt', '/b.txt']],
    ['~/?.txt', ['/B.txt', '/a.txt', '/b.txt']],
    ['sub/*', ['sub/file', 'sub/one', 'sub/two']],
    ['sub//*', ['sub//file', 'sub//one', 'sub//two']],
    ['*/deep.txt', ['other/deep.txt']],
    ['*/*/deep.txt', ['link/one/deep.txt', 'link/two/deep.txt', 'sub/one/deep.txt', 'sub/two/deep.txt']],
    ['l*/', ['link/']],
    ['*/../a.*', ['link/../a.txt', 'other/../a.txt', 'sub/../a.txt']],
    ['sub/.*/deep.txt', ['sub/.dot/deep.txt']],
    ['d*', ['dangling']],
    ['loop/*', ['loop/*']],
    ['a.txt/*', ['a.txt/*']],
    ['nothing/*', ['nothing/*']],
    ['no*thing here', ['no*thing']],
  ])('%j', async (text, paths) => {
    expect(await expanded(text, vfs)).toEqual(paths);
    expect(vfs.opened).toBe(0);
  });

  it('stops, with its listing closed, once nobody waits', async () => {
    const gone = new AbortController();
    vfs.onNext = () => gone.abort();
    await expect(expanded('*/*', vfs, gone.signal)).rejects.toMatchObject({ code: 'cancelled' });
    vfs.onNext = () => undefined;
    expect(vfs.opened).toBe(0);
  });

  it('passes on what goes wrong with a disk, with its listing closed', async () => {
    vfs.onNext = () => {
      throw new Error('broken');
    };
    await expect(expanded('*', vfs)).rejects.toThrow('broken');
    vfs.onNext = () => undefined;
    expect(vfs.opened).toBe(0);
  });

  it('does not serve collating elements', async () => {
    await expect(expanded('[[.a.]]', vfs)).rejects.toMatchObject({ code: 'invalid' });
    await expect(expanded('[[:nope:]]', vfs)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('patterns that attack', () => {
  it('match in no more time than name and pattern are long', () => {
    const name = 'a'.repeat(255);
    const patterns = [
      '*a*a*a*a*b',
      '*a'.repeat(120) + 'b',
      `*${'a'.repeat(127)}b*`,
      '*?'.repeat(120) + 'b',
      '[a-z]*'.repeat(120) + 'b',
      '[!b]'.repeat(250) + 'b',
    ].map(matcher);
    const spent = cpuTime(() => {
      for (const matches of patterns) for (let count = 0; count < 100; count++) matches(name);
    });
    for (const matches of patterns) expect(matches(name)).toBe(false);
    // Length by length is 40 million steps; once more by the length would be ten thousand million.
    expect(spent).toBeLessThan(3000);
  });

  it('compile in little time, however their brackets are meant', () => {
    const units = ['[', '[!', '[[:', '[a', '[\\', '[]', '[a-', '\\', '*', '?'];
    const spent = cpuTime(() => {
      for (const unit of units) {
        try {
          matcher(unit.repeat(1024 / unit.length))('a');
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'invalid' });
        }
      }
    });
    // Length by length is ten million steps; once more by the length would be ten thousand million.
    expect(spent).toBeLessThan(1000);
    expect(() => matcher('['.repeat(1025))).toThrow('at most');
  });

  it('find an end in folders that hold themselves', async () => {
    const vfs = memoryVfs();
    await vfs.mkdir('/d', 0o755);
    for (const name of ['a', 'b', 'c', 'd']) await vfs.symlink(`/d/${name}`, '.');
    await expect(expanded(`/d${'/*'.repeat(30)}`, vfs)).rejects.toMatchObject({ code: 'too-many' });
    await expect(expanded(`/d${'/*'.repeat(30)}/x`, vfs)).rejects.toMatchObject({ code: 'too-many' });
  });

  it('of one command are bounded together', async () => {
    const vfs = memoryVfs();
    for (let index = 0; index < 300; index++) {
      await (await vfs.open(`/${String(index)}`, { write: true, create: true })).close();
    }
    const patterns = new Patterns(vfs, never);
    const expansions = async (): Promise<void> => {
      for (let words = 0; words < 1000; words++) await patterns.expand(word('*'));
    };
    await expect(expansions()).rejects.toMatchObject({ code: 'too-many' });
  });

  it('look at a bounded number of names, and leave the event loop its turns', async () => {
    const entries = Array.from({ length: 64 }, (_, index) => ({
      name: `n${index}`,
      stats: { kind: 'file' },
    }));
    class Endless extends DelegatingVfs {
      override list(path: ByteString): Promise<Listing> {
        const next = (): Promise<never> => Promise.resolve(entries as never);
        return Promise.resolve({ path, next, close: () => Promise.resolve() });
      }
    }
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await expect(expanded('x*', new Endless(memoryVfs()))).rejects.toMatchObject({ code: 'too-many' });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    await expect(expanded('*', new Endless(memoryVfs()))).rejects.toMatchObject({ code: 'too-many' });
  });
});

const oneSlash = (path: string): string => path.replace(/\/+/g, '/');

describe('a real shell', () => {
  let folder: string;
  let vfs: Vfs;
  const names = ['a', 'b', 'ab', 'ba', 'aab', '.a', '-', '[', ']', 'a]', '!', '^', 'a-b', '\\', 'a\\b', '*'];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-glob-'));
    const files: Record<string, string> = {};
    for (const name of names) {
      writeFileSync(join(folder, name), '');
      files[name] = '';
    }
    for (const name of ['d', '.d']) {
      mkdirSync(join(folder, name));
      for (const inner of ['a', 'b', '.c']) {
        writeFileSync(join(folder, name, inner), '');
        files[`${name}/${inner}`] = '';
      }
    }
    vfs = await filled(files);
    for (const [name, target] of [
      ['l', 'd'],
      ['m', 'nowhere'],
    ] as const) {
      symlinkSync(target, join(folder, name));
      await vfs.symlink(`/${name}`, target);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds the same', async () => {
    let found = 0;
    const piece = fc.constantFrom(
      ...['*', '?', '[ab]', '[!a]', '[^a]', '[a-b]', '[]a]', '[!]a]', '[a-]', '[[:alpha:]]', '[', ']', '!'],
      ...['a', 'b', 'd', 'l', '.', '/', '"*"', "'['", '\\?', '\\]', '"["a]', '[a"-"b]', '["!"a]', '-'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        const text = pieces.join('');
        // Shells differ in whether `.*` finds the folder itself.
        if (text.startsWith('/') || text.includes('.')) return;
        const shell = spawnSync('bash', ['--norc', '-c', `printf '%s\\0' ${text}`], {
          cwd: folder,
          encoding: 'latin1',
          env: { LC_ALL: 'C', PATH: process.env['PATH'] },
        });
        const ours = await expanded(text, vfs);
        if (ours.length > 1) found++;
        const theirs = shell.stdout.split('\0').slice(0, -1);
        // bash makes one of several slashes behind a pattern, and keeps them elsewhere.
        if (text.includes('//')) expect(ours.map(oneSlash).sort()).toEqual(theirs.map(oneSlash).sort());
        else expect(ours).toEqual(theirs);
      }),
      { numRuns: scale('propertyRuns') * 3 },
    );
    expect(found).toBeGreaterThan(scale('propertyRuns') / 10);
  }, 300_000);

  it('has the same bytes of names that are not UTF-8', async () => {
    const name = 'x\xff\xfe \n\xc3';
    const file = await vfs.open(name, { write: true, create: true });
    await file.close();
    expect((await expanded('x*', vfs)).map((path) => toBytes(path))).toEqual([toBytes(name)]);
  });
});
