import * as fs from 'node:fs';
import { Fault } from '../fault.js';
import { fromBytes, type ByteString } from '../names.js';
import { diskFault, errnoOf } from './errno.js';
import {
  entry,
  linkTarget,
  mark,
  reach,
  refuseOtherFilesystem,
  self,
  walking,
  withoutHome,
  type Jail,
} from './jail.js';
import { nameMax, singleName } from './path.js';
import { kindOf, packStats, toStats } from './stats.js';
import type { Inode, Space, Stats } from './vfs.js';

export function stat(jail: Jail, path: ByteString, follow: boolean): Stats {
  return walking(jail, path, (walk) => {
    let place = walk.last();
    for (;;) {
      const { folder, name, folderOnly } = place;
      // One call instead of four: nothing is opened here, so nothing needs to be held first.
      const found =
        name === '' ? fs.fstatSync(folder) : fs.lstatSync(entry(folder, name), { throwIfNoEntry: false });
      if (!found) throw new Fault('not-found');
      const kind = kindOf(found.mode);
      if (kind !== 'symlink' || !(follow || folderOnly)) {
        if (folderOnly && kind !== 'folder') throw new Fault('not-a-folder');
        return toStats(found);
      }
      place = walk.follow(linkTarget(jail, folder, name));
    }
  });
}

export function readlink(jail: Jail, path: ByteString): ByteString {
  return walking(jail, path, (walk) => {
    const { folder, name, folderOnly } = walk.last();
    try {
      if (name !== '' && !folderOnly) {
        return withoutHome(jail, fromBytes(fs.readlinkSync(entry(folder, name), { encoding: 'buffer' })));
      }
    } catch (thrown) {
      if (errnoOf(thrown) !== 'EINVAL') throw thrown;
    }
    throw new Fault('invalid', 'not a symbolic link');
  });
}

export function realpath(jail: Jail, path: ByteString): ByteString {
  return walking(jail, path, (walk) => {
    let place = walk.last();
    for (;;) {
      const { folder, name, folderOnly } = place;
      if (name === '') return walk.pathOf(place);
      const found = fs.lstatSync(entry(folder, name), { throwIfNoEntry: false });
      if (!found) return walk.pathOf(place);
      const kind = kindOf(found.mode);
      if (kind !== 'symlink') {
        if (folderOnly && kind !== 'folder') throw new Fault('not-a-folder');
        return walk.pathOf(place);
      }
      place = walk.follow(linkTarget(jail, folder, name));
    }
  });
}

export function space(jail: Jail, path: ByteString): Space {
  return walking(jail, path, (walk) =>
    reach(jail, walk, true, {
      found: ({ descriptor }) => spaceAt(descriptor),
      missing: () => {
        throw new Fault('not-found');
      },
    }),
  );
}

function spaceAt(descriptor: number): Space {
  return toSpace(fs.statfsSync(self(descriptor), { bigint: true }), isReadOnly(descriptor));
}

function isReadOnly(descriptor: number): boolean {
  try {
    fs.accessSync(self(descriptor), fs.constants.W_OK);
  } catch (thrown) {
    return errnoOf(thrown) === 'EROFS';
  }
  return false;
}

const largest = BigInt(Number.MAX_SAFE_INTEGER);

export function toSpace(figures: fs.BigIntStatsFs, readOnly: boolean): Space {
  const number = (value: bigint): number => Number(value > largest ? largest : value);
  return {
    bytesTotal: number(figures.blocks * figures.bsize),
    bytesFree: number(figures.bavail * figures.bsize),
    filesTotal: number(figures.files),
    filesFree: number(figures.ffree),
    readOnly,
    nameMax,
  };
}

/** A folder that is held for listing. */
export interface HeldFolder extends Inode {
  /** Belongs to the caller, who closes it. */
  readonly descriptor: number;
}

/** Holds a folder for listing. */
export function holdFolder(jail: Jail, path: ByteString): HeldFolder {
  return walking(jail, path, (walk) =>
    reach(jail, walk, true, {
      found: (held) => holdMarked(jail, held.descriptor, held.stat),
      missing: () => {
        throw new Fault('not-found');
      },
    }),
  );
}

/** The same for a folder right in one that is held. */
export function holdWithin(jail: Jail, folder: number, name: ByteString): HeldFolder {
  try {
    const marked = mark(folder, singleName(name));
    if (marked === null) throw new Fault('not-found');
    try {
      return holdMarked(jail, marked, fs.fstatSync(marked));
    } finally {
      fs.closeSync(marked);
    }
  } catch (thrown) {
    throw diskFault(thrown);
  }
}

function holdMarked(jail: Jail, marked: number, found: fs.Stats): HeldFolder {
  if (kindOf(found.mode) !== 'folder') throw new Fault('not-a-folder');
  refuseOtherFilesystem(jail, found);
  // Through the link to the descriptor: a second one that outlives the first, of the very same folder.
  const descriptor = fs.openSync(self(marked), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  return { descriptor, dev: found.dev, ino: found.ino };
}

/** What stands behind each of `names` in a held folder, packed; nothing for names that have vanished meanwhile. */
export function statEach(folder: number, names: readonly ByteString[]): Float64Array {
  return packStats(
    names.map((name) => {
      try {
        const found = fs.lstatSync(entry(folder, name), { throwIfNoEntry: false });
        return found ? toStats(found) : null;
      } catch {
        // A broken entry (EIO, a dead mount) must not hide all the others.
        return null;
      }
    }),
  );
}
