import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { Fault } from '../fault.js';
import { systemWords } from '../observe/system-words.js';

/** Where the things of one installation are, as absolute paths. */
export interface Root {
  readonly path: string;
  readonly database: string;
  readonly keys: string;
  readonly homes: string;
  readonly etc: string;
  readonly var: string;
  /** Where each process that serves has a socket. */
  readonly statusFolder: string;
  readonly knownHosts: string;
}

function rootAt(path: string): Root {
  return {
    path,
    database: join(path, 'var', 'plimsoll.db'),
    keys: join(path, 'keys'),
    homes: join(path, 'homes'),
    etc: join(path, 'etc'),
    var: join(path, 'var'),
    statusFolder: join(path, 'var', 'status'),
    knownHosts: join(path, 'var', 'known_hosts'),
  };
}

/**
 * The root in a folder. Its mark is the database: the folders alone come with a checkout of the sources.
 * @throws Fault `not-found`, naming the folder that was looked in; `denied` where it is not for this user to see
 */
export function findRoot(folder: string): Root {
  const root = rootAt(resolve(folder));
  if (!isThere(root)) {
    throw new Fault(
      'not-found',
      `${root.path} is no Plimsoll root (it has no var/plimsoll.db): name the right folder with --root DIR or ` +
        `PLIMSOLL_ROOT, or make it one with 'plimsoll serve' or 'plimsoll user add'`,
    );
  }
  return rootAt(realpathSync(root.path));
}

/**
 * The root in a folder, with what is missing of it made: our folders are 0700 (J6).
 * @throws Fault `failure`, naming the folder that could not be made
 */
export function makeRoot(folder: string): Root {
  const path = resolve(folder);
  make(path);
  const root = rootAt(realpathSync(path));
  for (const ours of [root.keys, root.var, root.homes]) {
    make(ours);
    tighten(ours);
  }
  // The configuration may be root's and read-only, and need not be there at all.
  if (!existsSync(root.etc)) attempt(() => mkdirSync(root.etc, { mode: 0o700 }));
  return root;
}

/** Another user's root must not pass for none: who believed that would make a second one. */
function isThere({ path, database }: Root): boolean {
  try {
    return statSync(database, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return false;
    throw new Fault(
      'denied',
      `${path} cannot be looked into: ${systemWords(cause)}; run this as the user that the server runs as`,
      { cause },
    );
  }
}

/** The user that a root belongs to, where root is about to work on it: what root makes, that user could not open. */
export function otherOwner(root: Root, uid: number | undefined): number | null {
  const owner = uid === 0 ? statSync(root.var).uid : 0;
  return owner === 0 ? null : owner;
}

/** A path of a setting or an option: below the root unless it is absolute. */
export function belowRoot(root: Root, path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(root.path, path);
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Fault('failure', `the folder ${folder} cannot be made: ${systemWords(cause)}`, { cause });
  }
}

function tighten(folder: string): void {
  const { mode } = statSync(folder);
  if ((mode & 0o077) !== 0) attempt(() => chmodSync(folder, (mode & 0o7700) | 0o700));
}

/** For what is better done, and not needed: another owner's folder is as safe as that owner made it. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    return;
  }
}
