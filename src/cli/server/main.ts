import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { exits } from '../exit.js';
import { runProgram } from '../program.js';
import { createTerminal } from '../terminal.js';
import { serverProgram } from './commands.js';
import { endProcess } from '../end-process.js';
import type { StartApp } from './serve.js';

/** Runs `plimsoll` as it was called, and ends the process with its exit code. */
export async function main(loadApp: () => Promise<StartApp>): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  const cwd = process.cwd();
  const answer = { lost: false };
  for (const output of [stdout, stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      // Who reads (`| head`) may go; what is not printed then is nobody's loss. A full disk is.
      if (output === stdout && error.code !== 'EPIPE') answer.lost = true;
    });
  }
  const exit = await runProgram(serverProgram(packageVersion(), loadApp), {
    argv: argv.slice(2),
    env,
    cwd,
    stdout,
    stderr,
    terminal: createTerminal(stdin, stderr),
    program: calledAs(argv[1] ?? 'plimsoll', cwd),
  });
  await new Promise((resolve) => stdout.write('', resolve));
  if (answer.lost) stderr.write('plimsoll: the answer could not be written to standard output\n');
  await endProcess(answer.lost && exit === exits.done ? exits.failed : exit);
}

/** How to call this program again: by its name where it is installed, otherwise by its file. */
function calledAs(script: string, cwd: string): string {
  if (basename(script) === 'plimsoll') return 'plimsoll';
  const near = relative(cwd, script);
  return `node ${near.startsWith('..') ? script : near}`;
}

function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
