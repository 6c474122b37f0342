import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outcomeRows, outcomes, type OutcomeName } from '../../../src/cli/client/outcomes.js';

const document = readFileSync(new URL('../../../docs/codes.md', import.meta.url), 'utf8');

/** The cells of all tables whose heading begins with that word. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  let inside = false;
  return document.split('\n').flatMap((line) => {
    const cells = line.startsWith('|')
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : null;
    if (!cells) inside = false;
    else if (cells[0] === heading) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? '')) return [cells];
    return [];
  });
}

const mapped = rowsUnder('systems');

describe('docs/codes.md', () => {
  it('has every outcome as it is', () => {
    expect(rowsUnder('number')).toEqual(
      outcomeRows.map(({ code, name, sentence, exit }) => [
        String(code),
        `\`${name}\``,
        sentence,
        String(exit),
      ]),
    );
  });

  it('says of each reply of the older systems which outcome it is, or why there is none', () => {
    expect(mapped.length).toBeGreaterThan(40);
    for (const [systems = '', happened = '', here = '', why = ''] of mapped) {
      expect(systems, happened).toMatch(/^[A-E]( [A-E])*$/);
      if (here === 'none') {
        expect(why, happened).not.toBe('');
        continue;
      }
      const [, code, name] = /^`(\d{3}) ([a-z-]+)`$/.exec(here) ?? [];
      expect(Object.keys(outcomes), happened).toContain(name);
      expect(String(outcomes[name as OutcomeName].code), happened).toBe(code);
    }
  });

  it('has every reply that the design names, each with its reason where it is gone or merged', () => {
    const found = (text: string) => mapped.filter(([, happened = '']) => happened.includes(text));
    for (const text of [
      'unknown user',
      'wrong password',
      'account broken',
      'ok',
      'no permission',
      'no such path',
      'FILE_ALREADY_EXISTS',
      'NAME.new',
      'MD5 differs',
      'folder is not empty',
      'onto a name that exists',
      'downloading a folder',
      'over the quota',
      'received so many bytes',
    ]) {
      expect(found(text), text).not.toEqual([]);
    }
    for (const text of ['passive mode', 'unknown user', 'wrong password']) {
      for (const [, happened, , why] of found(text)) expect(why, happened).not.toBe('');
    }
  });

  it('maps every outcome from somewhere, or says that it is new', () => {
    const from = new Set(mapped.map(([, , here = '']) => /`\d+ (.*)`/.exec(here)?.[1]));
    const [, closing = ''] = document.split('Outcomes that none of the five had:');
    const missing = outcomeRows.filter(
      ({ name, code }) => !from.has(name) && !closing.replace(/\s+/g, ' ').includes(`\`${code} ${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it.each(['A', 'B', 'C', 'D', 'E'])('has replies of system %s', (system) => {
    expect(mapped.filter(([systems = '']) => systems.split(' ').includes(system)).length).toBeGreaterThan(10);
  });
});
