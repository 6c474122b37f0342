import { describe, expect, it } from 'vitest';
import {
  readArguments,
  readProfileArguments,
  reservedWords,
  type Asked,
} from '../../../../src/cli/client/arguments.js';
import type { AnyClientCommand } from '../../../../src/cli/client/command.js';
import { clientCommands } from '../../../../src/cli/client/commands.js';
import { wordsOf } from '../../../../src/cli/client/run-line.js';
import { toText } from '../../../../src/names.js';
import type { SiteName } from './row.js';
import { rows } from './rows.js';
import { linesOf, offlineRuns, runs } from './runs.js';

/** `-l, --long` in the ways it can be typed; `--check` as `--no-check` too. */
function spellings({ flags, kind }: AnyClientCommand['options'][string]): readonly string[] {
  const written = flags.split(/[ ,]+/).filter((part) => part.startsWith('-'));
  return kind === 'either' ? written.flatMap((one) => [one, one.replace(/^--/, '--no-')]) : written;
}

/** `-lh` is `-l` and `-h`. */
function optionsIn(word: string): readonly string[] {
  if (!word.startsWith('-') || word === '-') return [];
  return word.startsWith('--')
    ? [word.replace(/=.*/s, '')]
    : Array.from(word.slice(1), (letter) => `-${letter}`);
}

/** Each line that is typed at that server's prompt, as words. */
const typedAt = (site: SiteName): readonly (readonly string[])[] =>
  rows
    .filter(({ only }) => only === undefined || only.includes(site))
    .flatMap(({ typed }) => typed)
    // Left by them: `typed-at-prompt.ts` types these itself.
    .concat('quit', 'bye', 'exit')
    .map((line) => wordsOf(line).map(({ text }) => toText(text)));

describe.each(['plimsoll', 'OpenSSH'] as const)('at the prompt of %s', (site) => {
  const lines = typedAt(site);

  it.each(clientCommands.map((command) => [command.name, command] as const))(
    '%s is typed, by each of its names and with each of its options',
    (_name, { name, aliases = [], options }) => {
      const called = [name, ...aliases];
      const mine = lines.filter(([word = '']) => called.includes(word));
      expect(called.filter((one) => !mine.some(([word]) => word === one))).toEqual([]);
      const given = new Set(mine.flatMap(([, ...words]) => words.flatMap(optionsIn)));
      const declared = Object.values(options).flatMap(spellings);
      expect(declared.filter((one) => !given.has(one))).toEqual([]);
    },
  );
});

describe.each(['plimsoll', 'OpenSSH'] as const)('at the prompt of a shell, with %s', (site) => {
  const words = [...runs, ...offlineRuns]
    .flatMap((run) => linesOf(run, site))
    .flatMap((line) => line.split(' '));

  it('each option of the program is typed, and each that profiles have', () => {
    const declared = [readArguments(['--help'], ''), readProfileArguments(['--help'], {}, '')].flatMap(
      optionsOf,
    );
    expect(declared).toEqual(expect.arrayContaining(['-J', '--jump', '--version', '--key', '--on-mismatch']));
    const given = new Set(words);
    expect(declared.filter((one) => !given.has(one))).toEqual([]);
  });

  it('each word is typed that stands in the place of a host', () => {
    const first = [...runs, ...offlineRuns]
      .flatMap((run) => linesOf(run, site))
      .map((line) => line.split(' ')[0]);
    expect(reservedWords.filter((word) => !first.includes(word))).toEqual([]);
  });
});

/** As `--help` lists them. */
function optionsOf(asked: Asked | { readonly options: object }): readonly string[] {
  const help = 'print' in asked ? asked.print : '';
  return [...help.matchAll(/^ {2}(-\S+?)(?:, (--\S+))?(?: |$)/gm)].flatMap(([, short, long]) =>
    [short, long].filter((one) => one !== undefined),
  );
}
