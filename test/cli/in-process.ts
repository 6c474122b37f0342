import { runProgram } from '../../src/cli/program.js';
import { serverProgram } from '../../src/cli/server/commands.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { environment, type Outcome } from './plimsoll.js';

export interface Typed {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What a person at a terminal answers, in order; absent, there is no terminal. */
  readonly answers?: readonly string[];
  /** Aborted when the person presses Ctrl-C. */
  readonly interrupt?: AbortSignal;
}

export interface Talk extends Outcome {
  /** What the person was asked. */
  readonly asked: readonly string[];
  /** What was shown meanwhile, each line in place of the one before it. */
  readonly progress: readonly string[];
}

/** The same commands without a process of their own: a quarter of a second less each. */
export function commandsOn(root: string) {
  return async (
    argv: readonly string[],
    { input = '', env = {}, answers, interrupt }: Typed = {},
  ): Promise<Talk> => {
    let stdout = '';
    let stderr = '';
    const asked: string[] = [];
    const progress: string[] = [];
    const left = [...(answers ?? [])];
    const answer = (question: string): string => {
      asked.push(question);
      return left.shift() ?? '';
    };
    const terminal: Terminal = {
      present: answers !== undefined,
      shows: false,
      askSecret: (question) => Promise.resolve(answer(question)),
      ask: (question) => Promise.resolve(answer(question)),
      confirm: (question) => Promise.resolve(answer(question) === 'y'),
      progress: (line) => {
        if (line !== '') progress.push(line);
      },
      interruptible: (work) => work(interrupt ?? new AbortController().signal),
      readInput: () => Promise.resolve(input),
    };
    const status = await runProgram(
      serverProgram('0.0.0-test', () => Promise.reject(new Error('no server in this test'))),
      {
        argv,
        env: environment(root, env),
        cwd: root,
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
        terminal,
        program: 'plimsoll',
      },
    );
    return { status, stdout, stderr, asked, progress };
  };
}
