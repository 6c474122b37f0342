import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { MemoryFile, type MemoryRoom } from './memory-file.js';
import type { Stats } from './vfs.js';
import type { Found, Tree } from './walk.js';

interface Node {
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  atime: number;
  mtime: number;
  nlink: number;
}

export interface FolderNode extends Node {
  readonly kind: 'folder';
  readonly entries: Map<ByteString, MemoryNode>;
  parent: FolderNode | null;
}

export interface FileNode extends Node {
  readonly kind: 'file';
  readonly file: MemoryFile;
  handles: number;
}

export interface SymlinkNode extends Node {
  readonly kind: 'symlink';
  readonly target: ByteString;
}

export type MemoryNode = FolderNode | FileNode | SymlinkNode;

/** Number of the one device that every memory filesystem is on; the inodes of two never meet. */
const dev = 0x6d656d;
let lastIno = 0;

/** The nodes of one memory filesystem, to be walked as folders of a host are. */
export class MemoryTree implements Tree<FolderNode> {
  readonly root: FolderNode;
  readonly held = Number.MAX_SAFE_INTEGER;
  readonly room: MemoryRoom;
  readonly #now: () => Date;
  #count = 0;

  constructor(room: MemoryRoom, now: () => Date) {
    this.room = room;
    this.#now = now;
    this.root = this.folder(0o755, null);
  }

  /** Inodes there are, the root included. */
  get count(): number {
    return this.#count;
  }

  look(folder: FolderNode, name: ByteString): Found<FolderNode> {
    const node = folder.entries.get(name);
    if (!node) return { kind: 'missing' };
    if (node.kind === 'folder') return { kind: 'folder', folder: node };
    return node.kind === 'symlink' ? { kind: 'symlink', target: node.target } : { kind: 'other' };
  }

  release(): void {
    // Nothing is held: nodes live as long as somebody knows them.
  }

  now(): number {
    return Math.floor(this.#now().getTime() / 1000);
  }

  folder(mode: number, parent: FolderNode | null): FolderNode {
    return { ...this.#node(mode), kind: 'folder', entries: new Map(), parent, nlink: 2 };
  }

  file(mode: number): FileNode {
    return { ...this.#node(mode), kind: 'file', file: new MemoryFile(this.room), handles: 0 };
  }

  symlink(target: ByteString): SymlinkNode {
    return { ...this.#node(0o777), kind: 'symlink', target };
  }

  /** Puts a node under a name that is free. */
  attach(folder: FolderNode, name: ByteString, node: MemoryNode): void {
    if (folder.nlink === 0) throw new Fault('not-found');
    folder.entries.set(name, node);
    folder.mtime = this.now();
    if (node.kind === 'folder') {
      node.parent = folder;
      folder.nlink++;
    }
  }

  detach(folder: FolderNode, name: ByteString): void {
    const node = folder.entries.get(name);
    folder.entries.delete(name);
    folder.mtime = this.now();
    if (node?.kind === 'folder') folder.nlink--;
  }

  /** A name of the node is gone for good; without names and handles it goes too. */
  unlink(node: MemoryNode): void {
    node.nlink = node.kind === 'folder' ? 0 : node.nlink - 1;
    if (node.nlink > 0) return;
    this.#count--;
    if (node.kind === 'file' && node.handles === 0) node.file.free();
  }

  stats(node: MemoryNode): Stats {
    const { kind, ino, mode, uid, gid, atime, mtime, nlink } = node;
    const size = kind === 'file' ? node.file.size : kind === 'symlink' ? node.target.length : 4096;
    return { kind, dev, ino, size, mode, uid, gid, atime, mtime, nlink };
  }

  #node(mode: number): Node {
    const now = this.now();
    this.#count++;
    return { ino: ++lastIno, mode, uid: 0, gid: 0, atime: now, mtime: now, nlink: 1 };
  }
}
