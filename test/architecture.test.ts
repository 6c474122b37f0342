import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const top = fileURLToPath(new URL('..', import.meta.url));
const source = join(top, 'src');
const document = readFileSync(join(top, 'ARCHITECTURE.md'), 'utf8');

function block(name: string): readonly string[] {
  const match = new RegExp('```' + name + '\\n([\\s\\S]*?)```').exec(document);
  return (match?.[1] ?? '').split('\n').filter((line) => line.trim() !== '');
}

const floors = new Map<string, number>();
for (const line of block('layers')) {
  const [floor, ...words] = line.split(/\s+/);
  for (const word of words) if (/^[\w-]+(\/|\.ts)$/.test(word)) floors.set(word, Number(floor));
}
/** A block of lines that each name one thing and what belongs to it. */
function table(name: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    block(name).map((line) => {
      const [first = '', ...rest] = line.split(/\s+/);
      return [first, rest] as const;
    }),
  );
}

const beside = table('beside');
const confined = table('confined');

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    const slash = path.indexOf('/');
    return {
      path,
      text,
      room: slash < 0 ? path : path.slice(0, slash + 1),
      imports: ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName),
    };
  });

function target(from: SourceFile, specifier: string): string {
  return relative(source, join(source, from.path, '..', specifier)).replace(/\.js$/, '.ts');
}

function roomOf(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(0, slash + 1);
}

/** `import type` costs nothing at run time, but a floor is about who knows whom: types count as well. */
function wrongImports(file: SourceFile): string[] {
  const own = floors.get(file.room) ?? -1;
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => roomOf(target(file, specifier)))
    .filter((room) => room !== file.room && !(beside.get(file.room)?.includes(room) ?? false))
    .filter((room) => (own === 0 ? floors.get(room) !== 0 : (floors.get(room) ?? Infinity) >= own))
    .map((room) => `${file.path} imports ${room}`);
}

describe('architecture', () => {
  it('knows every room, and every room is there', () => {
    expect([...new Set(files.map(({ room }) => room))].sort()).toEqual([...floors.keys()].sort());
  });

  it('describes every room in the table of rooms', () => {
    const rows = new Set([...document.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, room]) => room));
    for (const room of floors.keys()) expect(rows, room).toContain(room);
  });

  it('imports only from lower floors', () => {
    expect(files.flatMap(wrongImports)).toEqual([]);
  });

  it('has no cycles', () => {
    const imports = new Map(
      files.map((file) => [
        file.path,
        file.imports.filter((name) => name.startsWith('.')).map((name) => target(file, name)),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
        return;
      }
      if (done.has(path)) return;
      for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const { path } of files) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('keeps each package in its room', () => {
    const leaks = files.flatMap((file) =>
      file.imports.flatMap((specifier) =>
        [...confined]
          .filter(([name]) => specifier === name || specifier.startsWith(`${name}/`))
          .filter(([, rooms]) => !rooms.includes(file.room))
          .map(() => `${file.path} imports ${specifier}`),
      ),
    );
    expect(leaks).toEqual([]);
  });

  it('confines every dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) expect([...confined.keys()], name).toContain(name);
  });

  it("reaches into ssh2's inner modules in one file of each side only", () => {
    const deep = /['"]ssh2\/[^'"]+['"]/;
    expect(files.filter(({ text }) => deep.test(text)).map(({ path }) => path)).toEqual([
      'client/internals.ts',
      'ssh/internals.ts',
    ]);
  });

  it('talks to the process in bin/ and cli/ only', () => {
    const use = /\bprocess\.(argv|env|exit)\b/;
    const outside = files.filter(
      ({ room, text }) => !['bin/', 'cli/'].includes(room) && use.test(code(text)),
    );
    expect(outside.map(({ path }) => path)).toEqual([]);
  });

  it('writes SQL in store/ only', () => {
    const sql = /\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE\s+\w+\s+SET|PRAGMA)\b/;
    const outside = files.filter(({ room, text }) => room !== 'store/' && sql.test(code(text)));
    expect(outside.map(({ path }) => path)).toEqual([]);
  });

  it('keeps every file under 500 lines and every program under 30', () => {
    const long = files
      .map(({ path, room, text }) => ({
        path,
        lines: text.split('\n').length - 1,
        most: room === 'bin/' ? 30 : 500,
      }))
      .filter(({ lines, most }) => lines > most);
    expect(long).toEqual([]);
  });

  it('has no drawer for odds and ends', () => {
    expect(files.filter(({ path }) => /(^|\/)(utils?|common|helpers?|misc)(\.|\/)/.test(path))).toEqual([]);
  });

  it('documents every extension', () => {
    const protocol = readFileSync(join(top, 'PROTOCOL.md'), 'utf8');
    const extensions = files.find(({ path }) => path === 'wire/extensions.ts')?.text ?? '';
    const names = [...extensions.matchAll(/^ {2}'?([a-z][\w@.-]+)'?: /gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) expect(protocol, name).toContain(name);
  });

  it('mirrors src/ in test/', () => {
    const rooms = [...floors.keys()].filter((room) => room.endsWith('/') && room !== 'bin/');
    const tested = readdirSync(join(top, 'test'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${name}/`);
    for (const room of rooms) expect(tested, room).toContain(room);
  });
});

/** The text without its comments, where a word may well stand. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
