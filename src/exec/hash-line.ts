import type { HashAlgorithm } from '../hash/algorithms.js';
import { toBytes, type ByteString } from '../names.js';

/** The options of a hash command. All but `--tag` and `-z` make no difference to the hash, and -b only a `*`. */
export const hashFlags = {
  '-b': 'binary',
  '--binary': 'binary',
  '-t': 'text',
  '--text': 'text',
  '-z': 'zero',
  '--zero': 'zero',
  '--tag': 'tag',
} as const;

export type HashFlag = (typeof hashFlags)[keyof typeof hashFlags];

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/**
 * A line as GNU's hash commands print it: a name that would break its line is escaped, and the line begins with a
 * backslash then. With `zero` it ends with NUL, and nothing needs to be escaped.
 */
export function hashLine(
  algorithm: HashAlgorithm,
  hash: Buffer,
  name: ByteString,
  style: ReadonlySet<HashFlag>,
): Buffer {
  const zero = style.has('zero');
  const escaped = zero ? name : name.replace(/[\\\n\r]/g, (char) => escapes[char] ?? char);
  const hex = hash.toString('hex');
  const line = style.has('tag')
    ? `${algorithm.toUpperCase()} (${escaped}) = ${hex}`
    : `${hex} ${style.has('binary') ? '*' : ' '}${escaped}`;
  return toBytes(`${escaped === name ? '' : '\\'}${line}${zero ? '\0' : '\n'}`);
}
