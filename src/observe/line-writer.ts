import { appendFileSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { AppendedFile, type After } from './appended-file.js';
import { writeWhole } from './write-whole.js';

/** Where lines go: a file by its path, or an open descriptor. */
export type Target = string | number;

/** Milliseconds after a write before the next. */
const breath = 10;

export interface LineWriterOptions {
  readonly target: Target;
  /** Called when writing begins to fail, and not again until it worked in between. */
  failed(error: Error): void;
  /** The line that says how many were lost, written before the next that is not. */
  lost(count: number): string;
  /** Text that may wait while the target is slow; lines beyond it are lost (P1). */
  readonly waitingChars?: number;
  /** Time, passed in so that tests need not wait for it. */
  readonly after?: After;
}

/**
 * Appends lines in order, one write at a time, off the event loop. A file is looked at before each write, so that it can
 * be rotated or removed under a running server, and other processes may append to it too: no write ends within a line.
 * (pino's own destination cannot be waited for, and its last flush never returns on a full disk.)
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #target: AppendedFile | OpenDescriptor;
  #waiting: string[] = [];
  #waitingChars = 0;
  #lost = 0;
  #failing = false;
  #writing: Promise<void> | null = null;
  /** Aborted while somebody waits for all lines. */
  #hurry = new AbortController();

  constructor(options: LineWriterOptions) {
    const { target, after } = options;
    this.#options = options;
    this.#target =
      typeof target === 'string'
        ? new AppendedFile(target, (error) => this.#fail(error), after)
        : new OpenDescriptor(target);
  }

  /** @param line with its line feed */
  write(line: string): void {
    if (this.#waitingChars + line.length > (this.#options.waitingChars ?? 8 * 2 ** 20)) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves once everything is written or lost and the file is closed, or after `milliseconds`. */
  async flush(milliseconds: number): Promise<void> {
    const end = new AbortController();
    const late = wait(milliseconds, undefined, { signal: end.signal }).catch(() => undefined);
    await Promise.race([this.#end(), late]);
    end.abort();
  }

  async #end(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
    this.#hurry = new AbortController();
    await this.#target.close();
  }

  /** What waits, written before this returns, as well as one attempt can. For a process about to end. */
  flushNow(): void {
    const text = this.#take();
    const { target } = this.#options;
    try {
      if (typeof target === 'number') writeSync(target, text);
      else appendFileSync(target, text, { mode: 0o600 });
    } catch {
      // The process ends already, and its exit code says that it ended badly.
    }
  }

  async #writeAll(): Promise<void> {
    // Let the lines of one turn of the event loop share a write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.length;
      const text = this.#take();
      try {
        await this.#append(text);
        this.#failing = false;
      } catch (thrown) {
        this.#lost += lines;
        this.#fail(thrown);
      }
      await this.#breathe();
    }
    this.#writing = null;
  }

  /** Lets lines gather where many come one after the other: each write has its price, however short. */
  async #breathe(): Promise<void> {
    if (this.#hurry.signal.aborted) return;
    await wait(breath, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
  }

  #fail(thrown: unknown): void {
    const first = !this.#failing;
    this.#failing = true;
    if (first) this.#options.failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  #take(): string {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#waitingChars = 0;
    return text;
  }

  async #append(text: string): Promise<void> {
    const lost = this.#lost;
    const whole = Buffer.from(lost > 0 ? this.#options.lost(lost) + text : text);
    await this.#target.append(whole, this.#failing);
    this.#lost -= lost;
  }
}

/** What a pipe takes whole or not at all (PIPE_BUF): between the pieces, other processes write theirs. */
const pieceBytes = 4096;

/** A pipe, a terminal, or whatever was opened elsewhere, and is closed there. */
class OpenDescriptor {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async append(lines: Buffer): Promise<void> {
    for (const piece of pieces(lines)) await writeWhole(this.#descriptor, piece);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whole lines, as many as fit; a line that is longer goes alone. */
function* pieces(lines: Buffer): Generator<Buffer> {
  for (let start = 0; start < lines.length;) {
    const rest = lines.subarray(start);
    const fitting = rest.length <= pieceBytes ? rest.length : rest.lastIndexOf('\n', pieceBytes - 1) + 1;
    const length = fitting || rest.indexOf('\n') + 1 || rest.length;
    yield rest.subarray(0, length);
    start += length;
  }
}
