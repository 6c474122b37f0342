import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { Screen } from './screen.js';

const bridge = fileURLToPath(new URL('pty_bridge.py', import.meta.url));
/** Debian's own: it needs nothing but the standard library. */
const python = '/usr/bin/python3';

export const plim = fileURLToPath(new URL('../../../dist/plim.mjs', import.meta.url));

const keys = {
  'Ctrl-C': '\u0003',
  'Ctrl-D': '\u0004',
  'Ctrl-U': '\u0015',
  'Ctrl-Z': '\u001a',
  Tab: '\t',
  Enter: '\r',
  Up: '\u001b[A',
  Down: '\u001b[B',
  Left: '\u001b[D',
} as const;

export interface PersonOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** Milliseconds until a test gives up: far above what anything takes. */
const patience = 10_000;

interface Waiting {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
  readonly failed: (reason: Error) => void;
}

/** Somebody at a real pseudo-terminal, in front of a program. */
export class Person {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #screen: Screen;
  readonly #ended: Promise<number | null>;
  #raw = '';
  /** What was seen already. */
  #seen = 0;
  #plain = '';
  /** The beginning of a control sequence whose end is still to come. */
  #cut = '';
  #waiting: Waiting | null = null;
  #over = false;

  private constructor(program: readonly string[], { env, cwd, columns = 80, rows = 24 }: PersonOptions) {
    this.#screen = new Screen(columns);
    this.#child = spawn(python, [bridge, String(columns), String(rows), ...program], {
      cwd,
      env: { TERM: 'xterm', LANG: 'C.UTF-8', PATH: process.env['PATH'] ?? '', ...env },
    });
    const decoder = new StringDecoder('utf8');
    this.#child.stdout.on('data', (chunk: Buffer) => {
      const text = decoder.write(chunk);
      this.#raw += text;
      this.#screen.write(text);
      this.#strip(text);
      this.#look();
    });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#raw += chunk.toString()));
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (status) => {
        this.#over = true;
        this.#look();
        resolve(status);
      });
    });
  }

  /** In front of plim. */
  static at(args: readonly string[], options: PersonOptions): Person {
    return Person.before([process.execPath, plim, ...args], options);
  }

  /** In front of any program. */
  static before(program: readonly string[], options: PersonOptions): Person {
    return new Person(program, options);
  }

  /** The rows of the screen as they are now, and those that scrolled away, without empty ones at the end. */
  get screen(): string {
    return this.#screen.lines.join('\n').trimEnd();
  }

  /** The row that the cursor is in. */
  get line(): string {
    return this.#screen.lines[this.#screen.cursor.row] ?? '';
  }

  /** All that was written, control sequences included. */
  get raw(): string {
    return this.#raw;
  }

  types(text: string): void {
    this.#ask({ type: text });
  }

  presses(...pressed: readonly (keyof typeof keys)[]): void {
    for (const key of pressed) this.types(keys[key]);
  }

  /** Sends the program a signal. */
  signals(number: number): void {
    this.#ask({ signal: number });
  }

  resizes(columns: number, rows: number): void {
    this.#screen.resize(columns);
    this.#ask({ resize: [columns, rows] });
  }

  /** Waits for it to be written, behind what was seen before; control sequences are left out. */
  sees(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = null;
        reject(new Error(`${String(pattern)} was not seen in ${patience} ms:\n${this.screen}`));
      }, patience);
      const over = (): void => {
        clearTimeout(timer);
        this.#waiting = null;
      };
      this.#waiting = {
        pattern,
        found: (match) => {
          over();
          this.#seen += match.index + match[0].length;
          resolve(match);
        },
        failed: (reason) => {
          over();
          reject(reason);
        },
      };
      this.#look();
    });
  }

  /** Waits for the program's end; its exit code. */
  async leaves(): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the program did not end in ${patience} ms:\n${this.screen}`)),
        patience,
      );
    });
    try {
      return await Promise.race([this.#ended, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hangs up. */
  async gone(): Promise<void> {
    if (!this.#over) this.#child.stdin.end();
    await this.#ended;
  }

  #strip(text: string): void {
    const fresh = this.#cut + text;
    // A control sequence may come in two pieces.
    const end = fresh.search(/\x1b(?:\[[?\d;]*)?$/);
    this.#cut = end < 0 ? '' : fresh.slice(end);
    this.#plain += (end < 0 ? fresh : fresh.slice(0, end)).replace(/\x1b\[[?\d;]*[A-Za-z]|\u0007/g, '');
  }

  #look(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const match = waiting.pattern.exec(this.#plain.slice(this.#seen));
    if (match) waiting.found(match);
    else if (this.#over)
      waiting.failed(new Error(`the program ended before ${String(waiting.pattern)}:\n${this.screen}`));
  }

  #ask(what: object): void {
    this.#child.stdin.write(`${JSON.stringify(what)}\n`);
  }
}
