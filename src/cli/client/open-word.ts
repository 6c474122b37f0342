type Quote = '"' | "'";

/** The word that is being typed at the end of a line, as far as it goes. */
export interface OpenWord {
  /** What the words before it say. */
  readonly before: readonly string[];
  /** Where in the line it begins, its quote included. */
  readonly start: number;
  /** What it says, without quotes. */
  readonly text: string;
  /** The quote that is still open. */
  readonly quote: Quote | null;
  /** Whether something in it stands for many names. */
  readonly isPattern: boolean;
}

/** Splits as `splitLine` does, up to a word that need not be finished; `null` inside a comment. */
export function openWord(line: string): OpenWord | null {
  const before: string[] = [];
  let start = line.length;
  let text = '';
  let quote: Quote | null = null;
  let isPattern = false;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    const begun = start < line.length;
    if (quote === null && /[ \t\r\n]/.test(char)) {
      if (begun) before.push(text);
      text = '';
      isPattern = false;
      start = line.length;
      continue;
    }
    if (quote === null && char === '#' && !begun) return null;
    if (!begun) start = at;
    if (quote !== null) {
      if (char === quote) quote = null;
      else if (quote === '"' && char === '\\' && /["\\]/.test(line.charAt(at + 1))) text += line.charAt(++at);
      else text += char;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '\\') {
      text += line.charAt(++at);
    } else {
      isPattern ||= /[*?[]/.test(char);
      text += char;
    }
  }
  return { before, start, text, quote, isPattern };
}

/** What `splitLine` would not take as it is. */
const special = /[ \t\r\n'"\\*?[\]]|^#/;

/**
 * The text as a word of a line. In the quotes that were begun with, if any; otherwise in quotes where it needs them.
 * @param open leaves the quote open, for more to be typed
 */
export function quoted(text: string, begunWith: Quote | null, open: boolean): string {
  if (begunWith === null && !special.test(text)) return text;
  const single = begunWith === "'" && !text.includes("'");
  const quote = single ? "'" : '"';
  return quote + (single ? text : text.replace(/["\\]/g, '\\$&')) + (open ? '' : quote);
}
