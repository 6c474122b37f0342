import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskVfs } from '../../src/vfs/disk.js';
import { OpenInodes } from '../../src/vfs/open-inodes.js';
import { pathThreads, type PathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';

export interface HomeFolder {
  /** Folder of the host with `home` and room for canaries beside it. */
  readonly around: string;
  readonly root: string;
  readonly vfs: Vfs;
  readonly threads: PathThreads;
  readonly inodes: OpenInodes;
  readonly close: () => Promise<void>;
}

/** A home on the real disk, with path threads of its own. */
export async function homeFolder(given: { readonly umask?: number } = {}): Promise<HomeFolder> {
  const around = await mkdtemp(join(tmpdir(), 'plimsoll-vfs-'));
  const root = join(around, 'home');
  await mkdir(root);
  const threads = pathThreads(2);
  const inodes = new OpenInodes();
  const vfs = await diskVfs({ root, threads, inodes, umask: given.umask ?? 0o022 });
  return {
    around,
    root,
    vfs,
    threads,
    inodes,
    close: async () => {
      await vfs.close();
      await threads.close();
      await rm(around, { recursive: true, force: true });
    },
  };
}
