import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitCommand } from '../../src/exec/words.js';
import { Fault } from '../../src/fault.js';
import { fromBytes, fromText, type ByteString } from '../../src/names.js';
import { leastCpuTime } from './cpu-time.js';
import { scale } from '../scale.js';

/** The words of a line that is one command. */
function words(line: string): readonly string[] {
  const stages = splitCommand(fromText(line), 'alice');
  expect(stages.length).toBeLessThanOrEqual(1);
  return (stages[0] ?? []).map(({ text }) => text);
}

function patterns(line: string): readonly (string | null)[] {
  return (splitCommand(line, 'alice')[0] ?? []).map(({ pattern }) => pattern);
}

function refusal(line: ByteString): string {
  try {
    splitCommand(line, 'alice');
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'invalid') return thrown.message;
    throw thrown;
  }
  throw new Error(`taken: ${line}`);
}

describe('words of a command line [POSIX XCU 2.2]', () => {
  it.each([
    ['md5sum a  b\tc', ['md5sum', 'a', 'b', 'c']],
    [' \n md5sum a \n\n ', ['md5sum', 'a']],
    ['\'a b\' "c d" e\\ f', ['a b', 'c d', 'e f']],
    ['a\'b\'"c"\\d', ['abcd']],
    ['\'\' "" x', ['', '', 'x']],
    ['"a\\"b\\\\c\\$d\\`e\\f"', ['a"b\\c$d`e\\f']],
    ["'a\\'", ['a\\']],
    ['a\\\nb "c\\\nd"', ['ab', 'cd']],
    ["'a\nb'", ['a\nb']],
    ['a # b c', ['a']],
    ['a#b \\#c "#d"', ['a#b', '#c', '#d']],
    ['a $ $/ a$ "$" "$\'"', ['a', '$', '$/', 'a$', '$', "$'"]],
    ['{a,b} a=b ! % ^ @ , :', ['{a,b}', 'a=b', '!', '%', '^', '@', ',', ':']],
    ['-- -x', ['--', '-x']],
    ['', []],
    [' # nothing', []],
  ])('%j', (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it('has no variable that is set: the probe of rclone', () => {
    expect(words('echo ${ShellId}%ComSpec%')).toEqual(['echo', '%ComSpec%']);
    expect(words('a $X ${X_1} "$X" $X$Y"" b')).toEqual(['a', '', '', 'b']);
    // A `~` or a `#` after an empty variable is not at the beginning of its word.
    expect(words('$X~ $X#c')).toEqual(['~', '#c']);
  });

  it('takes ~ for the home at the beginning of a word, where nothing of it is quoted', () => {
    expect(words('~ ~/ ~/x ~alice ~alice/x')).toEqual(['/', '/', '/x', '/', '/x']);
    expect(words('\'~\' "~/x" \\~ ~\\alice ~"alice" a~ a/~ ~bob ~bob/x ~-')).toEqual([
      ...['~', '~/x', '~', '~alice', '~alice', 'a~', 'a/~', '~bob', '~bob/x', '~-'],
    ]);
  });

  it('marks what was not quoted as a pattern, and escapes the rest', () => {
    expect(patterns('a* "a*" a\\* \'a\'* [a-z]? "[a"-z]')).toEqual([
      ...['a*', null, null, 'a*', '[a-z]?', null],
    ]);
    expect(patterns('"a*"* \\\\* "[a-z]"? ~/*')).toEqual(['a\\**', '\\\\*', '\\[a\\-z\\]?', '/*']);
  });

  it('splits a pipe', () => {
    const stages = splitCommand("head -c 5 'a|b'|md5sum |\n cat", 'alice');
    expect(stages.map((stage) => stage.map(({ text }) => text))).toEqual([
      ['head', '-c', '5', 'a|b'],
      ['md5sum'],
      ['cat'],
    ]);
  });
});

describe('what would need a shell', () => {
  it.each([
    ['a; b', "';' between commands"],
    ['a;', "';' between commands"],
    ['a && b', "'&'"],
    ['a & b', "'&'"],
    ['a || b', "'||'"],
    ['a |& b', "'|&'"],
    ['a > b', 'redirection'],
    ['a 2>b', 'redirection'],
    ['a < b', 'redirection'],
    ['(a)', "'('"],
    ['a)', "')'"],
    ['a `b`', 'backticks'],
    ['a "`b`"', 'backticks'],
    ['a $(b)', '$( )'],
    ['a "$(b)"', '$( )'],
    ['a $((1))', '$( )'],
    ['a ${A:-b}', "'${'"],
    ['a ${#A}', "'${'"],
    ['a "${A%b}"', "'${'"],
    ['a $1', "'$1'"],
    ['a $?', "'$?'"],
    ['a "$@"', "'$@'"],
    ["a $'\\n'", "'$''"],
    ['a\nb', 'a second line'],
    ["a 'b", 'not closed'],
    ['a "b', 'not closed'],
    ['a "b\\', 'not closed'],
    ['a \\', "ends with '\\'"],
    ['a |', "follows '|'"],
    ['| a', "before '|'"],
    ['a | | b', "before '|'"],
    ['a\n| b', "before '|'"],
    ["a 'b\0c'", 'NUL'],
    ['a\0', 'NUL'],
  ])('%j is refused, and its sentence names it', (line, named) => {
    expect(refusal(line)).toContain(named);
  });
});

/** Bytes with what a shell takes for itself among them, but no NUL. */
const someBytes = fc.oneof(
  fc.uint8Array({ min: 1 }).map((bytes) => fromBytes(Buffer.from(bytes))),
  fc.string({
    unit: fc.constantFrom(...Array.from('\n\t \'"\\$`|;&<>()*?[]{}~#!-^%=.aX1_@:/')),
    maxLength: 12,
  }),
  fc.string({ unit: 'grapheme' }).map((text) => fromText(text.replaceAll('\0', ''))),
);

const quotings: Readonly<Record<string, (text: ByteString) => ByteString>> = {
  'single quotes': (text) => `'${text.replaceAll("'", `'\\''`)}'`,
  'single quotes, with " around each \'': (text) => `'${text.replaceAll("'", `'"'"'`)}'`,
  'double quotes': (text) => `"${text.replace(/[\\"$`]/g, '\\$&')}"`,
  'a backslash before all that is no letter': (text) =>
    text === '' ? "''" : text.replace(/[^A-Za-z0-9_.,:/@\n\x80-\xff-]/g, '\\$&').replaceAll('\n', "'\n'"),
  'a backslash before every byte': (text) =>
    text === '' ? "''" : text.replace(/[^\n]/g, '\\$&').replaceAll('\n', "'\n'"),
};

