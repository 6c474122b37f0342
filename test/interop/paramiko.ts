import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('paramiko_client.py', import.meta.url));
/** Debian's own, which has its package of paramiko. */
const python = '/usr/bin/python3';

/** Bytes on their way to or from Python, a character a byte. */
export interface Bytes {
  readonly bytes: string;
}

/** An exception of Python's. */
export class PythonError extends Error {
  /** The name of its class. */
  readonly kind: string;
  readonly errno: number | null;

  constructor(kind: string, text: string, errno: number | null) {
    super(`${kind}: ${text}`);
    this.kind = kind;
    this.errno = errno;
  }
}

type Outcome =
  | { readonly value: unknown }
  | { readonly error: string; readonly text: string; readonly errno: number | null };

export interface CallOptions {
  readonly named?: Readonly<Record<string, unknown>>;
  /** The name under which later calls find what this one returned. */
  readonly keep?: string;
}

/** One Python process with paramiko in it; calls run one after another. */
export class Paramiko {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve: (outcome: Outcome) => void; reject: (reason: Error) => void }[] = [];
  #stderr = '';

  constructor(home: string) {
    this.#child = spawn(python, [script], { env: { ...process.env, HOME: home }, cwd: home });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as Outcome);
    });
    this.#child.once('close', (status) => {
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error(`python ended with ${status}: ${this.#stderr}`));
      }
    });
  }

  /**
   * Calls a method of what was kept under a name; `session` and its own functions are always there.
   * @throws PythonError
   */
  async call(
    on: string,
    method: string,
    args: readonly unknown[] = [],
    options: CallOptions = {},
  ): Promise<unknown> {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ on, do: method, args, ...options })}\n`);
    });
    if ('error' in outcome) throw new PythonError(outcome.error, outcome.text, outcome.errno);
    return outcome.value;
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }
}
