import { Fault, type FaultCode } from './fault.js';
import { nameMax, type ByteString } from './names.js';

/** Says whether a name matches. */
export type Matcher = (name: ByteString) => boolean;

/** What one byte of a name may be: itself, or one of 256 answers; `null` is any. */
type One = number | Uint8Array | null;

/**
 * One name of a pattern [POSIX XCU 2.13] as a question: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`, `[^a]`, `[[:digit:]]`, and
 * `\` before what stands for itself. It speaks of bytes, as in the C locale. A dot at the beginning of a name is only
 * matched by a dot. One question costs at most the name's length times the pattern's, and the pattern no more than a
 * name can have.
 * @throws Fault `invalid` for collating elements and unknown classes in brackets, and for more than 1024 bytes
 */
export function matcher(pattern: ByteString): Matcher {
  if (pattern.length > longest) throw new Fault('invalid', `a name's pattern has ${longest} bytes at most`);
  const runs = parse(pattern);
  const needed = runs.reduce((sum, run) => sum + run.length, 0);
  if (needed > nameMax) return () => false;
  const dotted = runs[0]?.[0] === dot;
  const matches = runs.length === 1 ? exactly(runs[0] ?? []) : inOrder(runs);
  return (name) => (dotted || name.charCodeAt(0) !== dot) && matches(name);
}

/** The name that a pattern without wildcards stands for. */
export function unescaped(pattern: ByteString): ByteString {
  return pattern.replace(/\\(.)/gs, '$1');
}

const dot = 0x2e;

/** Brackets that are not closed cost the square of this; any name can be written in half of it. */
const longest = 1024;

function exactly(run: readonly One[]): Matcher {
  return (name) => name.length === run.length && fits(run, name, 0);
}

/** Runs with a `*` between any two: the first at the beginning, the last at the end, each other where it fits first. */
function inOrder(runs: readonly (readonly One[])[]): Matcher {
  const first = runs[0] ?? [];
  const last = runs.at(-1) ?? [];
  const middle = runs.slice(1, -1);
  return (name) => {
    const end = name.length - last.length;
    if (first.length > end || !fits(first, name, 0) || !fits(last, name, end)) return false;
    let at = first.length;
    for (const run of middle) {
      while (at + run.length <= end && !fits(run, name, at)) at++;
      at += run.length;
      if (at > end) return false;
    }
    return true;
  };
}

function fits(run: readonly One[], name: ByteString, at: number): boolean {
  for (let index = 0; index < run.length; index++) {
    const one = run[index] ?? null;
    const byte = name.charCodeAt(at + index);
    if (one !== null && (typeof one === 'number' ? one !== byte : one[byte] !== 1)) return false;
  }
  return true;
}

/** The pattern cut at its `*`s, of which several in a row are one. */
function parse(pattern: ByteString): readonly (readonly One[])[] {
  let run: One[] = [];
  const runs = [run];
  for (let at = 0; at < pattern.length;) {
    const char = pattern.charAt(at);
    if (char === '*') {
      if (run.length > 0 || runs.length === 1) runs.push((run = []));
      at++;
      continue;
    }
    const bracket = char === '[' ? parseBracket(pattern, at) : null;
    if (bracket) {
      run.push(bracket.set);
      at = bracket.end;
    } else if (char === '?') {
      run.push(null);
      at++;
    } else {
      if (char === '\\' && at + 1 < pattern.length) at++;
      run.push(pattern.charCodeAt(at));
      at++;
    }
  }
  return runs;
}

/** `[...]` from `start` on [POSIX XBD 9.3.5]; `null` where it is not closed, and so only a `[`. */
function parseBracket(
  pattern: ByteString,
  start: number,
): { readonly set: Uint8Array; readonly end: number } | null {
  const close = bracketEnd(pattern, start);
  if (close < 0) return null;
  const set = new Uint8Array(256);
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at++;
  while (at < close) {
    const named = pattern.startsWith('[:', at) ? pattern.indexOf(':]', at + 2) : -1;
    if (named >= 0) {
      addClass(set, pattern.slice(at + 2, named));
      at = named + 2;
      continue;
    }
    if (pattern.startsWith('[.', at) || pattern.startsWith('[=', at)) {
      throw new Fault('invalid', 'collating elements in a pattern are not served here');
    }
    const low = byteAt(pattern, at);
    const range = pattern[low.next] === '-' && low.next + 1 < close;
    const high = range ? byteAt(pattern, low.next + 1) : low;
    for (let byte = low.byte; byte <= high.byte; byte++) set[byte] = 1;
    at = high.next;
  }
  if (negated) for (let byte = 0; byte < 256; byte++) set[byte] = set[byte] === 1 ? 0 : 1;
  return { set, end: close + 1 };
}

/** Where the `]` is that closes the bracket; one at its beginning is a member. */
function bracketEnd(pattern: ByteString, start: number): number {
  let at = start + 1;
  if (pattern[at] === '!' || pattern[at] === '^') at++;
  for (let first = true; at < pattern.length; first = false) {
    const char = pattern.charAt(at);
    if (char === ']' && !first) return at;
    const named = pattern.startsWith('[:', at) ? pattern.indexOf(':]', at + 2) : -1;
    at = named >= 0 ? named + 2 : char === '\\' ? at + 2 : at + 1;
  }
  return -1;
}

function byteAt(pattern: ByteString, at: number): { readonly byte: number; readonly next: number } {
  const escaped = pattern[at] === '\\' ? 1 : 0;
  return { byte: pattern.charCodeAt(at + escaped), next: at + escaped + 1 };
}

/** Of the C locale. */
const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

function addClass(set: Uint8Array, name: string): void {
  const members = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (!members) throw new Fault('invalid', 'a pattern with an unknown class of characters');
  for (let byte = 0; byte < 128; byte++) if (members.test(String.fromCharCode(byte))) set[byte] = 1;
}

/** The fault of a pattern that leads to more than may be looked at or given back. */
export function tooMany(sentence: string): Fault {
  return new Fault('too-many', `${sentence}: name a folder, or fewer`);
}

/** Where a shell takes it that nothing is there. */
const nothingThere: ReadonlySet<FaultCode> = new Set([
  'not-found',
  'not-a-folder',
  'denied',
  'loop',
  'bad-name',
  'name-too-long',
]);

/** Does something in a folder that a pattern leads to; one that cannot be read matches nothing. */
export async function unlessUnreadable(look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (thrown) {
    if (!(thrown instanceof Fault) || !nothingThere.has(thrown.code)) throw thrown;
  }
}
