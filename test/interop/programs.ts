import { spawn, spawnSync, type SpawnOptionsWithoutStdio } from 'node:child_process';

/**
 * Whether the real programs are there. Without one its tests are skipped on a developer's machine; with `CI=true`
 * a missing program fails them.
 */
export function missing(...names: readonly string[]): boolean {
  const absent = names.filter((name) => spawnSync('which', [name]).status !== 0);
  if (absent.length === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`not installed: ${absent.join(', ')}`);
  console.warn(`skipped, not installed: ${absent.join(', ')}`);
  return true;
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; `input` becomes its standard input. */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio & { readonly input?: string | Buffer } = {},
): Promise<Result> {
  const { input, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, rest);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({
        status,
        stdout: Buffer.concat(out).toString('latin1'),
        stderr: Buffer.concat(err).toString('latin1'),
      }),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
