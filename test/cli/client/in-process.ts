import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runPlim } from '../../../src/cli/client/plim.js';
import type { Streams } from '../../../src/cli/client/state.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { Fault } from '../../../src/fault.js';

export interface PlimPlace {
  /** Stands for the person's own folder: `~`. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The current folder; `home` unless told. */
  readonly cwd?: string;
}

export interface PlimTyped {
  /** What comes on standard input; bytes as they are. */
  readonly input?: string | Buffer;
  /** What a person at a terminal answers, in order; absent, there is no terminal. */
  readonly answers?: readonly string[];
  /** Aborted when the person presses Ctrl-C. */
  readonly interrupt?: AbortSignal;
}

export interface PlimTalk {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as bytes. */
  readonly bytes: Buffer;
  /** What the person was asked. */
  readonly asked: readonly string[];
}

/** A fresh folder to be somebody's own. */
export function freshHome(): string {
  const home = join(realpathSync(mkdtempSync(join(tmpdir(), 'plim-home-'))), 'me');
  mkdirSync(home);
  return home;
}

/** The whole program without a process of its own; nothing of the machine's own settings is seen. */
export function plimOn({ home, env = {}, cwd = home }: PlimPlace) {
  return async (
    argv: readonly string[],
    { input = '', answers, interrupt }: PlimTyped = {},
  ): Promise<PlimTalk> => {
    const out = collected();
    const err = collected();
    const stdin = new PassThrough();
    stdin.end(input);
    const asked: string[] = [];
    const left = [...(answers ?? [])];
    const answer = (question: string): Promise<string> => {
      if (answers === undefined)
        return Promise.reject(new Fault('invalid', 'there is no terminal to ask on'));
      asked.push(question);
      const next = left.shift();
      return next === undefined ? Promise.reject(new Fault('cancelled')) : Promise.resolve(next);
    };
    const terminal: Terminal = {
      present: answers !== undefined,
      shows: false,
      askSecret: answer,
      ask: answer,
      confirm: async (question) => (await answer(question)) === 'y',
      progress: () => undefined,
      interruptible: (work) => work(interrupt ?? new AbortController().signal),
      readInput: () => Promise.resolve(input.toString()),
    };
    const status = await runPlim({
      argv,
      env: { HOME: home, USER: 'nobody-here', ...env },
      platform: 'linux',
      cwd,
      version: '0.0.0-test',
      streams: { stdin, stdout: out.stream, stderr: err.stream } as unknown as Streams,
      terminal,
    });
    return {
      status,
      stdout: out.bytes().toString(),
      stderr: err.bytes().toString(),
      bytes: out.bytes(),
      asked,
    };
  };
}

function collected() {
  const parts: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (part: Buffer) => parts.push(part));
  return { stream, bytes: () => Buffer.concat(parts) };
}