describe('a quoted name comes back byte for byte', () => {
  it.each(Object.entries(quotings))('%s', (_, quoted) => {
    fc.assert(
      fc.property(fc.array(someBytes, { maxLength: 4 }), (names) => {
        const [found = []] = splitCommand(['md5sum', ...names.map(quoted)].join(' '), 'alice');
        expect(found).toEqual(['md5sum', ...names].map((text) => ({ text, pattern: null })));
      }),
      { numRuns: scale('propertyRuns') * 5 },
    );
  });
});

describe('any line', () => {
  it('is split or refused, and its words are those of a real shell', () => {
    const line = fc.string({
      unit: fc.constantFrom(...Array.from('\n\t \'\'""\\\\$$`|;&<>()*?[]{}~~#!-^%=.aX1_@:/')),
      maxLength: 16,
    });
    let compared = 0;
    fc.assert(
      fc.property(line, (text) => {
        let stages;
        try {
          stages = splitCommand(`printf '<%s>' ${text}`, 'alice');
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'invalid' });
          return;
        }
        const [first = []] = stages;
        // A name of somebody else's home, and `~+`, mean something to the shell that runs here.
        if (stages.length !== 1 || /~[^/ \t\n'"\\]|\${|\$[A-Za-z_]/.test(text)) return;
        compared++;
        const shell = spawnSync('sh', ['-f', '-c', `printf '<%s>' ${text}`], {
          env: { HOME: '/' },
          encoding: 'latin1',
        });
        expect(shell.status).toBe(0);
        const ours = first.slice(2).map((word) => word.text);
        // HOME=/ makes `//x` of `~/x`.
        const theirs = shell.stdout.replace(/^<\/\/|(?<=><)\/\//g, (slashes) =>
          text.includes('~') ? slashes.slice(0, -1) : slashes,
        );
        expect(`<${ours.join('><')}>`).toBe(theirs);
      }),
      {
        numRuns: scale('propertyRuns') * 10,
        examples: [['"a"~/b'], ['$\\\n@'], ['~\\\n/'], ['"$\\\n@"'], ["a'\n'b"], ['~/x']],
      },
    );
    expect(compared).toBeGreaterThan(scale('propertyRuns') / 4);
  }, 300_000);

  it('takes time in proportion to its length', () => {
    const units = [
      "'",
      '"a" ',
      '\\',
      '$',
      '${',
      '~',
      '# ',
      '#\n',
      'a\n',
      '\n',
      '*',
      '[',
      ' ',
      '$X',
      '""',
      '|',
    ];
    for (const unit of units) {
      const split = (length: number) => {
        const line = unit.repeat(length / unit.length);
        return () => {
          try {
            splitCommand(line, 'alice');
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Fault);
          }
        };
      };
      const [short, long] = [leastCpuTime(split(4_000)), leastCpuTime(split(32_000))];
      // Eight times as long: a quadratic algorithm would take 64 times as much.
      expect(long, JSON.stringify(unit)).toBeLessThan(24 * Math.max(short, 0.25));
    }
  });
});
