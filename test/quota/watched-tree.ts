import type { Handle, OpenOptions, SetAttributes, Change, Vfs } from '../../src/vfs/vfs.js';
import { DelegatingHandle, DelegatingVfs } from '../../src/vfs/delegating.js';
import { PartialFault } from '../../src/vfs/partial-fault.js';

export interface Used {
  readonly bytes: number;
  readonly files: number;
}

/**
 * A filesystem that knows at every moment what it holds, by the changes that it made itself, and says so after each: the
 * disk's side of every comparison. It is closed with nobody; processes share it.
 */
export class WatchedTree extends DelegatingVfs {
  readonly #sizes = new Map<number, number>();
  #bytes = 0;
  readonly #changed: (used: Used) => void;

  constructor(inner: Vfs, changed: (used: Used) => void) {
    super(inner);
    this.#changed = changed;
  }

  get used(): Used {
    return { bytes: this.#bytes, files: this.#sizes.size };
  }

  readonly note = (change: Change): Change => {
    for (const { ino, bytesAfter, linksLeft } of [change, ...(change.replaced ? [change.replaced] : [])]) {
      this.#bytes -= this.#sizes.get(ino) ?? 0;
      if (linksLeft === 0) {
        this.#sizes.delete(ino);
      } else {
        this.#sizes.set(ino, bytesAfter);
        this.#bytes += bytesAfter;
      }
    }
    this.#changed(this.used);
    return change;
  };

  /** What a request had done before it failed. */
  readonly failed = (thrown: unknown): never => {
    if (thrown instanceof PartialFault) this.note(thrown.change);
    throw thrown;
  };

  override async open(path: string, options: OpenOptions): Promise<Handle> {
    const handle = await super.open(path, options);
    if (handle.opened.linksLeft > 0) this.note(handle.opened);
    return new WatchedHandle(handle, this);
  }

  override set(path: string, attributes: SetAttributes, options: { readonly follow: boolean }) {
    return super.set(path, attributes, options).then(this.note, this.failed);
  }

  override mkdir(path: string, mode: number): Promise<Change> {
    return super.mkdir(path, mode).then(this.note);
  }

  override rmdir(path: string): Promise<Change> {
    return super.rmdir(path).then(this.note);
  }

  override remove(path: string): Promise<Change> {
    return super.remove(path).then(this.note);
  }

  override rename(from: string, to: string, options: { readonly replace: boolean }): Promise<Change> {
    return super.rename(from, to, options).then(this.note);
  }

  override link(existing: string, name: string): Promise<Change> {
    return super.link(existing, name).then(this.note);
  }

  override symlink(name: string, target: string): Promise<Change> {
    return super.symlink(name, target).then(this.note);
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

class WatchedHandle extends DelegatingHandle {
  readonly #tree: WatchedTree;

  constructor(inner: Handle, tree: WatchedTree) {
    super(inner);
    this.#tree = tree;
  }

  override write(slices: readonly Buffer[], position: number): Promise<Change> {
    return super.write(slices, position).then(this.#tree.note, this.#tree.failed);
  }

  override set(attributes: SetAttributes): Promise<Change> {
    return super.set(attributes).then(this.#tree.note, this.#tree.failed);
  }
}
