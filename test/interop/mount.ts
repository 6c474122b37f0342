import { spawnSync } from 'node:child_process';
import { accessSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { missing, run } from './programs.js';
import { must, type TestServer } from './server.js';

/** Whether sshfs cannot be tried here: `missing` says it of the programs, and of `/dev/fuse` this does likewise. */
export function cannotMount(): boolean {
  if (missing('sshfs', 'fusermount3')) return true;
  try {
    accessSync('/dev/fuse');
    return false;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('/dev/fuse cannot be opened');
    return true;
  }
}

export interface Mount {
  readonly path: string;
  unmount(): void;
}

/** Mounts a home by sshfs; `options` are what it takes after `-o`. */
export async function mountHome(
  server: TestServer,
  name: string,
  options: readonly string[] = [],
  account = 'alice',
): Promise<Mount> {
  const path = join(server.work, name);
  mkdirSync(path);
  await must(
    run('sshfs', [
      ...server.sshOptions.filter((word) => word !== '-F' && word !== '/dev/null').flatMap(asSshfsOption),
      ...options.flatMap((option) => ['-o', option]),
      ...['-p', String(server.port), `${account}@127.0.0.1:`, path],
    ]),
  );
  return { path, unmount: () => void spawnSync('fusermount3', ['-u', '-z', path]) };
}

/** sshfs takes ssh's `-i FILE` as `-o IdentityFile=FILE` and hands every `-o` on. */
function asSshfsOption(word: string, index: number, words: readonly string[]): string[] {
  if (word === '-i') return [];
  return words[index - 1] === '-i' ? ['-o', `IdentityFile=${word}`] : [word];
}
