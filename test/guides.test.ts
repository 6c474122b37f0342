import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../docs/clients', import.meta.url));
const guides = readdirSync(folder).filter((name) => name.endsWith('.md'));

/** Where the links of a document lead that are no addresses. */
function linksOf(name: string): readonly string[] {
  const text = readFileSync(join(folder, name), 'utf8');
  return [...text.matchAll(/\]\(([^):#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
}

describe('docs/clients', () => {
  it('README.md leads to every guide', () => {
    const linked = linksOf('README.md');
    expect(guides.filter((name) => name !== 'README.md' && !linked.includes(name))).toEqual([]);
  });

  it.each(guides)('%s leads only to what is there', (name) => {
    expect(linksOf(name).filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });
});
