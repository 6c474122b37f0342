import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const top = fileURLToPath(new URL('..', import.meta.url));
const document = readFileSync(join(top, 'docs/clients/quirks.md'), 'utf8');

interface Proof {
  readonly path: string;
  readonly title: string;
}

/** The last cell of each row: a file of tests, and the title of one of them. */
const proofs: readonly Proof[] = [
  ...document.matchAll(/\[[\w-]+\]\(\.\.\/\.\.\/(test\/[\w/-]+\.test\.ts)\): (.+?) +\|$/gm),
].map(([, path = '', title = '']) => ({ path, title: title.replace(/\\([^\w\s])/g, '$1') }));

const rows = document.split('\n').filter((line) => /^\| (?!the client |-)/.test(line));

/** What is called `it` in the end: `it(...)`, `it.each(...)(...)`, `it.skipIf(...).each(...)(...)`. */
function isTest(call: ts.CallExpression): boolean {
  let called: ts.Expression = call.expression;
  while (ts.isCallExpression(called) || ts.isPropertyAccessExpression(called)) called = called.expression;
  return ts.isIdentifier(called) && called.text === 'it';
}

function titlesOf(path: string): readonly string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(top, path), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node)) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

describe('docs/clients/quirks.md', () => {
  it('names a test in each row', () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(proofs).toHaveLength(rows.length);
  });

  it.each([...new Set(proofs.map(({ path }) => path))])('names only tests that there are in %s', (path) => {
    const titles = titlesOf(path);
    const named = proofs.filter((proof) => proof.path === path).map(({ title }) => title);
    expect(named.filter((title) => !titles.includes(title))).toEqual([]);
  });

  it('names every test of the files of quirks', () => {
    const named = new Set(proofs.map(({ title }) => title));
    const files = readdirSync(join(top, 'test/interop')).filter((name) => /^quirks-.*\.test\.ts$/.test(name));
    expect(files.length).toBeGreaterThan(3);
    const unnamed = files
      .flatMap((name) => titlesOf(`test/interop/${name}`))
      .filter((title) => !named.has(title));
    expect(unnamed).toEqual([]);
  });
});
