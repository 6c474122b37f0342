import { fromText, type ByteString } from '../../src/names.js';

/** Names that some program on the way misreads: a shell, a glob, a line protocol, an option parser, a decoder. */
const names = {
  spaces: 'with  two spaces',
  'leading space': ' leading',
  'trailing space': 'trailing ',
  'only a space': ' ',
  'single quote': "it's",
  'only single quotes': "''",
  'double quotes': 'a "quoted" name',
  backticks: '`echo hit`',
  'command substitution': '$(echo hit)',
  variable: '$HOME',
  newline: 'two\nlines',
  'trailing newline': 'line\n',
  'carriage return': 'two\rlines',
  tab: 'two\tcolumns',
  star: '*',
  'question mark': 'wh?t',
  brackets: '[a]',
  'open bracket': '[',
  braces: '{a,b}',
  'leading dash': '-rf',
  'two dashes': '--',
  tilde: '~',
  'tilde and name': '~root',
  hash: '#comment',
  backslash: 'a\\b',
  'backslash and n': 'a\\nb',
  'trailing backslash': 'end\\',
  semicolon: 'a;b',
  ampersand: 'a && b',
  pipe: 'a | b',
  redirections: '<in >out',
  'exclamation mark': '!!',
  colon: 'host:path',
  percent: '%s%n',
  'three dots': '...',
  'line of scp': 'C0644 1 x',
  'control characters': '\x01\x1b[31m\x7f',
  Chinese: fromText('中文 名字'),
  emoji: fromText('😀👩‍💻'),
  'accent in one character (NFC)': fromText('caf\u00e9'),
  'accent combined (NFD)': fromText('cafe\u0301'),
  'right to left': fromText('\u202egnp.exe'),
  'not UTF-8': 'caf\xe9 \xff\xfe',
  'UTF-8 cut in the middle': '\xe4\xb8',
  'overlong slash': '\xc0\xaf',
  '255 bytes': 'n'.repeat(255),
  '255 bytes of Chinese': fromText('名'.repeat(85)),
} as const satisfies Readonly<Record<string, ByteString>>;

export interface HostileName {
  /** What is hostile about it, for the title of a test. */
  readonly what: keyof typeof names;
  readonly name: ByteString;
}

/** Each is one file name: no slash, no NUL, 255 bytes at most, all different. */
export const hostileNames: readonly HostileName[] = Object.entries(names).map(([what, name]) => ({
  what: what as keyof typeof names,
  name,
}));

/** The word as a POSIX shell takes it literally, whatever is in it. */
export function shellQuoted(name: ByteString): string {
  return `'${name.replaceAll("'", "'\\''")}'`;
}
