import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientCommand, type AnyClientCommand, type Completed } from '../../../src/cli/client/command.js';
import { createCompleter, type Completer, type Completion } from '../../../src/cli/client/completion.js';
import type { FolderName, NamedSide } from '../../../src/cli/client/folder-names.js';
import { flag, text } from '../../../src/cli/command.js';
import { fromText } from '../../../src/names.js';

function declared(
  name: string,
  completes: readonly Completed[],
  aliases?: readonly string[],
): AnyClientCommand {
  return clientCommand({
    ...{ name, completes, summary: '', examples: [], run: () => Promise.resolve(undefined) },
    ...(aliases && { aliases }),
    options: { quick: flag('-q, --quick', ''), mode: text('-m, --mode <MODE>', '') },
  });
}

const commands = [
  declared('get', ['remote', 'local']),
  declared('mget', ['remote']),
  declared('put', ['local', 'remote']),
  declared('cd', ['remote-folder']),
  declared('rename', ['remote', 'remote'], ['re', 'mv']),
  declared('help', ['command'], ['?']),
  declared('pwd', []),
];

/** Folders of the other side: names that end with a slash are folders, with an `@` symlinks. */
const tree: Record<string, readonly string[]> = {
  '/home': [
    'report one.txt',
    'reports/',
    'notes.txt',
    '.hidden',
    'it\'s "here".txt',
    'link@',
    'ünï/',
    '-dash',
    'evil\u001b[2J\n',
    'a*b',
    '../',
    'up/../../etc/',
  ],
  '/home/reports': ['2024.csv', '2025.csv'],
  '/home/link': [],
  '/home/ünï': ['dé'],
  '/': ['home/'],
};

let listed: string[];
let hangs: boolean;
const side: NamedSide = {
  async *list(folder) {
    const path = Buffer.from(folder, 'latin1').toString();
    listed.push(path);
    if (hangs) await new Promise(() => undefined);
    const names = tree[path];
    if (!names) throw new Error('no such folder');
    yield names.map((name): FolderName => {
      const kind = name.endsWith('/') ? 'folder' : name.endsWith('@') ? 'symlink' : 'file';
      return { name: fromText(name.replace(/[/@]$/, '')), kind };
    });
  },
  isFolder: (path) => Promise.resolve(path === '/home/link'),
};

let work: string;
let now: number;
let remote: NamedSide | null;
let completer: Completer;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'plim-completion-'));
  mkdirSync(join(work, 'sub folder'));
  writeFileSync(join(work, 'sub folder', 'inner.bin'), '');
  writeFileSync(join(work, 'local.txt'), '');
  writeFileSync(join(work, 'lonely'), '');
  symlinkSync('sub folder', join(work, 'to-sub'));
});
afterAll(() => rmSync(work, { recursive: true }));
beforeEach(() => {
  listed = [];
  hangs = false;
  now = 0;
  remote = side;
  completer = createCompleter({
    commands,
    place: { remote: fromText('/home'), local: fromText(work) },
    remote: () => remote,
    now: () => now,
  });
});

const complete = (line: string): Promise<Completion | null> =>
  completer.complete(line, new AbortController().signal);
/** The line as it is afterwards; with choices, those. */
async function after(line: string): Promise<string | readonly string[] | null> {
  const found = await complete(line);
  if (found === null) return null;
  return found.choices.length > 0 ? found.choices : line.slice(0, found.start) + found.insert;
}

