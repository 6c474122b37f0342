import { accessSync, constants, rmSync, statfsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskVfs } from '../../src/vfs/disk.js';
import { OpenInodes } from '../../src/vfs/open-inodes.js';
import { pathThreads, type PathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';

export interface HomeFolder {
  /** Folder of the host that holds everything: many levels up from the home, so that what climbs out stays here. */
  readonly around: string;
  readonly root: string;
  readonly vfs: Vfs;
  readonly threads: PathThreads;
  readonly inodes: OpenInodes;
  readonly close: () => Promise<void>;
}

export interface HomeFolderOptions {
  readonly umask?: number;
  /** Threads to share; otherwise the home gets its own and ends them. */
  readonly threads?: PathThreads;
  /** On a filesystem in memory where the host has one: for very many entries, which take a disk ten seconds to make. */
  readonly inMemory?: boolean;
}

const memoryFolder = '/dev/shm';

function inMemoryIfPossible(): string {
  try {
    accessSync(memoryFolder, constants.W_OK);
    return statfsSync(memoryFolder).ffree > 500_000 ? memoryFolder : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** A home on the real disk. */
export async function homeFolder({
  umask = 0o022,
  threads,
  inMemory = false,
}: HomeFolderOptions = {}): Promise<HomeFolder> {
  const around = await mkdtemp(join(inMemory ? inMemoryIfPossible() : tmpdir(), 'plimsoll-vfs-'));
  const root = join(around, ...Array.from({ length: 20 }, () => 'l'), 'jail-home');
  await mkdir(root, { recursive: true });
  const pool = threads ?? pathThreads(4);
  const inodes = new OpenInodes();
  const vfs = await diskVfs({ root, threads: pool, inodes, umask });
  return {
    around,
    root,
    vfs,
    threads: pool,
    inodes,
    close: async () => {
      await vfs.close();
      if (!threads) await pool.close();
      // Node's asynchronous way takes thrice as long.
      rmSync(around, { recursive: true, force: true });
    },
  };
}
