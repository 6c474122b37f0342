import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { loadHostKeys } from '../src/ssh/host-key-files.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with host keys that every server of the tests may have a copy of: an RSA key takes long to make. */
    readonly hostKeys: string;
  }
}

const top = fileURLToPath(new URL('..', import.meta.url));

function node(...args: readonly string[]): void {
  execFileSync(process.execPath, args, { cwd: top, stdio: 'inherit' });
}

/** Whether what `npm run build` writes last is older than anything that `dist/` is made of. */
function isOld(): boolean {
  const built = statSync(join(top, 'dist/plim.mjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(top, 'src'), { recursive: true, encoding: 'utf8' }).map(
    (name) => `src/${name}`,
  );
  const settings = ['rolldown.config.js', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  return [...settings, 'package.json', ...sources].some((name) => statSync(join(top, name)).mtimeMs > built);
}

/** Threads and spawned programs run from `dist/`, because Node 20 cannot load `.ts` in a worker. */
export async function setup(project: TestProject): Promise<() => void> {
  if (isOld()) {
    node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
    node('node_modules/rolldown/bin/cli.mjs', '-c');
  }
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-host-keys-'));
  await loadHostKeys(join(folder, 'keys'));
  project.provide('hostKeys', join(folder, 'keys'));
  return () => rmSync(folder, { recursive: true });
}
