import * as fs from 'node:fs';
import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { errnoOf } from './errno.js';
import { entry, holding, refuseOtherFilesystem, walking, type Held, type Jail } from './jail.js';
import { afterwards } from './jail-change.js';
import { kindOf, sizeKept, toStats } from './stats.js';
import type { Change } from './vfs.js';
import { placeToChange, type Place } from './walk.js';

/**
 * Moves an entry. Linux' rename(2) replaces, and Node has no renameat2 to forbid it, so without `replace` the target
 * name is first taken in a way that fails where it exists: by a second link for what can have one, by an empty file
 * where there are no hard links. Checking first and renaming then would replace silently whatever came between. With
 * folders that is done all the same: rename(2) puts them in the place of nothing but an empty folder, and one that a
 * program on the host has just made loses nothing by that. An empty folder of ours, to take the name first, would be one
 * inode more than the line may allow, and would stay where the server dies.
 */
export function rename(jail: Jail, from: ByteString, to: ByteString, replace: boolean): Change {
  return walking(jail, from, (source) =>
    walking(jail, to, (target) => {
      const moved = holding(placeToChange(source), (held) => {
        const place = placeToChange(target);
        refuseOtherFilesystem(jail, held.stat);
        refuseWrongSlash(held, place);
        if (samePlace(held.place, place)) return sizeKept(toStats(held.stat));
        return replace ? replacing(held, place) : keeping(held, place);
      });
      if (!moved) throw new Fault('not-found');
      return moved;
    }),
  );
}

function refuseWrongSlash({ stat, place }: Held, target: Place<number>): void {
  const folder = kindOf(stat.mode) === 'folder';
  if (!folder && (place.folderOnly || target.folderOnly)) throw new Fault('not-a-folder');
}

/** One name of one folder, however the two paths spell it. */
function samePlace(one: Place<number>, other: Place<number>): boolean {
  if (one.name !== other.name) return false;
  const [a, b] = [fs.fstatSync(one.folder), fs.fstatSync(other.folder)];
  return a.dev === b.dev && a.ino === b.ino;
}

function path(place: Place<number>): Buffer {
  return entry(place.folder, place.name);
}

/** rename(2) itself; two names of one inode both stay, as POSIX wants it. */
function replacing(held: Held, to: Place<number>): Change {
  const victim = holding(to, (there) => {
    moveOver(held, to);
    const same = there.stat.ino === held.stat.ino && there.stat.dev === held.stat.dev;
    return same ? {} : { replaced: sizeKept(afterwards(there)) };
  });
  // Nothing was there to replace. Should a program on the host put something there just now, it is not measured.
  if (!victim) moveOver(held, to);
  return { ...sizeKept(toStats(fs.fstatSync(held.descriptor))), ...victim };
}

function moveOver(held: Held, to: Place<number>): void {
  try {
    fs.renameSync(path(held.place), path(to));
  } catch (thrown) {
    throw renameFault(held, thrown);
  }
}

function keeping(held: Held, to: Place<number>): Change {
  if (kindOf(held.stat.mode) === 'folder') moveFolder(held, to);
  else claimByLink(held, to);
  return sizeKept(toStats(fs.fstatSync(held.descriptor)));
}

/** What link(2) answers where the filesystem, or the rules of the host, allow no second name. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

function claimByLink(held: Held, to: Place<number>): void {
  try {
    fs.linkSync(path(held.place), path(to));
  } catch (thrown) {
    if (!noLinks.has(errnoOf(thrown) ?? '')) throw thrown;
    claimByFile(held, to);
    return;
  }
  const linked = fs.lstatSync(path(to), { throwIfNoEntry: false });
  const left = fs.lstatSync(path(held.place), { throwIfNoEntry: false });
  // A program on the host that swaps the old name just here could lose what it put there: so it is compared once
  // more, which leaves the time of one system call.
  if (!left || !linked || left.ino !== linked.ino || left.dev !== linked.dev) return;
  try {
    fs.unlinkSync(path(held.place));
  } catch (thrown) {
    // The old name stays, by the rights of its folder: then there was no move, and so there is no new name.
    fs.unlinkSync(path(to));
    throw thrown;
  }
}

function claimByFile(held: Held, to: Place<number>): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const claim = fs.openSync(path(to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (!stillEmpty(claim, to)) throw new Fault('exists');
    fs.renameSync(path(held.place), path(to));
  } catch (thrown) {
    if (stillEmpty(claim, to)) fs.unlinkSync(path(to));
    throw renameFault(held, thrown);
  } finally {
    fs.closeSync(claim);
  }
}

/** Whether the name still stands for our claim, and nobody has written into it. */
function stillEmpty(claim: number, to: Place<number>): boolean {
  const { dev, ino } = fs.fstatSync(claim);
  const there = fs.lstatSync(path(to), { throwIfNoEntry: false });
  return there !== undefined && there.ino === ino && there.dev === dev && there.size === 0;
}

function moveFolder(held: Held, to: Place<number>): void {
  if (fs.lstatSync(path(to), { throwIfNoEntry: false })) throw new Fault('exists');
  try {
    fs.renameSync(path(held.place), path(to));
  } catch (thrown) {
    const raced = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(thrown) ?? '');
    throw raced ? new Fault('exists', undefined, { cause: thrown }) : renameFault(held, thrown);
  }
}

function renameFault({ stat }: Held, thrown: unknown): unknown {
  if (errnoOf(thrown) === 'EINVAL' && kindOf(stat.mode) === 'folder') {
    return new Fault('invalid', 'a folder cannot be moved into itself', { cause: thrown });
  }
  return thrown;
}
