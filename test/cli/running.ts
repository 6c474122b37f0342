import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { commandsOn } from './in-process.js';
import { environment, freshRoot, program } from './plimsoll.js';

const running = new Set<ChildProcess>();

/** To be called after each test: what it left running is killed. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

/** Starts the real server; resolves when it says that it listens, or ended. */
export async function serve(
  root: string,
  args: readonly string[] = ['--listen', '127.0.0.1:0'],
  cwd = dirname(root),
  node: readonly string[] = [],
) {
  const child = spawn(process.execPath, [...node, program, 'serve', ...args], {
    cwd,
    env: environment(root),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code: code as number | null, signal: signal as string | null };
  });
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (/^plimsoll listening on .*\n/m.test(out)) resolve();
    });
    void ended.then(() => resolve());
  });
  return {
    child,
    ended,
    out: () => out,
    err: () => err,
    port: () => Number(/^plimsoll listening on .*:(\d+)$/m.exec(out)?.[1]),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** A root without accounts, whose host keys are there already: an RSA key takes long to make. */
export function rootWithKeys(): string {
  const root = freshRoot();
  mkdirSync(root);
  cpSync(inject('hostKeys'), join(root, 'keys'), { recursive: true });
  return root;
}

/** The same with the account `alice`, whose password is `secret`. */
export async function rootWithAlice(): Promise<string> {
  const root = rootWithKeys();
  await commandsOn(root)(['user', 'add', 'alice', '--password-stdin'], { input: 'secret' });
  return root;
}
