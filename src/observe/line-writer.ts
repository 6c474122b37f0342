import { appendFileSync, constants, write, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** Where lines go: a file by its path, or an open descriptor. */
export type Target = string | number;

export interface LineWriterOptions {
  readonly target: Target;
  /** Called when writing begins to fail, and not again until it worked in between. */
  failed(error: Error): void;
  /** The line that says how many were lost, written before the next that is not. */
  lost(count: number): string;
  /** Text that may wait while the target is slow; lines beyond it are lost (P1). */
  readonly waitingChars?: number;
}

/**
 * Appends lines in order, one write at a time, off the event loop. A file is opened for each batch, so that it can be
 * rotated or removed under a running server, and other processes may append to it too: no write ends within a line. (pino's own destination cannot
 * be waited for, and its last flush never returns on a full disk.)
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  #waiting: string[] = [];
  #waitingChars = 0;
  #lost = 0;
  #failing = false;
  #writing: Promise<void> | null = null;

  constructor(options: LineWriterOptions) {
    this.#options = options;
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

  /** Resolves once everything is written or lost, or after `milliseconds`. */
  async flush(milliseconds: number): Promise<void> {
    const end = new AbortController();
    const late = wait(milliseconds, undefined, { signal: end.signal }).catch(() => undefined);
    await Promise.race([this.#writing, late]);
    end.abort();
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
        const first = !this.#failing;
        this.#failing = true;
        if (first) this.#options.failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    }
    this.#writing = null;
  }

  #take(): string {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#waitingChars = 0;
    return text;
  }

  async #append(text: string): Promise<void> {
    const { target } = this.#options;
    const lost = this.#lost;
    const whole = Buffer.from(lost > 0 ? this.#options.lost(lost) + text : text);
    if (typeof target === 'number') for (const piece of pieces(whole)) await writeWhole(target, piece);
    else await appendWhole(target, whole, this.#failing);
    this.#lost -= lost;
  }
}

async function appendWhole(path: string, bytes: Buffer, afterFailure: boolean): Promise<void> {
  const { O_APPEND, O_CREAT, O_RDWR, O_WRONLY } = constants;
  const file = await open(path, O_APPEND | O_CREAT | (afterFailure ? O_RDWR : O_WRONLY), 0o600);
  try {
    if (afterFailure) {
      // The disk may have filled up in the middle of a line; what follows must not be glued to that.
      const { size } = await file.stat();
      const last = size > 0 ? await file.read(Buffer.alloc(1), 0, 1, size - 1) : null;
      if (last && last.buffer[0] !== 0x0a) await file.appendFile('\n');
    }
    // Not appendFile, which writes large batches in several parts: another process's lines could come between.
    await writeWhole(file.fd, bytes);
  } finally {
    await file.close();
  }
}

/** What a pipe takes whole or not at all (PIPE_BUF): between the pieces, other processes write theirs. */
const pieceBytes = 4096;

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

async function writeWhole(descriptor: number, bytes: Buffer): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += await new Promise<number>((resolve, reject) => {
        write(descriptor, bytes, done, bytes.length - done, null, (error, written) => {
          if (error) reject(error);
          else resolve(written);
        });
      });
    } catch (thrown) {
      // A terminal or pipe that somebody made non-blocking, and that is full.
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      await wait(20);
    }
  }
}
