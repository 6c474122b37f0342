import { PassThrough, Writable } from 'node:stream';
import { createClientPrinter } from '../../../../src/cli/client/client-printer.js';
import { get } from '../../../../src/cli/client/commands/get.js';
import { mget } from '../../../../src/cli/client/commands/mget.js';
import { mput } from '../../../../src/cli/client/commands/mput.js';
import { put } from '../../../../src/cli/client/commands/put.js';
import { reget } from '../../../../src/cli/client/commands/reget.js';
import { reput } from '../../../../src/cli/client/commands/reput.js';
import type { GlobalOptions } from '../../../../src/cli/client/global-options.js';
import { createBars } from '../../../../src/cli/client/progress/create-bars.js';
import { runLine, runWords } from '../../../../src/cli/client/run-line.js';
import type { ClientState, Streams } from '../../../../src/cli/client/state.js';
import { wordFromArgument } from '../../../../src/cli/client/words.js';
import type { Terminal } from '../../../../src/cli/terminal.js';
import type { Link } from '../../../../src/client/link.js';
import { Fault } from '../../../../src/fault.js';
import { fromText } from '../../../../src/names.js';

export interface Place {
  readonly link: Link;
  /** Folders in which commands start. */
  readonly here: string;
  readonly there: string;
  readonly user?: string;
  readonly port?: number;
}

export interface Typed {
  /** What a person at the terminal answers, in order, and then Ctrl-C; absent, there is nobody. */
  readonly answers?: readonly string[];
  readonly interactive?: boolean;
  readonly globals?: Partial<GlobalOptions>;
  readonly again?: readonly string[];
  readonly stdin?: string | Buffer | NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
}

export interface Ended {
  readonly exit: number;
  /** Bytes as text. */
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
  readonly asked: readonly string[];
}

const usual: GlobalOptions = {
  json: false,
  quiet: false,
  codes: false,
  verbosity: 0,
  progress: 'none',
  retries: 0,
  timeout: 20_000,
  limit: null,
  jobs: 4,
  verify: { algorithm: 'md5', explicit: false },
  collision: null,
  mismatch: null,
};

/** The commands that move files, on a link that is there: what a person types, and what comes of it. */
export function transferShell(place: Place) {
  const withState =
    (run: (state: ClientState) => Promise<number>) =>
    async (typed: Typed = {}): Promise<Ended> => {
      const globals = { ...usual, ...typed.globals };
      const out = collector();
      const err = collector();
      const asked: string[] = [];
      const exit = await run({
        place: { remote: fromText(place.there), local: fromText(place.here) },
        link: place.link,
        destination: { user: place.user ?? 'alice', host: 'files.example', port: place.port ?? 22 },
        printer: createClientPrinter({ stdout: out.stream, stderr: err.stream }, globals),
        terminal: person(typed.answers, asked),
        globals,
        bars: createBars({ mode: 'none', output: err.stream }),
        interactive: typed.interactive ?? false,
        commands: [get, put, mget, mput, reget, reput],
        version: '0.0.0-test',
        env: {},
        folder: '/nowhere',
        streams: {
          stdin: inputOf(typed.stdin),
          stdout: out.stream,
          stderr: err.stream,
        } as unknown as Streams,
        interruptible: (work) => work(typed.signal ?? new AbortController().signal),
        ...(typed.again && { again: typed.again }),
      });
      return {
        exit,
        stdout: out.bytes().toString(),
        bytes: out.bytes(),
        stderr: err.bytes().toString(),
        asked,
      };
    };
  return {
    /** As at the prompt or in a batch. */
    line: (line: string, typed?: Typed) => withState((state) => runLine(line, state))(typed),
    /** As behind the host, split by the shell that called. */
    words: (words: readonly string[], typed?: Typed) =>
      withState((state) => runWords(words.map(wordFromArgument), state))(typed),
  };
}

function person(answers: readonly string[] | undefined, asked: string[]): Terminal {
  const left = [...(answers ?? [])];
  const answer = (question: string): Promise<string> => {
    asked.push(question);
    const given = left.shift();
    return given === undefined ? Promise.reject(new Fault('cancelled')) : Promise.resolve(given);
  };
  return {
    present: answers !== undefined,
    shows: false,
    ask: answer,
    askSecret: answer,
    confirm: async (question) => (await answer(question)) === 'y',
    progress: () => undefined,
    interruptible: (work) => work(new AbortController().signal),
    readInput: () => Promise.resolve(''),
  };
}

function inputOf(stdin: Typed['stdin']): NodeJS.ReadableStream {
  return typeof stdin === 'object' && !Buffer.isBuffer(stdin) ? stdin : new PassThrough().end(stdin ?? '');
}

function collector(): { readonly stream: Writable; bytes(): Buffer } {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      parts.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(parts) };
}
