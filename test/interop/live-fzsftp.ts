import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/**
 * What FileZilla's helper says to FileZilla: a character, and as many lines as its kind has. The characters count up
 * from '0'; those that say how bytes fare (received, sent, algorithms chosen) are only read over.
 */
const kinds = {
  '0': { name: 'reply', lines: 1 },
  '1': { name: 'done', lines: 1 },
  '2': { name: 'error', lines: 1 },
  '3': { name: 'verbose', lines: 1 },
  '4': { name: 'info', lines: 1 },
  '5': { name: 'status', lines: 1 },
  '6': { name: 'received', lines: 1 },
  '7': { name: 'sent', lines: 1 },
  '8': { name: 'entry', lines: 3 },
  '9': { name: 'host-key', lines: 2 },
  ':': { name: 'host-key-changed', lines: 2 },
  ';': { name: 'host-key-better', lines: 2 },
  '<': { name: 'password', lines: 1 },
  '=': { name: 'transferred', lines: 1 },
  '>': { name: 'preamble', lines: 1 },
  '?': { name: 'instruction', lines: 1 },
  '@': { name: 'may-receive', lines: 0 },
  A: { name: 'may-send', lines: 0 },
  B: { name: 'kex', lines: 1 },
  C: { name: 'kex-hash', lines: 1 },
  D: { name: 'kex-curve', lines: 1 },
  E: { name: 'cipher-to-server', lines: 1 },
  F: { name: 'cipher-to-client', lines: 1 },
  G: { name: 'mac-to-server', lines: 1 },
  H: { name: 'mac-to-client', lines: 1 },
  I: { name: 'fingerprint', lines: 1 },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly lines: number }>>;

type Kind = (typeof kinds)[keyof typeof kinds]['name'];

export interface FzEvent {
  readonly kind: Kind;
  readonly lines: readonly string[];
}

/** What one command led to: everything said up to its end. */
export interface FzAnswer {
  readonly succeeded: boolean;
  /** What was said of one kind, the lines of each event joined. */
  said(kind: Kind): readonly string[];
}

export interface FzsftpOptions {
  /** A fresh folder, where the helper remembers the host keys it trusts. */
  readonly memory: string;
  readonly password?: string;
  /** The answer to a host key it does not know: `y` trusts it, empty does not. */
  readonly trust?: 'y' | '';
}

/** FileZilla's fzsftp, spoken to as FileZilla does: a command a line, questions answered as they come. */
export class LiveFzsftp {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: Readonly<Partial<Record<Kind, string>>>;
  readonly #events: FzEvent[] = [];
  readonly #closed: Promise<unknown>;
  #unread = '';
  #stderr = '';
  #heard: () => void = () => undefined;
  #over = false;

  constructor({ memory, password = '', trust = 'y' }: FzsftpOptions) {
    this.#answers = {
      'host-key': trust,
      password,
      // Its transfers may be throttled; here are no limits either way.
      'may-receive': '-0-',
      'may-send': '-1-',
    };
    // PuTTY's code asks the system for the user's home, not $HOME.
    this.#child = spawn('fzsftp', [], { env: { ...process.env, PUTTYDIR: memory } });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#unread += chunk.toString('latin1');
      this.#read();
    });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString('latin1')));
    this.#closed = once(this.#child, 'close').then(() => {
      this.#over = true;
      this.#heard();
    });
  }

  /** What FileZilla does not read. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The first thing it says: its name and the version of these lines. */
  async greeting(): Promise<string> {
    return (await this.#next())?.lines[0] ?? '';
  }

  /** Sends one command (a character a byte) and waits until it has ended, or the helper has. */
  async ask(command: string): Promise<FzAnswer> {
    this.#child.stdin.write(`${command}\n`, 'latin1');
    const events: FzEvent[] = [];
    for (;;) {
      const event = await this.#next();
      if (event) events.push(event);
      const answer = event && this.#answers[event.kind];
      if (answer !== undefined) this.#child.stdin.write(`${answer}\n`);
      if (event && event.kind !== 'done' && event.kind !== 'reply') continue;
      return {
        succeeded: event?.kind === 'reply' || event?.lines[0] === '1',
        said: (kind) => events.filter((one) => one.kind === kind).map(({ lines }) => lines.join('\n')),
      };
    }
  }

  /** Closes its standard input, upon which it ends; gives its exit status. */
  async end(): Promise<number | null> {
    this.#child.stdin.end();
    await this.#closed;
    return this.#child.exitCode;
  }

  async #next(): Promise<FzEvent | null> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return event;
      if (this.#over) return null;
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  #read(): void {
    for (;;) {
      const mark = this.#unread[0];
      if (mark === undefined) break;
      if (!isMark(mark)) throw new Error(`fzsftp said something new: ${JSON.stringify(this.#unread)}`);
      const { name, lines: count } = kinds[mark];
      const parts = this.#unread.slice(1).split('\n', count + 1);
      if (parts.length <= count) break;
      const lines = parts.slice(0, count);
      this.#events.push({ kind: name, lines });
      this.#unread = this.#unread.slice(1 + lines.reduce((sum, line) => sum + line.length + 1, 0));
    }
    this.#heard();
  }
}

function isMark(mark: string): mark is keyof typeof kinds {
  return Object.hasOwn(kinds, mark);
}
