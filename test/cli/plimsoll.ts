import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../dist/bin/plimsoll.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real path of a folder that is not there yet, in one of its own. */
export function freshRoot(): string {
  return join(realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-cli-'))), 'root');
}

/** What the program sees: nothing of the machine's own settings, and cheap password hashes. */
export function environment(root: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], PLIMSOLL_ROOT: root, PLIMSOLL_PASSWORD_COST: '10', ...more };
}

/** Runs the real program to its end, on a root; it has no terminal. */
export function plimsollOn(root: string) {
  return (
    args: readonly string[],
    {
      input = '',
      env = {},
    }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args], { env: environment(root, env) });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
}
