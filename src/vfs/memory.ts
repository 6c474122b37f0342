import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { MemoryRoom } from './memory-file.js';
import { MemoryHandle } from './memory-handle.js';
import { setNode } from './memory-set.js';
import { MemoryTree, type FolderNode, type MemoryNode } from './memory-tree.js';
import { fileMode, folderMode } from './modes.js';
import { entered, nameMax, singleName, split } from './path.js';
import { change } from './stats.js';
import type {
  Change,
  Entry,
  FollowOption,
  Handle,
  Inode,
  Kind,
  Listing,
  OpenOptions,
  SetAttributes,
  Space,
  Stats,
  Vfs,
} from './vfs.js';
import { placeToChange, placeToMake, Walk, type Place } from './walk.js';

export interface MemoryOptions {
  /** Memory that file contents may take, in bytes; holes take none. */
  readonly bytes?: number;
  readonly umask?: number;
  readonly now?: () => Date;
}

/** A filesystem that lives and dies with the process: for tests, and for programs that embed the server. */
export function memoryVfs({
  bytes = 2 ** 50,
  umask = 0o022,
  now = () => new Date(),
}: MemoryOptions = {}): Vfs {
  return new MemoryVfs(new MemoryTree(new MemoryRoom(bytes), now), umask);
}

const filesMax = 2 ** 32;

class MemoryVfs implements Vfs {
  readonly #tree: MemoryTree;
  readonly #umask: number;

  constructor(tree: MemoryTree, umask: number) {
    this.#tree = tree;
    this.#umask = umask;
  }

