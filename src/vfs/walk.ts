import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { join, split, type SplitPath } from './path.js';

/** What stands behind one name. */
export type Found<Folder> =
  | { readonly kind: 'folder'; readonly folder: Folder }
  | { readonly kind: 'symlink'; readonly target: ByteString }
  | { readonly kind: 'missing' }
  | { readonly kind: 'other' };

/** Folders that can be walked, whatever they are made of. */
export interface Tree<Folder> {
  readonly root: Folder;
  /** How many folders a walk holds at once; those above are looked up again when `..` comes back to them. */
  readonly held: number;
  /** Looks up one name, itself never followed. A folder that was found is the walk's to release. */
  look(folder: Folder, name: ByteString): Found<Folder>;
  release(folder: Folder): void;
}

/** Where a path ends: `name` in `folder`, or the folder itself where `name` is empty. */
export interface Place<Folder> {
  readonly folder: Folder;
  readonly name: ByteString;
  /** Whether the path can only mean a folder (it ended with `/`). */
  readonly folderOnly: boolean;
}

/** As Linux: a chain of 40 symlinks resolves, the 41st is refused. */
const maxLinks = 40;
/** Look-ups of one walk: four times what the longest path needs. Symlinks could otherwise multiply it by 40. */
const maxSteps = 8192;

/**
 * Resolves one virtual path name by name on its own stack of folders (J1): `..` pops the stack, an absolute symlink
 * starts again from the root, and no path of more than one name is ever handed on. The last name is not looked up;
 * whoever asked does that, and calls `follow` where it is a symlink that stands for its target.
 */
export class Walk<Folder> {
  readonly path: SplitPath;
  readonly #tree: Tree<Folder>;
  readonly #rest: ByteString[];
  readonly #names: ByteString[] = [];
  /** Parallel to `#names`; `null` where the folder was let go. */
  readonly #folders: (Folder | null)[] = [];
  #folderOnly: boolean;
  #links = 0;
  #steps = 0;

  constructor(tree: Tree<Folder>, path: ByteString) {
    this.#tree = tree;
    this.path = split(path);
    this.#rest = this.path.names.toReversed();
    this.#folderOnly = this.path.end !== 'name';
  }

  /** Goes on to the folder that holds the last name. */
  last(): Place<Folder> {
    for (;;) {
      const name = this.#rest.pop();
      if (name === undefined) return { folder: this.#here, name: '', folderOnly: true };
      if (name === '..') this.#leave();
      else if (this.#rest.length === 0) return { folder: this.#here, name, folderOnly: this.#folderOnly };
      else this.#enter(name);
    }
  }

  /** The last name was a symlink: goes on with what it holds. */
  follow(target: ByteString): Place<Folder> {
    this.#redirect(target);
    return this.last();
  }

  /** The virtual path, without symlinks, of a place this walk came to. */
  pathOf(place: Place<Folder>): ByteString {
    return join(place.name === '' ? this.#names : [...this.#names, place.name]);
  }

  close(): void {
    while (this.#names.length > 0) this.#pop();
  }

  get #here(): Folder {
    return this.#folders.at(-1) ?? this.#tree.root;
  }

  #enter(name: ByteString): void {
    if (++this.#steps > maxSteps) throw new Fault('loop', 'the path takes too many steps to resolve');
    const found = this.#tree.look(this.#here, name);
    switch (found.kind) {
      case 'folder':
        this.#push(name, found.folder);
        return;
      case 'symlink':
        this.#redirect(found.target);
        return;
      case 'missing':
        throw new Fault('not-found');
      case 'other':
        throw new Fault('not-a-folder');
    }
  }

  #redirect(target: ByteString): void {
    if (++this.#links > maxLinks) throw new Fault('loop');
    // Linux stores no empty target; found anyway, it leads nowhere.
    if (target === '') throw new Fault('not-found');
    const { names, end } = split(target);
    if (this.#rest.length === 0 && end !== 'name') this.#folderOnly = true;
    if (target.startsWith('/')) this.close();
    this.#rest.push(...names.toReversed());
  }

  #push(name: ByteString, folder: Folder): void {
    this.#names.push(name);
    this.#folders.push(folder);
    const oldest = this.#folders.length - 1 - this.#tree.held;
    const surplus = this.#folders[oldest];
    if (surplus !== undefined && surplus !== null) {
      this.#folders[oldest] = null;
      this.#tree.release(surplus);
    }
  }

  #pop(): void {
    this.#names.pop();
    const folder = this.#folders.pop();
    if (folder !== undefined && folder !== null) this.#tree.release(folder);
  }

  #leave(): void {
    this.#pop();
    if (this.#folders.at(-1) !== null) return;
    const names = this.#names.splice(0);
    this.#folders.length = 0;
    for (const name of names) {
      if (++this.#steps > maxSteps) throw new Fault('loop', 'the path takes too many steps to resolve');
      const found = this.#tree.look(this.#here, name);
      // It was a folder a moment ago: somebody moves things about, and no answer would be more right than this one.
      if (found.kind !== 'folder') throw new Fault('not-found');
      this.#push(name, found.folder);
    }
  }
}

/**
 * The place of an entry that is to be made, moved or removed by name: no symlink is followed there.
 * @throws Fault `denied` for the home itself, `invalid` where the path ends in `.` or `..`
 */
export function placeToChange<Folder>(walk: Walk<Folder>): Place<Folder> {
  const { names, end } = walk.path;
  if (names.length === 0) throw new Fault('denied', 'the home itself stays where it is');
  if (end === 'dots' || names.at(-1) === '..')
    throw new Fault('invalid', "'.' and '..' are no names that could be changed");
  return walk.last();
}

/** The place for a new entry, which must be free. */
export function placeToMake<Folder>(walk: Walk<Folder>): Place<Folder> {
  const place = walk.last();
  if (place.name === '') throw new Fault('exists');
  if (walk.path.end === 'dots') throw new Fault('invalid', "'.' and '..' are no names for something new");
  return place;
}
