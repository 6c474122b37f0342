import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';

/** One word of a command line, as a POSIX shell would hand it on. */
export interface Word {
  /** The word with its quotes removed, and a `~` that stands for the home replaced by `/`. */
  readonly text: ByteString;
  /**
   * The same as a pattern, where what was quoted is escaped with `\` and so stands for itself; `null` where nothing in
   * it was a pattern.
   */
  readonly pattern: ByteString | null;
}

/**
 * The commands of a pipe, each as its words [POSIX XCU 2.2, 2.3, 2.6.1] [PROTOCOL 7.4.1]; none for an empty line. `~`
 * and `~account` are the home, `/`. No variable is set, so each is empty. Takes time in proportion to the line.
 * @throws Fault `invalid` for what would need a shell: lists, redirections, substitutions, an open quote
 */
export function splitCommand(line: ByteString, account: string): readonly (readonly Word[])[] {
  return new Splitter(line, account).split();
}

/** What stands for itself outside of quotes. */
const plain = /[^ \t\n'"\\$`|;&<>()*?[]+/y;
const plainInQuotes = /[^"\\$`]+/y;
const blanks = /[ \t]+/y;
const comment = /#[^\n]*/y;
/** A `~` counts up to the next `/`, and only where nothing of that is quoted. */
const tilde = /~([A-Za-z0-9._@-]*)(?=[ \t\n/|;&<>()]|$)/y;
/** What would go on in the next line, where a backslash takes the end of this one away. */
const continued = /(?:~[A-Za-z0-9._@-]*|\$[A-Za-z0-9_]*)\\\n/y;
const variable = /\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})/y;
/** What a `$` begins that is more than a variable. */
const otherExpansion = /\$[({'"0-9@*#?$!-]/y;
/** In double quotes a `$` before a quote is only a `$`. */
const otherInQuotes = /\$[({0-9@*#?$!-]/y;

/** What a shell does on its own, by the character it begins with. */
const shellOnly: Readonly<Record<string, string>> = {
  ';': "';' between commands",
  '&': "'&'",
  '<': "'<', a redirection,",
  '>': "'>', a redirection,",
  '(': "'('",
  ')': "')'",
  '`': 'a command in backticks',
};

/** Characters that mean something in a pattern, and are escaped there when they were quoted. */
const inPatterns = /[\\*?[\]!^-]/g;

/** Walks once over the line, from left to right; a regular expression takes each run of bytes. */
class Splitter {
  readonly #line: ByteString;
  readonly #account: string;
  readonly #stages: Word[][] = [];
  #words: Word[] = [];
  #at = 0;
  /** The word in the making. */
  #text = '';
  #pattern = '';
  #isPattern = false;
  /** Whether there is one: a quoted nothing is a word, an empty variable alone is none. */
  #begun = false;
  /** Whether a `~` or a `#` would stand within a word: after an empty variable too. */
  #inside = false;
  /** The first line with a command has ended. */
  #lineEnded = false;

  constructor(line: ByteString, account: string) {
    this.#line = line;
    this.#account = account;
  }

  split(): readonly (readonly Word[])[] {
    if (this.#line.includes('\0')) throw new Fault('invalid', 'a command cannot contain NUL');
    while (this.#at < this.#line.length) this.#step();
    this.#endWord();
    if (this.#words.length > 0) this.#stages.push(this.#words);
    else if (this.#stages.length > 0) throw new Fault('invalid', "no command follows '|'");
    return this.#stages;
  }

  #step(): void {
    if (this.#take(blanks) !== null) {
      this.#endWord();
      return;
    }
    if (!this.#inside && (this.#take(comment) !== null || this.#home())) return;
    const text = this.#take(plain);
    if (text !== null) {
      this.#add(text, text);
      return;
    }
    const char = this.#line.charAt(this.#at);
    switch (char) {
      case "'":
        this.#singleQuoted();
        return;
      case '"':
        this.#doubleQuoted();
        return;
      case '\\':
        this.#escaped();
        return;
      case '$':
        this.#dollar(otherExpansion);
        return;
      case '|':
        this.#pipe();
        return;
      case '\n':
        this.#newline();
        return;
      default:
        if (shellOnly[char] !== undefined) throw needsShell(shellOnly[char]);
        this.#at++;
        this.#isPattern = true;
        this.#add(char, char);
    }
  }

  /** The next bytes, if they are of that kind. */
  #take(kind: RegExp): string | null {
    kind.lastIndex = this.#at;
    const taken = kind.exec(this.#line)?.[0] ?? null;
    if (taken !== null) this.#at += taken.length;
    return taken;
  }

  #add(text: ByteString, pattern: ByteString): void {
    if (this.#lineEnded) throw needsShell('a second line');
    this.#begun = this.#inside = true;
    this.#text += text;
    this.#pattern += pattern;
  }

  #addQuoted(text: ByteString): void {
    this.#add(text, text.replace(inPatterns, '\\$&'));
  }

  #endWord(): void {
    if (this.#begun) {
      this.#words.push({ text: this.#text, pattern: this.#isPattern ? this.#pattern : null });
    }
    this.#text = this.#pattern = '';
    this.#isPattern = this.#begun = this.#inside = false;
  }

  /** A shell joins the lines before it looks for what `~` and `$` begin; we do not. */
  #refuseContinued(): void {
    if (this.#take(continued) !== null) throw needsShell("a '~' or '$' that goes on in the next line");
  }

  #home(): boolean {
    if (this.#line[this.#at] === '~') this.#refuseContinued();
    const taken = this.#take(tilde);
    if (taken === null) return false;
    const name = taken.slice(1);
    if (name !== '' && name !== this.#account) this.#add(taken, taken);
    // What follows begins with the slash.
    else if (this.#line[this.#at] === '/') this.#add('', '');
    else this.#add('/', '/');
    return true;
  }

  #singleQuoted(): void {
    const end = this.#line.indexOf("'", this.#at + 1);
    if (end < 0) throw new Fault('invalid', "a quote ' is not closed");
    const text = this.#line.slice(this.#at + 1, end);
    this.#addQuoted(text);
    this.#at = end + 1;
  }

  #doubleQuoted(): void {
    this.#at++;
    this.#add('', '');
    for (;;) {
      const text = this.#take(plainInQuotes);
      if (text !== null) this.#addQuoted(text);
      const char = this.#line[this.#at];
      if (char === '"') break;
      else if (char === '$') this.#dollar(otherInQuotes);
      else if (char === '\\') this.#escapedInQuotes();
      else if (char === '`') throw needsShell('a command in backticks');
      else throw new Fault('invalid', 'a quote " is not closed');
    }
    this.#at++;
  }

  #escaped(): void {
    const next = this.#line[this.#at + 1];
    if (next === undefined) throw new Fault('invalid', "the command ends with '\\'");
    // A backslash before a line's end joins the lines [POSIX XCU 2.2.1].
    if (next !== '\n') this.#addQuoted(next);
    this.#at += 2;
  }

  #escapedInQuotes(): void {
    const next = this.#line[this.#at + 1] ?? '';
    if (next === '\n') this.#at += 2;
    else if (next !== '' && '$`"\\'.includes(next)) {
      this.#addQuoted(next);
      this.#at += 2;
    } else {
      this.#addQuoted('\\');
      this.#at++;
    }
  }

  #dollar(refused: RegExp): void {
    this.#inside = true;
    this.#refuseContinued();
    if (this.#take(variable) !== null) return;
    const expansion = this.#take(refused);
    if (expansion === '$(') throw needsShell('a command in $( )');
    if (expansion !== null) throw needsShell(`'${expansion}'`);
    this.#at++;
    this.#addQuoted('$');
  }

  #pipe(): void {
    this.#endWord();
    const next = this.#line[this.#at + 1];
    if (next === '|' || next === '&') throw needsShell(`'|${next}'`);
    if (this.#words.length === 0 || this.#lineEnded) {
      throw new Fault('invalid', "no command stands before '|'");
    }
    this.#stages.push(this.#words);
    this.#words = [];
    this.#at++;
  }

  /** Lines without a command are nothing, as is what follows a pipe's `|`; a second command is refused. */
  #newline(): void {
    this.#endWord();
    this.#lineEnded = this.#words.length > 0;
    this.#at++;
  }
}

function needsShell(what: string): Fault {
  return new Fault('invalid', `${what} needs a shell, and there is none here`);
}
