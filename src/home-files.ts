import { join } from 'node:path';
import type { Account } from './store/accounts.js';
import { diskVfs } from './vfs/disk.js';
import { makeHome } from './vfs/forbidden-homes.js';
import { measure, type Usage } from './vfs/measure.js';
import type { OpenInodes } from './vfs/open-inodes.js';
import type { PathThreads } from './vfs/path-threads.js';
import type { Vfs } from './vfs/vfs.js';

/** The files of homes without any rule, wherever they are; `home.ts` puts the rules around them. */
export interface HomeFiles {
  /**
   * The files of an account's home for one connection, which closes them at its end.
   * @param make whether a home that may be made at its first use is made now; not when somebody else looks in
   * @throws Fault whose text is for the operator
   */
  open(account: Account, make: boolean): Promise<Vfs>;
  /** What the account's home holds. @param opened what `open` gave the connection that asks */
  usage(account: Account, opened: Vfs): Promise<Usage>;
}

export interface DiskFiles {
  readonly threads: PathThreads;
  readonly inodes: OpenInodes;
  /** Permission bits that new files and folders lack. */
  readonly umask: number;
  /** Homes in here are made at their first use; one elsewhere that is missing may be a disk that is not mounted. */
  readonly folder: string | null;
}

/** Each home a folder of the host, at its account's `home.path`. */
export function diskFiles({ threads, inodes, umask, folder }: DiskFiles): HomeFiles {
  const counting = new Map<string, Promise<Usage>>();

  const opened = (path: string): Promise<Vfs> => diskVfs({ root: path, umask, threads, inodes });

  return {
    open: async ({ home: { path } }, make) => {
      if (make && folder !== null && path.startsWith(join(folder, '/'))) await makeHome(path);
      return opened(path);
    },
    // Through a filesystem of its own: whoever asks while it is being counted gets the same answer, whoever leaves first.
    usage: ({ home: { path } }) => {
      const running =
        counting.get(path) ??
        opened(path)
          .then((vfs) => measure(vfs).finally(() => vfs.close()))
          .finally(() => counting.delete(path));
      counting.set(path, running);
      return running;
    },
  };
}
