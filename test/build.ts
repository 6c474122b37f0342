import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { loadHostKeys } from '../src/ssh/host-key-files.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with host keys that every server of the tests may have a copy of: an RSA key takes long to make. */
    readonly hostKeys: string;
  }
}

/** Threads and spawned programs run from `dist/`, because Node 20 cannot load `.ts` in a worker. */
export async function setup(project: TestProject): Promise<() => void> {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
  });
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-host-keys-'));
  await loadHostKeys(join(folder, 'keys'));
  project.provide('hostKeys', join(folder, 'keys'));
  return () => rmSync(folder, { recursive: true });
}
