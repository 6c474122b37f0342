import { execFileSync } from 'node:child_process';
import type { TestContext } from 'vitest';

/** Mounts, or skips the test where this user may not; with `CI=true` nothing is skipped, so there it fails. */
export function mountOrSkip(context: TestContext, ...args: readonly string[]): void {
  try {
    execFileSync('mount', args, { stdio: 'pipe' });
  } catch (cause) {
    if (process.env['CI'] === 'true') throw new Error(`mount ${args.join(' ')} failed`, { cause });
    context.skip(`this user may not mount: ${args.join(' ')}`);
  }
}
