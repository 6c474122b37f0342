import { EventEmitter } from 'node:events';
import { clearScreenDown, createInterface, cursorTo, moveCursor, type Interface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import type { Completer, Completion } from './completion.js';
import { historyLines, type History } from './history.js';
import { inRows } from './in-rows.js';
import type { ClientState } from './state.js';

/** What came of one prompt: a line, Ctrl-C with something typed or without, or Ctrl-D. */
export type Typed = { readonly line: string } | 'cleared' | 'interrupted' | 'left';

export interface PromptOptions extends Pick<ClientState, 'streams' | 'bars'> {
  readonly text: string;
  readonly history: History;
  readonly completer: Completer;
}

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
/** Keys that may end a prompt, and so begin the next, are given to readline by themselves: Ctrl-C, Ctrl-D, the line's end. */
const single: ReadonlySet<number> = new Set([0x03, 0x04, newline, carriageReturn]);

/**
 * Reads lines at a prompt. `node:readline` edits them, each in an interface of its own: while a command runs the
 * terminal is as it was, so that what it asks, or another program, has the keys to itself. Keys pass through here, since
 * readline would take no key while Tab waits for a server, and would lose what was pasted behind a line's end.
 */
export class Prompt {
  readonly #options: PromptOptions;
  /** Typed behind the end of the last line. */
  #ahead: Buffer = Buffer.alloc(0);

  constructor(options: PromptOptions) {
    this.#options = options;
  }

  read(): Promise<Typed> {
    const { streams, bars, text, history } = this.#options;
    const { stdin, stdout } = streams;
    const keys = new Keys((raw) => stdin.setRawMode(raw));
    const lines = createInterface({
      input: keys as unknown as NodeJS.ReadableStream,
      output: stdout,
      terminal: true,
      prompt: text,
      history: [...history.newestFirst()],
      historySize: historyLines,
    });
    const decoder = new StringDecoder('utf8');
    return new Promise((resolve) => {
      const now: { over: boolean; completing: AbortController | null } = { over: false, completing: null };
      const release = bars.occupy({ clear: () => takeAway(lines, stdout), redraw: () => redraw(lines) });
      const end = (typed: Typed): void => {
        if (now.over) return;
        now.over = true;
        now.completing?.abort();
        release();
        stdin.off('data', take);
        stdin.off('end', gone);
        lines.close();
        stdin.pause();
        resolve(typed);
      };
      const gone = (): void => end('left');
      const complete = (): void => {
        if (now.over) return;
        const asked = new AbortController();
        now.completing = asked;
        void this.#complete(lines, asked.signal);
      };
      const pump = (): void => {
        while (!now.over && this.#ahead.length > 0) {
          now.completing?.abort();
          const at = this.#ahead.findIndex((byte) => byte === tab || single.has(byte));
          const cut = at < 0 ? this.#ahead.length : at;
          const piece = this.#ahead.subarray(0, cut);
          const stop = this.#ahead[cut];
          this.#ahead = this.#ahead.subarray(cut + 1);
          // One by one: readline puts pasted text at the line's end, wherever the cursor is.
          for (const char of decoder.write(piece)) keys.emit('data', Buffer.from(char));
          if (stop === tab) complete();
          else if (stop !== undefined) {
            if (stop === carriageReturn && this.#ahead[0] === newline) this.#ahead = this.#ahead.subarray(1);
            keys.emit('data', Buffer.of(stop));
          }
        }
      };
      const take = (bytes: Buffer): void => {
        this.#ahead = Buffer.concat([this.#ahead, bytes]);
        pump();
      };

      lines.on('line', (line) => {
        history.add(line);
        end({ line });
      });
      lines.on('SIGINT', () => {
        const typed = lines.line !== '';
        lines.write(null, { ctrl: true, name: 'e' });
        stdout.write('^C\n');
        end(typed ? 'cleared' : 'interrupted');
      });
      lines.on('SIGCONT', () => redraw(lines));
      lines.on('close', () => {
        if (now.over) return;
        stdout.write('\n');
        end('left');
      });
      stdin.on('data', take);
      stdin.on('end', gone);
      stdin.resume();
      lines.prompt();
      pump();
    });
  }

  async #complete(lines: Interface, signal: AbortSignal): Promise<void> {
    const { completer, streams } = this.#options;
    const { stdout } = streams;
    const line = lines.line.slice(0, lines.cursor);
    let found: Completion | null = null;
    try {
      found = await completer.complete(line, signal);
    } catch {
      // Nobody can be told but by the bell: the person is typing.
    }
    // Whatever was typed meanwhile has aborted it.
    if (signal.aborted) return;
    if (found === null) stdout.write('\u0007');
    else if (found.choices.length === 0) replace(lines, line.slice(found.start), found.insert);
    else {
      takeAway(lines, stdout);
      stdout.write(`${this.#options.text}${lines.line}\n${inRows(found.choices, stdout.columns || 80)}\n`);
      redraw(lines);
    }
  }
}

/** What readline takes for the keyboard. */
class Keys extends EventEmitter {
  readonly isTTY = true;
  readonly setRawMode: (raw: boolean) => void;

  constructor(setRawMode: (raw: boolean) => void) {
    super();
    this.setRawMode = setRawMode;
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }
}

function replace(lines: Interface, typed: string, insert: string): void {
  const beyond = lines.line[lines.cursor] === ' ' ? insert.trimEnd() : insert;
  if (beyond.startsWith(typed)) {
    lines.write(beyond.slice(typed.length));
    return;
  }
  // It takes away a character, not a UTF-16 unit.
  Array.from(typed).forEach(() => lines.write(null, { name: 'backspace' }));
  lines.write(beyond);
}

function takeAway(lines: Interface, stdout: NodeJS.WriteStream): void {
  moveCursor(stdout, 0, -lines.getCursorPos().rows);
  cursorTo(stdout, 0);
  clearScreenDown(stdout);
}

/** Draws prompt and line from the row of the cursor on. */
function redraw(lines: Interface): void {
  // Otherwise it would first go up by the rows that the line had, over what was written meanwhile.
  Object.assign(lines, { prevRows: 0 });
  lines.prompt(true);
}