  open(path: ByteString, options: OpenOptions): Promise<Handle> {
    return doing(() => {
      const { create, exclusive, truncate, nofollow } = options;
      const { place, node } = this.#reach(path, !nofollow && !(create && exclusive));
      if (node && create && exclusive) throw new Fault('exists');
      if (!node && !create) throw new Fault('not-found');
      if (!node && place.folderOnly) throw new Fault('is-a-folder');
      const file = node ?? this.#tree.file(fileMode(options.mode ?? 0o666, this.#umask));
      if (file.kind === 'folder') throw new Fault('is-a-folder');
      if (file.kind !== 'file') throw new Fault('not-a-file');
      const before = node ? this.#tree.stats(node) : null;
      if (!node) this.#tree.attach(place.folder, place.name, file);
      else if (truncate) setNode(this.#tree, file, { size: 0 });
      const opened = change(before, this.#tree.stats(file));
      return new MemoryHandle(this.#tree, file, path, options, opened, () => this.#space());
    });
  }

  list(path: ByteString): Promise<Listing> {
    return doing(() => {
      const { node } = this.#reach(path, true);
      if (!node) throw new Fault('not-found');
      if (node.kind !== 'folder') throw new Fault('not-a-folder');
      return new MemoryListing(path, node, this.#tree);
    });
  }

  stat(path: ByteString, { follow }: FollowOption): Promise<Stats> {
    return doing(() => this.#tree.stats(this.#existing(path, follow)));
  }

  set(path: ByteString, attributes: SetAttributes, { follow }: FollowOption): Promise<Change> {
    return doing(() => setNode(this.#tree, this.#existing(path, follow), attributes));
  }

  mkdir(path: ByteString, mode: number): Promise<Change> {
    return doing(() =>
      this.#make(path, 'folder', (parent) => this.#tree.folder(folderMode(mode, this.#umask), parent)),
    );
  }

  rmdir(path: ByteString): Promise<Change> {
    return doing(() => {
      const { place, node } = this.#toChange(path);
      if (node.kind !== 'folder') throw new Fault('not-a-folder');
      if (node.entries.size > 0) throw new Fault('not-empty');
      return this.#unlink(place, node);
    });
  }

  remove(path: ByteString): Promise<Change> {
    return doing(() => {
      const { place, node } = this.#toChange(path);
      if (node.kind === 'folder') throw new Fault('is-a-folder');
      if (place.folderOnly) throw new Fault('not-a-folder');
      return this.#unlink(place, node);
    });
  }

  rename(from: ByteString, to: ByteString, { replace }: { readonly replace: boolean }): Promise<Change> {
    return doing(() => {
      const { place, node } = this.#toChange(from);
      const target = placeToChange(this.#walk(to));
      if (node.kind !== 'folder' && (place.folderOnly || target.folderOnly)) throw new Fault('not-a-folder');
      const unchanged = change(this.#tree.stats(node), this.#tree.stats(node));
      if (place.folder === target.folder && place.name === target.name) return unchanged;
      const victim = target.folder.entries.get(target.name);
      if (victim && !replace) throw new Fault('exists');
      if (node.kind === 'folder' && isWithin(target.folder, node)) {
        throw new Fault('invalid', 'a folder cannot be moved into itself');
      }
      if (victim === node) return unchanged;
      const replaced = victim && this.#replace(node, victim, target);
      this.#tree.detach(place.folder, place.name);
      this.#tree.attach(target.folder, target.name, node);
      return replaced ? { ...unchanged, replaced } : unchanged;
    });
  }

  #replace(node: MemoryNode, victim: MemoryNode, target: Place<FolderNode>): Change {
    if (victim.kind === 'folder' && node.kind !== 'folder') throw new Fault('is-a-folder');
    if (victim.kind !== 'folder' && node.kind === 'folder') throw new Fault('not-a-folder');
    if (victim.kind === 'folder' && victim.entries.size > 0) throw new Fault('not-empty');
    return this.#unlink(target, victim);
  }

  link(existing: ByteString, name: ByteString): Promise<Change> {
    return doing(() => {
      const { node } = this.#reach(existing, false);
      if (!node) throw new Fault('not-found');
      if (node.kind === 'folder') throw new Fault('is-a-folder');
      if (node.kind !== 'file') throw new Fault('not-a-file', 'only a regular file can have another name');
      const before = this.#tree.stats(node);
      this.#make(name, 'file', () => node);
      node.nlink++;
      return change(before, this.#tree.stats(node));
    });
  }

  symlink(name: ByteString, target: ByteString): Promise<Change> {
    return doing(() => {
      if (target === '') throw new Fault('invalid', 'a symbolic link needs a target');
      split(target);
      return this.#make(name, 'symlink', () => this.#tree.symlink(target));
    });
  }

  readlink(path: ByteString): Promise<ByteString> {
    return doing(() => {
      const place = this.#walk(path).last();
      const node = place.name === '' ? place.folder : place.folder.entries.get(place.name);
      if (!node) throw new Fault('not-found');
      if (node.kind !== 'symlink' || place.folderOnly) throw new Fault('invalid', 'not a symbolic link');
      return node.target;
    });
  }

  realpath(path: ByteString): Promise<ByteString> {
    return doing(() => {
      const { place, walk } = this.#reach(path, true);
      return walk.pathOf(place);
    });
  }

  space(path: ByteString): Promise<Space> {
    return doing(() => {
      this.#existing(path, true);
      return this.#space();
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #space(): Space {
    const { total, free } = this.#tree.room;
    const filesFree = filesMax - this.#tree.count;
    return {
      bytesTotal: total,
      bytesFree: free,
      filesTotal: filesMax,
      filesFree,
      readOnly: false,
      nameMax,
    };
  }

  #walk(path: ByteString): Walk<FolderNode> {
    return new Walk(this.#tree, path);
  }

  #reach(
    path: ByteString,
    follow: boolean,
  ): { place: Place<FolderNode>; node: MemoryNode | undefined; walk: Walk<FolderNode> } {
    const walk = this.#walk(path);
    let place = walk.last();
    for (;;) {
      const node = place.name === '' ? place.folder : place.folder.entries.get(place.name);
      if (node?.kind !== 'symlink' || !(follow || place.folderOnly)) {
        if (node && node.kind !== 'folder' && place.folderOnly) throw new Fault('not-a-folder');
        return { place, node, walk };
      }
      place = walk.follow(node.target);
    }
  }

  #existing(path: ByteString, follow: boolean): MemoryNode {
    const { node } = this.#reach(path, follow);
    if (!node) throw new Fault('not-found');
    return node;
  }

  #make(path: ByteString, kind: Kind, make: (parent: FolderNode) => MemoryNode): Change {
    const walk = this.#walk(path);
    const place = placeToMake(walk);
    if (place.folder.entries.has(place.name)) throw new Fault('exists');
    if (place.folderOnly && kind !== 'folder') throw new Fault('not-found');
    const node = make(place.folder);
    this.#tree.attach(place.folder, place.name, node);
    return change(null, this.#tree.stats(node));
  }

  #toChange(path: ByteString): { place: Place<FolderNode>; node: MemoryNode } {
    const place = placeToChange(this.#walk(path));
    const node = place.folder.entries.get(place.name);
    if (!node) throw new Fault('not-found');
    return { place, node };
  }

  #unlink(place: Place<FolderNode>, node: MemoryNode): Change {
    const before = this.#tree.stats(node);
    this.#tree.detach(place.folder, place.name);
    this.#tree.unlink(node);
    return change(before, { ...before, nlink: node.nlink });
  }
}

class MemoryListing implements Listing {
  readonly path: ByteString;
  readonly inode: Inode;
  readonly #folder: FolderNode;
  readonly #tree: MemoryTree;
  readonly #entries: Iterator<[ByteString, MemoryNode]>;
  #closed = false;

  constructor(path: ByteString, folder: FolderNode, tree: MemoryTree) {
    this.path = path;
    const { dev, ino } = tree.stats(folder);
    this.inode = { dev, ino };
    this.#folder = folder;
    this.#tree = tree;
    this.#entries = folder.entries.entries();
  }

  next(count: number): Promise<readonly Entry[]> {
    return doing(() => {
      if (this.#closed) throw new Fault('bad-handle');
      const entries: Entry[] = [];
      while (entries.length < count) {
        const next = this.#entries.next();
        if (next.done) break;
        const [name, node] = next.value;
        entries.push({ name, stats: this.#tree.stats(node) });
      }
      return entries;
    });
  }

  enter(name: ByteString): Promise<Listing> {
    return doing(() => {
      if (this.#closed) throw new Fault('bad-handle');
      const node = this.#folder.entries.get(singleName(name));
      if (!node) throw new Fault('not-found');
      if (node.kind !== 'folder') throw new Fault('not-a-folder');
      return new MemoryListing(entered(this.path, name), node, this.#tree);
    });
  }

  close(): Promise<void> {
    return doing(() => {
      if (this.#closed) throw new Fault('bad-handle');
      this.#closed = true;
    });
  }
}

/** What throws becomes a rejection, as in every filesystem that has to wait. */
function doing<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

function isWithin(folder: FolderNode, ancestor: FolderNode): boolean {
  for (let at: FolderNode | null = folder; at; at = at.parent) if (at === ancestor) return true;
  return false;
}
