import * as fs from 'node:fs';
import { Fault } from '../fault.js';
import { fromBytes, toBytes, type ByteString } from '../names.js';
import { diskFault, errnoOf } from './errno.js';
import { kindOf } from './stats.js';
import { Walk, type Found, type Place, type Tree } from './walk.js';

/**
 * A home as path threads know it. All calls of the `jail-*.ts` files are synchronous and run whole in a path thread;
 * descriptors belong to the process, so that one side opens what the other uses.
 */
export interface Jail {
  /** Descriptor of the home (O_PATH), open for as long as any call that carries it. */
  readonly root: number;
  /** The filesystem the home is on. */
  readonly dev: number;
  /** Real path of the home on the host. */
  readonly realPath: ByteString;
}

/** Node has no name for it: a descriptor that marks a place and neither reads, writes nor blocks. */
export const O_PATH = 0o10000000;
const { O_NOFOLLOW } = fs.constants;

/** Descriptors one walk holds at most; a path of 2048 folders must not need as many. */
const heldFolders = 64;

/** The host's path for one name in an open folder, or for the folder itself (J1). */
export function entry(folder: number, name: ByteString): Buffer {
  return toBytes(name === '' ? `/proc/self/fd/${folder}` : `/proc/self/fd/${folder}/${name}`);
}

/** Whatever the descriptor stands for, through the kernel's own link to it. */
export function self(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** Marks what a name stands for, unfollowed; `null` where there is nothing. */
export function mark(folder: number, name: ByteString): number | null {
  try {
    return fs.openSync(entry(folder, name), O_PATH | O_NOFOLLOW);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

/** What a symlink holds as its walk reads it: a leading real path of the home is the home's root (J2). */
export function linkTarget(jail: Jail, folder: number, name: ByteString): ByteString {
  try {
    return withoutHome(jail, fromBytes(fs.readlinkSync(entry(folder, name), { encoding: 'buffer' })));
  } catch (thrown) {
    // No symlink any more: somebody swapped it. The name itself as target makes the walk look again.
    if (errnoOf(thrown) === 'EINVAL') return name;
    throw thrown;
  }
}

/** Cuts the home's real path from the front of a text, only where a name ends. */
export function withoutHome(jail: Jail, target: ByteString): ByteString {
  const home = jail.realPath;
  if (target === home) return '/';
  return target.startsWith(`${home}/`) ? target.slice(home.length) : target;
}

/** J4: a folder or file on another filesystem is shown where it is mounted, and not entered, opened or changed. */
export function refuseOtherFilesystem(jail: Jail, stat: fs.Stats): void {
  if (stat.dev !== jail.dev) throw new Fault('denied', 'another filesystem is mounted there');
}

class Folders implements Tree<number> {
  readonly root: number;
  readonly held = heldFolders;
  readonly #jail: Jail;

  constructor(jail: Jail) {
    this.root = jail.root;
    this.#jail = jail;
  }

  look(folder: number, name: ByteString): Found<number> {
    const marked = mark(folder, name);
    if (marked === null) return { kind: 'missing' };
    let kept = false;
    try {
      const stat = fs.fstatSync(marked);
      const kind = kindOf(stat.mode);
      if (kind === 'symlink') return { kind, target: linkTarget(this.#jail, folder, name) };
      if (kind !== 'folder') return { kind: 'other' };
      refuseOtherFilesystem(this.#jail, stat);
      kept = true;
      return { kind, folder: marked };
    } finally {
      if (!kept) fs.closeSync(marked);
    }
  }

  release(folder: number): void {
    fs.closeSync(folder);
  }
}

/** Walks a path and closes what the walk held, whatever happens. */
export function walking<T>(jail: Jail, path: ByteString, use: (walk: Walk<number>) => T): T {
  try {
    const walk = new Walk(new Folders(jail), path);
    try {
      return use(walk);
    } finally {
      walk.close();
    }
  } catch (thrown) {
    throw diskFault(thrown);
  }
}

/** An inode that is held by a descriptor: it stays the same whatever happens to its names. */
export interface Held {
  /** O_PATH descriptor, never of a symlink unless symlinks were not followed. */
  readonly descriptor: number;
  readonly stat: fs.Stats;
  readonly place: Place<number>;
}

/** Marks what stands at a place, for as long as `use` runs; `null` where there is nothing. */
export function holding<T>(place: Place<number>, use: (held: Held) => T): T | null {
  if (place.name === '') {
    return use({ descriptor: place.folder, stat: fs.fstatSync(place.folder), place });
  }
  const descriptor = mark(place.folder, place.name);
  if (descriptor === null) return null;
  try {
    return use({ descriptor, stat: fs.fstatSync(descriptor), place });
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What `reach` calls back with. */
export interface Arrival<T> {
  readonly found: (held: Held) => T;
  /** The last name stands for nothing; the place is where it would be. */
  readonly missing: (place: Place<number>) => T;
}

const followed = Symbol('followed');

/** Goes to the last name and, with `follow`, through the symlinks that it stands for. */
export function reach<T>(jail: Jail, walk: Walk<number>, follow: boolean, { found, missing }: Arrival<T>): T {
  let place = walk.last();
  for (;;) {
    const { folder, name, folderOnly } = place;
    let target: ByteString = '';
    const result = holding(place, (held): { readonly value: T } | typeof followed => {
      const kind = kindOf(held.stat.mode);
      if (kind === 'symlink' && (follow || folderOnly)) {
        target = linkTarget(jail, folder, name);
        return followed;
      }
      if (folderOnly && kind !== 'folder') throw new Fault('not-a-folder');
      return { value: found(held) };
    });
    if (result === null) return missing(place);
    if (result !== followed) return result.value;
    place = walk.follow(target);
  }
}
