import * as fs from 'node:fs';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { entry, holding, reach, refuseOtherFilesystem, self, walking, type Held, type Jail } from './jail.js';
import { fileMode, folderMode } from './modes.js';
import { change, kindOf, sizeKept, toStats } from './stats.js';
import type { Change, SetAttributes, Stats } from './vfs.js';
import { placeToChange, placeToMake } from './walk.js';

/** What this file sets; sizes go through an open handle, which knows who else writes. */
export type InodeAttributes = Omit<SetAttributes, 'size'>;

/** T6: Node would take a negative number of seconds for now, and a Date for what it says. */
export function toDate(seconds: number): Date {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new Fault('invalid', 'a time is out of range');
  return date;
}

export function set(jail: Jail, path: ByteString, attributes: InodeAttributes, follow: boolean): Change {
  return walking(jail, path, (walk) =>
    reach(jail, walk, follow, {
      found: (held) => setHeld(jail, held, attributes),
      missing: () => {
        throw new Fault('not-found');
      },
    }),
  );
}

function setHeld(jail: Jail, { descriptor, stat, place }: Held, attributes: InodeAttributes): Change {
  const { mode, owner, times } = attributes;
  refuseOtherFilesystem(jail, stat);
  const kind = kindOf(stat.mode);
  const dates = times && { atime: toDate(times.atime), mtime: toDate(times.mtime) };
  if (kind === 'symlink') {
    if (mode !== undefined) throw new Fault('unsupported', 'a symbolic link has no permissions of its own');
    // Here alone the name is used once more; a file that was swapped in would at worst get the times instead.
    const link = entry(place.folder, place.name);
    if (owner) fs.lchownSync(link, owner.uid, owner.gid);
    if (dates) fs.lutimesSync(link, dates.atime, dates.mtime);
  } else {
    const path = self(descriptor);
    if (owner) fs.chownSync(path, owner.uid, owner.gid);
    if (mode !== undefined) fs.chmodSync(path, kind === 'folder' ? folderMode(mode) : fileMode(mode));
    if (dates) fs.utimesSync(path, dates.atime, dates.mtime);
  }
  return sizeKept(toStats(fs.fstatSync(descriptor)));
}

export function mkdir(jail: Jail, path: ByteString, mode: number, umask: number): Change {
  return walking(jail, path, (walk) => {
    const place = placeToMake(walk);
    const wanted = folderMode(mode, umask);
    fs.mkdirSync(entry(place.folder, place.name), wanted);
    const made = holding(place, ({ descriptor, stat }) => {
      if (kindOf(stat.mode) !== 'folder' || (stat.mode & 0o777) === wanted) return toStats(stat);
      // As for files: neither the umask of the process nor an ACL decides (J6).
      fs.chmodSync(self(descriptor), wanted);
      return toStats(fs.fstatSync(descriptor));
    });
    return change(null, alive(made));
  });
}

export function symlink(jail: Jail, path: ByteString, target: ByteString): Change {
  if (target === '') throw new Fault('invalid', 'a symbolic link needs a target');
  if (target.includes('\0')) throw new Fault('bad-name', 'a name cannot contain NUL');
  return walking(jail, path, (walk) => {
    const place = placeToMake(walk);
    if (place.folderOnly) throw new Fault('not-found');
    fs.symlinkSync(Buffer.from(target, 'latin1'), entry(place.folder, place.name));
    return change(null, alive(holding(place, ({ stat }) => toStats(stat))));
  });
}

/** Another name for a regular file of this home. Linux' link(2) follows no symlink as last name; neither do we. */
export function link(jail: Jail, existing: ByteString, name: ByteString): Change {
  return walking(jail, existing, (from) =>
    walking(jail, name, (to) => {
      const made = holding(from.last(), ({ descriptor, stat, place }) => {
        const kind = kindOf(stat.mode);
        if (kind === 'folder') throw new Fault('is-a-folder');
        if (kind !== 'file') throw new Fault('not-a-file', 'only a regular file can have another name');
        if (place.folderOnly) throw new Fault('not-a-folder');
        refuseOtherFilesystem(jail, stat);
        const target = placeToMake(to);
        if (target.folderOnly) throw new Fault('not-found');
        fs.linkSync(entry(place.folder, place.name), entry(target.folder, target.name));
        return sizeKept(toStats(fs.fstatSync(descriptor)));
      });
      if (!made) throw new Fault('not-found');
      return made;
    }),
  );
}

export function remove(jail: Jail, path: ByteString): Change {
  return removing(jail, path, ({ stat, place }) => {
    const kind = kindOf(stat.mode);
    if (kind === 'folder') throw new Fault('is-a-folder');
    if (place.folderOnly) throw new Fault('not-a-folder');
    fs.unlinkSync(entry(place.folder, place.name));
  });
}

export function rmdir(jail: Jail, path: ByteString): Change {
  return removing(jail, path, ({ stat, place }) => {
    if (kindOf(stat.mode) !== 'folder') throw new Fault('not-a-folder');
    fs.rmdirSync(entry(place.folder, place.name));
  });
}

/**
 * Removes an entry and measures what that did to its inode: held before, looked at after. Within one server the
 * changes of a home run one after another (`path-threads.ts`); if a program on the host swaps the name between the
 * two calls, what it put there is removed while the inode that was held is reported with its links unchanged.
 */
function removing(jail: Jail, path: ByteString, take: (held: Held) => void): Change {
  return walking(jail, path, (walk) => {
    const removed = holding(placeToChange(walk), (held) => {
      refuseOtherFilesystem(jail, held.stat);
      take(held);
      return sizeKept(afterwards(held));
    });
    if (!removed) throw new Fault('not-found');
    return removed;
  });
}

/** The inode that is held, now; a folder without a name counts no links, whatever its filesystem says. */
export function afterwards({ descriptor, stat }: Held): Stats {
  const now = toStats(fs.fstatSync(descriptor));
  return kindOf(stat.mode) === 'folder' ? { ...now, nlink: 0 } : now;
}

function alive(stats: Stats | null): Stats {
  if (!stats) throw new Fault('busy', 'it was made, and taken away again at once by somebody else');
  return stats;
}
