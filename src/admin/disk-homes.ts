import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { diskVfs } from '../vfs/disk.js';
import { checkHome, makeHome } from '../vfs/forbidden-homes.js';
import { measure } from '../vfs/measure.js';
import { OpenInodes } from '../vfs/open-inodes.js';
import { below, nameMax, pathMax } from '../vfs/path.js';
import { pathThreads, type PathThreads } from '../vfs/path-threads.js';
import type { Entry, Vfs } from '../vfs/vfs.js';
import type { Homes } from './accounts.js';
import { RelatedHomes } from './related-homes.js';
import { belowRoot, type Root } from './root.js';

const programFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Homes on the host's disk, touched through the jail as a session would (J1). */
export function diskHomes(root: Root, settings: Settings): Homes & { close(): Promise<void> } {
  let threads: PathThreads | null = null;
  const related = new RelatedHomes();
  const anonymous = settings['anonymous.enabled'] ? belowRoot(root, settings['anonymous.home']) : null;

  const opened = (path: string): Promise<Vfs> =>
    diskVfs({
      root: path,
      threads: (threads ??= pathThreads(2)),
      umask: 0o022,
      inodes: new OpenInodes(),
    });

  return {
    anonymous,
    locate: (wish, name) => (wish === undefined ? join(root.homes, name) : belowRoot(root, wish)),
    check: async (path, others) => {
      const otherHomes = related.among(anonymous === null ? others : [...others, anonymous], path);
      const real = await checkHome(path, { root: root.path, programFolder, otherHomes });
      // One folder has one row, and one line.
      return related.sameUnderAnotherPath(others, real) ?? real;
    },
    make: async (path) => {
      const existed = existsSync(path);
      await makeHome(path);
      return existed;
    },
    usage: async (path, signal) => {
      let vfs: Vfs;
      try {
        vfs = await opened(path);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'not-found') return { bytes: 0, files: 0 };
        throw thrown;
      }
      try {
        return await measure(vfs, signal);
      } finally {
        await vfs.close();
      }
    },
    destroy: async (path) => {
      if (!existsSync(path)) return;
      const vfs = await opened(path);
      try {
        await persistently(async () => {
          await empty(vfs, '/');
          await rmdir(path);
        });
      } finally {
        await vfs.close();
      }
    },
    close: async () => threads?.close(),
  };
}

/** Sessions of an account that was just removed go on for up to a second (A3), and may make or remove a file more. */
async function persistently(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (tries === 20) throw thrown;
      await wait(100);
    }
  }
}

/** Bytes of a folder's path, so that whatever is in it can still be named. */
const longestFolder = pathMax - nameMax - 1;

/**
 * Removes everything in a folder, some entries at a time: a listing that goes on while its folder changes may skip some.
 * Renames can have made a tree deeper than a path is long: what lies too deep is moved to the top, to be met there.
 */
async function empty(vfs: Vfs, folder: ByteString): Promise<void> {
  for (let batch = await firstOf(vfs, folder); batch.length > 0; batch = await firstOf(vfs, folder)) {
    for (const { name, stats } of batch) {
      const path = below(folder, name);
      if (stats.kind === 'folder' && path.length > longestFolder) {
        await vfs.rename(path, below('/', randomUUID()), { replace: false });
      } else if (stats.kind === 'folder') {
        await empty(vfs, path);
        await vfs.rmdir(path);
      } else {
        await vfs.remove(path);
      }
    }
  }
}

async function firstOf(vfs: Vfs, folder: ByteString): Promise<readonly Entry[]> {
  const listing = await vfs.list(folder);
  try {
    return await listing.next(256);
  } finally {
    await listing.close();
  }
}
