import { setFlagsFromString } from 'node:v8';
import { printable } from '../../observe/printable.js';
import { endProcess } from '../end-process.js';
import { exits } from '../exit.js';
import { createTerminal } from '../terminal.js';
import { runPlim } from './plim.js';
import { version } from './version.js';

/** Runs `plim` as it was called, and ends the process with its exit code. */
export async function main(): Promise<void> {
  // Buffers count as heap to V8: docs/decisions/memory-of-transfers.md.
  setFlagsFromString('--heap-growing-percent=400');
  const { argv, env, stdin, stdout, stderr, platform } = process;
  const answer = { lost: false };
  for (const output of [stdout, stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      // Who reads (`| head`) may go; what is not printed then is nobody's loss. A full disk is.
      if (output === stdout && error.code !== 'EPIPE') answer.lost = true;
    });
  }
  const crashed = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error);
    stderr.write(`plim: failed in a way that was not foreseen: ${printable(why)}\n`, () => {
      process.exit(exits.failed);
    });
  };
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  const exit = await runPlim({
    argv: argv.slice(2),
    env,
    platform,
    cwd: process.cwd(),
    version,
    streams: { stdin, stdout, stderr },
    terminal: createTerminal(stdin, stderr),
  });
  // What is under way on a pipe is written before the process ends; a socket that lingers is not waited for.
  for (const output of [stdout, stderr]) await new Promise((resolve) => output.write('', resolve));
  if (answer.lost) stderr.write('plim: the answer could not be written to standard output\n');
  await endProcess(answer.lost && exit === exits.done ? exits.failed : exit);
}
