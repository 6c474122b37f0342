import { PassThrough } from 'node:stream';
import { createClientPrinter } from '../../../../src/cli/client/client-printer.js';
import { clientCommands } from '../../../../src/cli/client/commands.js';
import type { GlobalOptions } from '../../../../src/cli/client/global-options.js';
import type { ProgressMode } from '../../../../src/cli/client/progress/bars.js';
import { runLine } from '../../../../src/cli/client/run-line.js';
import type { ClientState } from '../../../../src/cli/client/state.js';
import type { Remote } from '../../../../src/client/remote.js';
import { fromText, toText } from '../../../../src/names.js';

export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person at a session of a server, typing one line after the other. */
export interface Typing {
  /** Resolves to what was printed, and the exit code. */
  type(line: string, signal?: AbortSignal): Promise<Said>;
  /** The same with `--json`; the documents that were printed. */
  json(line: string): Promise<{ readonly exit: number; readonly documents: readonly unknown[] }>;
  /** Where the person is now. */
  readonly at: { readonly remote: string; readonly local: string };
  readonly bars: { readonly mode: ProgressMode };
}

export interface TypingOptions {
  readonly remote?: Remote;
  readonly folder?: string;
  readonly local?: string;
  /** As if stdout were a terminal so wide. */
  readonly columns?: number;
  readonly globals?: Partial<GlobalOptions>;
  readonly possible?: boolean;
}

export function typing({
  remote,
  folder = '/',
  local = process.cwd(),
  columns,
  globals = {},
  possible = false,
}: TypingOptions): Typing {
  const place = { remote: fromText(folder), local: fromText(local) };
  const bars = { mode: 'none' as ProgressMode, possible };
  const run = async (line: string, json: boolean, signal?: AbortSignal): Promise<Said> => {
    const [stdout, stderr] = [collector(columns), collector()];
    const options = { json, quiet: false, codes: false, ...globals };
    const state = {
      place,
      bars,
      link: {
        remote: () => (remote ? Promise.resolve(remote) : Promise.reject(new Error('nobody is connected'))),
      },
      destination: { user: 'alice', host: 'files.example.org', port: 22 },
      printer: createClientPrinter({ stdout: stdout.stream, stderr: stderr.stream }, options),
      globals: { verify: null, ...options },
      interactive: false,
      commands: clientCommands,
      version: '1.2.3',
      streams: { stdin: process.stdin, stdout: stdout.stream, stderr: stderr.stream },
      interruptible: <T>(work: (signal: AbortSignal) => Promise<T>) =>
        work(signal ?? new AbortController().signal),
    } as unknown as ClientState;
    const exit = await runLine(line, state);
    return { exit, stdout: stdout.text(), stderr: stderr.text() };
  };
  return {
    type: (line, signal) => run(line, false, signal),
    json: async (line) => {
      const { exit, stdout } = await run(line, true);
      return {
        exit,
        documents: stdout
          .split('\n')
          .filter(Boolean)
          .map((one): unknown => JSON.parse(one)),
      };
    },
    get at() {
      return { remote: toText(place.remote), local: toText(place.local) };
    },
    bars,
  };
}

function collector(columns?: number): { readonly stream: PassThrough; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
