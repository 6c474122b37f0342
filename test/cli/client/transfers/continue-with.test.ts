import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { againFromOutside, againFromPrompt } from '../../../../src/cli/client/transfers/continue-with.js';
import { splitLine, wordFromArgument } from '../../../../src/cli/client/words.js';
import { fromText, toText } from '../../../../src/names.js';
import { matcher } from '../../../../src/pattern.js';

const names = [
  'plain.txt',
  'two words',
  "it's",
  'say "hello"',
  'a\\b',
  '$HOME `id` $(id) ;rm -rf * &',
  'star*?[x]',
  'back\\*slash',
  '#comment',
  '-r',
  '~/x',
  'grüße 🚢',
  'a!b',
  '',
].filter((name) => name !== '');

const literal = (name: string) => ({ text: fromText(name), pattern: null });

/** The words that a shell makes of a line. */
function wordsOf(line: string): readonly string[] {
  return execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

/** What a word means: a name, or a pattern that matches that name and no other of these. */
function meant({ text, pattern }: { readonly text: string; readonly pattern: string | null }): string {
  const name = pattern === null ? text : (names.map(fromText).find(matcher(pattern)) ?? '');
  return toText(pattern === null ? name : name);
}

it('leads a shell to the very names again', () => {
  const line = againFromOutside(
    { command: 'put', options: ['-p', '--limit', '5 MB'], words: names.map(literal) },
    ['-i', '/keys/my key', 'alice@host:2222'],
  );
  const [program, ...words] = wordsOf(line);
  expect([program, ...words.slice(0, 8)]).toEqual([
    ...['plim', '-i', '/keys/my key', 'alice@host:2222', 'put', '--resume', '-p', '--limit', '5 MB'],
  ]);
  const typed = words.slice(8).map(wordFromArgument);
  expect(typed.map(meant)).toEqual(names.map((name) => (name === '-r' ? './-r' : name)));
});

it('leads a shell to names with control characters, and shows none', () => {
  const name = "bell\u0007 new\nline \u001b]0;x \u009b it's \\";
  const line = againFromOutside({ command: 'get', options: [], words: [literal(name)] }, ['host']);
  expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  expect(wordsOf(line)).toEqual(['plim', 'host', 'get', '--resume', name]);
});

it('leads a shell to patterns as patterns', () => {
  const line = againFromOutside(
    {
      command: 'mget',
      options: [],
      words: [{ text: '/up/two words/*.txt', pattern: '/up/two words/*.txt' }],
    },
    ['host'],
  );
  const word = wordsOf(line)[4] ?? '';
  expect(wordFromArgument(word).pattern).toBe('/up/two words/*.txt');
});

it('leads the prompt to the very names again', () => {
  const line = againFromPrompt({ command: 'put', options: ['-r'], words: names.map(literal) });
  const [command, option, ...words] = splitLine(line);
  expect([command?.text, option?.text]).toEqual(['reput', '-r']);
  expect(words.map(({ pattern }) => pattern)).toEqual(names.map(() => null));
  expect(words.map(({ text }) => toText(text))).toEqual(
    names.map((name) => (/^[-~]/.test(name) ? `./${name}` : name)),
  );
});

it('leads the prompt to patterns as patterns, with what was quoted in them', () => {
  const [typed] = splitLine('two\\ words/"#\'\\*".*');
  const line = againFromPrompt({ command: 'mget', options: [], words: typed ? [typed] : [] });
  const [command, flag, word] = splitLine(line);
  expect([command?.text, flag?.text]).toEqual(['mget', '--resume']);
  expect(word?.pattern).toBe(typed?.pattern);
});
