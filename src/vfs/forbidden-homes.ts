import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Fault } from '../fault.js';
import { diskFault, errnoOf } from './errno.js';

export interface Surroundings {
  /** The root of the installation (`--root`). */
  readonly root: string;
  /** Where the program itself is installed. */
  readonly programFolder: string;
  /** Homes of the other accounts; one that is the same folder is shared, which is allowed. */
  readonly otherHomes: readonly string[];
}

/** The program's own folders, where it is installed in, or around, the root itself. */
const programFolders = [
  'dist',
  'src',
  'node_modules',
  'bin',
  'test',
  'bench',
  'docs',
  '.git',
  '.ci',
] as const;
const rootFolders = ['keys', 'var', 'etc'] as const;

/**
 * Whether a folder of the host may be a home (J5), by real path and by (dev, ino), so that neither symlinks nor bind
 * mounts hide what it is. The folder may be missing yet; `makeHome` makes it.
 * @returns its real path
 * @throws Fault `denied`, `not-a-folder`, each with a sentence for the operator
 */
export async function checkHome(path: string, surroundings: Surroundings): Promise<string> {
  const home = await locate(path);
  if (home.exists && !(await stat(home.real)).isDirectory()) {
    throw new Fault('not-a-folder', `${path} is not a folder`);
  }
  const root = await locate(surroundings.root);
  const program = await locate(surroundings.programFolder);
  if (home.real === '/' || sameFolder(home, await locate('/'))) refuse(path, 'it is the root of the host');
  if (isWithin(root, home)) refuse(path, 'it is, or contains, the root of this installation');
  const around = isWithin(root, program);
  const own = [
    ...rootFolders.map((name) => join(root.real, name)),
    ...(around ? programFolders.map((name) => join(program.real, name)) : [program.real]),
  ];
  for (const folder of own) {
    const other = await locate(folder);
    // A root kept in one of the program's folders (docs/example) is still a root.
    if (isWithin(root, other) && isWithin(home, root)) continue;
    if (isWithin(home, other)) refuse(path, `it lies in ${folder}`);
    if (isWithin(other, home)) refuse(path, `it contains ${folder}`);
  }
  if (around && isWithin(home, program) && !isWithin(home, root)) {
    refuse(path, `it lies in the program's folder ${program.real}`);
  }
  if (isWithin(program, home)) refuse(path, `it contains the program's folder ${program.real}`);
  for (const folder of surroundings.otherHomes) {
    const other = await locate(folder);
    if (sameFolder(home, other)) continue;
    if (isWithin(home, other)) refuse(path, `it lies inside another home, ${folder}`);
    if (isWithin(other, home)) refuse(path, `it contains another home, ${folder}`);
  }
  return home.real;
}

/**
 * What a program that embeds the server may choose as a home: a folder that is there, neither the host's root nor in or
 * around one of `others`, by real path and by (dev, ino). One that is the same folder is shared.
 * @throws Fault `not-found`, `denied`, `not-a-folder`, each with a sentence
 */
export async function assertApart(path: string, others: readonly string[]): Promise<Place> {
  const home = await locate(path);
  if (!home.exists) throw new Fault('not-found', `${path} cannot be a home: there is no such folder`);
  if (!(await stat(home.real)).isDirectory()) throw new Fault('not-a-folder', `${path} is not a folder`);
  if (home.real === '/' || sameFolder(home, await locate('/'))) refuse(path, 'it is the root of the host');
  for (const folder of others) {
    const other = await locate(folder);
    assertBeside(home, other);
  }
  return home;
}

/**
 * That neither of two homes contains the other; they may be the same. It asks no disk: whoever is there already may be
 * on one that hangs.
 * @throws Fault `denied` with a sentence
 */
export function assertBeside(home: Place, other: Place): void {
  if (sameFolder(home, other)) return;
  if (isWithin(home, other)) refuse(home.path, `it lies in ${other.path}`);
  if (isWithin(other, home)) refuse(home.path, `it contains ${other.path}`);
}

/**
 * Makes the folder of a home, mode 0700, and what is missing above it; one that is there is left as it is. Check
 * first. @returns its real path
 */
export async function makeHome(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return await realpath(path);
  } catch (thrown) {
    const fault = diskFault(thrown);
    throw new Fault(fault.code, `the home ${path} cannot be made: ${fault.message}`, { cause: thrown });
  }
}

/** Where a folder of the host was found, whatever leads there. */
export interface Place {
  /** As it was given. */
  readonly path: string;
  /** Real path; of what is missing, as it would be. */
  readonly real: string;
  /** (dev, ino) of the folder and of all above it, itself first; a missing folder has none of its own. */
  readonly chain: readonly string[];
  readonly exists: boolean;
}

async function locate(path: string): Promise<Place> {
  const missing: string[] = [];
  let existing = resolve(path);
  let real: string | null = null;
  while (real === null) {
    try {
      real = await realpath(existing);
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOENT') throw unusable(path, thrown);
      if (
        await lstat(existing).then(
          () => true,
          () => false,
        )
      ) {
        throw new Fault('not-found', `${existing} is a symbolic link to nothing`, { cause: thrown });
      }
      missing.unshift(basename(existing));
      existing = dirname(existing);
    }
  }
  const chain: string[] = [];
  for (let at = real; ; at = dirname(at)) {
    const found = await stat(at, { bigint: true });
    chain.push(`${found.dev}:${found.ino}`);
    if (at === '/') break;
  }
  return { path, real: join(real, ...missing), chain, exists: missing.length === 0 };
}

function unusable(path: string, thrown: unknown): Fault {
  const { code, message } = diskFault(thrown);
  return new Fault(code, `${path} cannot be used: ${message}`, { cause: thrown });
}

function sameFolder(one: Place, other: Place): boolean {
  return one.real === other.real || (one.exists && other.exists && one.chain[0] === other.chain[0]);
}

/** Whether `inner` is `outer` or lies below it. */
function isWithin(inner: Place, outer: Place): boolean {
  if (inner.real === outer.real || inner.real.startsWith(`${outer.real.replace(/\/$/, '')}/`)) return true;
  const [mark] = outer.chain;
  return outer.exists && mark !== undefined && inner.chain.includes(mark);
}

function refuse(path: string, why: string): never {
  throw new Fault('denied', `${path} cannot be a home: ${why}`);
}