describe('Tab', () => {
  it('completes commands and their other names', async () => {
    expect(await after('ge')).toBe('get ');
    expect(await after('-ge')).toBe('-get ');
    expect(await after('r')).toBe('re');
    expect(await after('re')).toEqual(['re', 'rename']);
    expect(await after('help mg')).toBe('help mget ');
    expect(await after('zz')).toBeNull();
    expect(await after('')).toContain('get');
  });

  it('completes names of the server, in quotes where they need them', async () => {
    expect(await after('get n')).toBe('get notes.txt ');
    expect(await after('get rep')).toBe('get report');
    expect(await after('get report')).toEqual(['report one.txt', 'reports/']);
    expect(await after('get "report ')).toBe('get "report one.txt" ');
    expect(await after('get report\\ ')).toBe('get "report one.txt" ');
    expect(await after("get 'report ")).toBe("get 'report one.txt' ");
    expect(await after('get it')).toBe('get "it\'s \\"here\\".txt" ');
    expect(await after('get reports/')).toBe('get reports/202');
    expect(await after('get /ho')).toBe('get /home/');
    expect(await after('get ../ho')).toBe('get ../home/');
    expect(await after('get ü')).toBe('get ünï/');
    expect(await after('get ünï/')).toBe('get ünï/dé ');
    expect(await after('get a')).toBe('get "a*b" ');
    expect(await after('get nowhere/')).toBeNull();
  });

  it('ends folders with a slash, through a link too, and offers only them where a folder is meant', async () => {
    expect(await after('cd l')).toBe('cd link/');
    expect(await after('cd rep')).toBe('cd reports/');
    expect(await after('cd n')).toBeNull();
  });

  it('shows names that cannot be typed escaped, and puts none of them into the line', async () => {
    expect(await after('get ev')).toEqual(['evil\\x1b[2J\\x0a']);
    const all = await after('get ');
    expect(all).not.toBe(null);
    expect(JSON.stringify(all)).not.toMatch(/\\u001b|\\n|\.\.|etc/);
    expect(all).not.toContain('.hidden');
    expect(await after('get .')).toBe('get .hidden ');
  });

  it('does not make an option of a name', async () => {
    remote = {
      ...side,
      list: async function* () {
        yield await Promise.resolve([{ name: '-dash', kind: 'file' } as const]);
      },
    };
    expect(await after('get ')).toBe('get ./-dash ');
    expect(await after('get ./-')).toBe('get ./-dash ');
    expect(await after('get -')).toBeNull();
  });

  it('knows which argument is of which side', async () => {
    expect(await after('get notes.txt lo')).toEqual(['local.txt', 'lonely']);
    expect(await after('get -q --mode 755 notes.txt loc')).toBe('get -q --mode 755 notes.txt local.txt ');
    expect(await after('put sub')).toBe('put "sub folder/');
    expect(await after('put "sub folder/')).toBe('put "sub folder/inner.bin" ');
    expect(await after('put to')).toBe('put to-sub/');
    expect(await after(`put ${work}/loc`)).toBe(`put ${work}/local.txt `);
    expect(await after('put local.txt not')).toBe('put local.txt notes.txt ');
    expect(await after('mget notes.txt not')).toBe('mget notes.txt notes.txt ');
    expect(await after('mv notes.txt not')).toBe('mv notes.txt notes.txt ');
    expect(await after('pwd n')).toBeNull();
    expect(await after('unknown n')).toBeNull();
    expect(await after('!cat n')).toBeNull();
    expect(await after('get n # n')).toBeNull();
    expect(await after('get n*')).toBeNull();
  });
});

describe('the server', () => {
  it('is asked once for a moment, and again after a command', async () => {
    await after('get n');
    await after('get no');
    expect(listed).toEqual(['/home']);
    now += 60_000;
    await after('get n');
    expect(listed).toHaveLength(2);
    completer.forget();
    await after('get n');
    expect(listed).toHaveLength(3);
  });

  it('is not waited for by whoever types on, and asked again by the next Tab', async () => {
    hangs = true;
    const typingOn = new AbortController();
    const waiting = completer.complete('get n', typingOn.signal);
    typingOn.abort();
    await expect(waiting).rejects.toThrow();
    hangs = false;
    expect(await after('get n')).toBe('get notes.txt ');
  });

  it('need not be there', async () => {
    remote = null;
    expect(await after('get n')).toBeNull();
    expect(await after('put loc')).toBe('put local.txt ');
  });

  it('may list without end', async () => {
    let batches = 0;
    remote = {
      ...side,
      async *list() {
        for (;;) {
          batches++;
          yield await Promise.resolve(
            Array.from({ length: 1000 }, (_, index): FolderName => ({
              name: `f${batches}-${index}`,
              kind: 'file',
            })),
          );
        }
      },
    };
    expect((await complete('get f1-99'))?.choices.length).toBeGreaterThan(1);
    expect(batches).toBeLessThan(100);
  });
});
