import { join } from 'node:path';
import type { Account, Home } from './store/accounts.js';
import { diskVfs } from './vfs/disk.js';
import { makeHome } from './vfs/forbidden-homes.js';
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
  /** Whose line these files are under, where that is not the account's home for all its sessions. */
  readonly ledgerOf?: (account: Account, opened: Vfs) => Home;
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
  return {
    open: async ({ home: { path } }, make) => {
      if (make && folder !== null && path.startsWith(join(folder, '/'))) await makeHome(path);
      return diskVfs({ root: path, umask, threads, inodes });
    },
  };
}
