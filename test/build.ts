import { execFileSync } from 'node:child_process';

/** Threads and spawned programs run from `dist/`, because Node 20 cannot load `.ts` in a worker. */
export function setup(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
  });
}
