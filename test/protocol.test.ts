import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { extensions, type Extension } from '../src/wire/extensions.js';
import {
  maxBlock,
  maxHandleLength,
  maxIds,
  maxPacket,
  maxPathLength,
  maxWordLength,
} from '../src/wire/limits.js';

const top = fileURLToPath(new URL('..', import.meta.url));
const document = readFileSync(join(top, 'PROTOCOL.md'), 'utf8');

/** What each section begins with, by its number: `4.1` is a heading, `1.1` begins a paragraph. */
const sections = new Map(
  [...document.matchAll(/(?:^#+ |(?<=\n\n))(\d+(?:\.\d+)?)\.? (.*)$/gm)].map(([, number = '', text = '']) => [
    number,
    text,
  ]),
);

interface Citation {
  readonly where: string;
  readonly line: string;
  readonly section: string;
}

const citations: readonly Citation[] = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== 'protocol.test.ts')
    .flatMap((path) =>
      readFileSync(join(top, folder, path), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          [...line.matchAll(/\bPROTOCOL (\d+(?:\.\d+)?)/g)].map(([, section = '']) => ({
            where: `${folder}/${path}:${index + 1}`,
            line,
            section,
          })),
        ),
    ),
);

const names = Object.keys(extensions);

/** The extension whose name a comment begins with, if there is one. */
function extensionOf(line: string): string | undefined {
  const word = /^\/\*\* ([\w@.-]+),? /.exec(line.trim())?.[1];
  return names.find((name) => name === word);
}

describe('PROTOCOL.md', () => {
  it('has every section that is cited', () => {
    expect(citations.length).toBeGreaterThan(20);
    expect(citations.filter(({ section }) => !sections.has(section)).map(({ where }) => where)).toEqual([]);
  });

  it('is cited by the section of the extension that is spoken of', () => {
    const about = citations.filter(({ line }) => extensionOf(line) !== undefined);
    expect(about.length).toBeGreaterThan(10);
    const wrong = about.filter(
      ({ line, section }) => !(sections.get(section) ?? '').includes(`\`${extensionOf(line) ?? ''}\``),
    );
    expect(wrong.map(({ where, section }) => `${where} cites ${section}`)).toEqual([]);
  });

  it.each(Object.entries<Extension>(extensions))(
    'has a section about %s, with the version that is announced',
    (name, { version }) => {
      const heading = [...sections.values()].find((text) => text.includes(`\`${name}\``)) ?? '';
      expect(heading).not.toBe('');
      const shown = heading.split(`\`${name}\``)[1] ?? '';
      expect(/^ "(\d+)"/.exec(shown)?.[1] ?? null).toBe(version);
    },
  );

  it('describes no extension that there is not', () => {
    const described = [...sections.entries()]
      .filter(([number]) => /^4\.|^5$/.test(number))
      .flatMap(([, text]) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
    expect(described.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('says the limits that hold', () => {
    for (const limit of [maxPacket, maxBlock, maxHandleLength, maxIds, maxPathLength, maxWordLength]) {
      expect(document).toMatch(new RegExp(`\\b${limit}\\b`));
    }
  });
});
