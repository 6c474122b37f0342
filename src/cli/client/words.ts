import { Fault } from '../../fault.js';
import { fromText, type ByteString } from '../../names.js';

/** One word of a command line, its quotes removed. */
export interface Word {
  /** What the word says, as bytes. */
  readonly text: ByteString;
  /** The same as a pattern (`pattern.ts`), what was quoted escaped; `null` where nothing in it was a pattern. */
  readonly pattern: ByteString | null;
}

/** A word as the shell that called the program has given it: nothing in it was quoted for us, so `*` is a pattern. */
export function wordFromArgument(argument: string): Word {
  const text = fromText(argument);
  return { text, pattern: /[*?[]/.test(text) ? text.replace(/\\(?![*?[\]\\])/g, '\\\\') : null };
}

/** What stands for itself outside of quotes. */
const plain = /[^ \t\r\n'"\\*?[\]#]+/y;
const wild = /[*?[]/;
/** Characters that mean something in a pattern, and are escaped there when they were quoted. */
const inPatterns = /[\\*?[\]!^-]/g;

/**
 * The words of a line as `sftp` splits them: `'...'`, `"..."` and `\` quote, `#` at the beginning of a word begins a
 * comment. A `\` before a letter or digit stands for that character, so `cd \aa` is `cd aa`.
 * @throws Fault `invalid` for a quote that is not closed
 */
export function splitLine(line: string): readonly Word[] {
  const source = fromText(line);
  const words: Word[] = [];
  let text = '';
  let pattern = '';
  let begun = false as boolean;
  let isPattern = false;
  const add = (what: string, quoted: boolean): void => {
    begun = true;
    text += what;
    pattern += quoted ? what.replace(inPatterns, '\\$&') : what;
  };
  const end = (): void => {
    if (begun) words.push({ text, pattern: isPattern ? pattern : null });
    text = pattern = '';
    begun = isPattern = false;
  };
  let at = 0;
  while (at < source.length) {
    plain.lastIndex = at;
    const run = plain.exec(source)?.[0];
    if (run !== undefined) {
      add(run, false);
      at += run.length;
      continue;
    }
    const char = source.charAt(at);
    if (char === "'" || char === '"') {
      const close = closing(source, at, char);
      const inner = source.slice(at + 1, close);
      add(char === '"' ? inner.replace(/\\(["\\])/g, '$1') : inner, true);
      at = close + 1;
    } else if (char === '\\') {
      if (at + 1 >= source.length) throw new Fault('invalid', "the line ends with '\\'");
      add(source.charAt(at + 1), true);
      at += 2;
    } else if (/\s/.test(char)) {
      end();
      at++;
    } else if (char === '#' && !begun) {
      break;
    } else {
      isPattern ||= wild.test(char);
      add(char, false);
      at++;
    }
  }
  end();
  return words;
}

function closing(source: ByteString, open: number, quote: string): number {
  for (let at = open + 1; at < source.length; at++) {
    if (source[at] === '\\' && quote === '"') at++;
    else if (source[at] === quote) return at;
  }
  throw new Fault('invalid', `a quote ${quote} is not closed`);
}
