import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { FileNode, MemoryTree } from './memory-tree.js';
import { setNode } from './memory-set.js';
import { PartialFault } from './partial-fault.js';
import { change } from './stats.js';
import type { Change, Handle, Inode, OpenOptions, SetAttributes, Space, Stats } from './vfs.js';

export class MemoryHandle implements Handle {
  readonly path: ByteString;
  readonly inode: Inode;
  readonly opened: Change;
  readonly #tree: MemoryTree;
  readonly #node: FileNode;
  readonly #options: OpenOptions;
  readonly #space: () => Space;
  #closed = false;

  constructor(
    tree: MemoryTree,
    node: FileNode,
    path: ByteString,
    options: OpenOptions,
    opened: Change,
    space: () => Space,
  ) {
    this.path = path;
    this.inode = { dev: opened.dev, ino: opened.ino };
    this.opened = opened;
    this.#tree = tree;
    this.#node = node;
    this.#options = options;
    this.#space = space;
    node.handles++;
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.#use(() => {
      if (!this.#options.read && (this.#options.write || this.#options.append)) {
        throw new Fault('denied', 'the file was not opened for reading');
      }
      if (!Number.isSafeInteger(position + into.length)) throw new Fault('invalid');
      return this.#node.file.read(into, position);
    });
  }

  write(slices: readonly Buffer[], position: number): Promise<Change> {
    return this.#use(() => {
      this.#mustWrite();
      const before = this.#tree.stats(this.#node);
      let at = this.#options.append ? before.size : position;
      const length = slices.reduce((sum, slice) => sum + slice.length, 0);
      if (!Number.isSafeInteger(at + length)) throw new Fault('invalid', 'larger than a file can be');
      try {
        for (const slice of slices) {
          this.#node.file.write(slice, at);
          at += slice.length;
        }
      } catch (thrown) {
        const after = this.#tree.stats(this.#node);
        throw after.size === before.size ? thrown : new PartialFault(thrown, change(before, after));
      }
      if (length > 0) this.#node.mtime = this.#tree.now();
      return change(before, this.#tree.stats(this.#node));
    });
  }

  stat(): Promise<Stats> {
    return this.#use(() => this.#tree.stats(this.#node));
  }

  set(attributes: SetAttributes): Promise<Change> {
    return this.#use(() => {
      if (attributes.size !== undefined) this.#mustWrite();
      return setNode(this.#tree, this.#node, attributes);
    });
  }

  sync(): Promise<void> {
    return this.#use(() => undefined);
  }

  space(): Promise<Space> {
    return this.#use(() => this.#space());
  }

  close(): Promise<void> {
    return this.#use(() => {
      this.#closed = true;
      if (--this.#node.handles === 0 && this.#node.nlink === 0) this.#node.file.free();
    });
  }

  #mustWrite(): void {
    if (!this.#options.write && !this.#options.append) {
      throw new Fault('denied', 'the file was not opened for writing');
    }
  }

  #use<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#closed) throw new Fault('bad-handle');
      resolve(work());
    });
  }
}
