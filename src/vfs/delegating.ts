import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type {
  Change,
  Entry,
  FollowOption,
  Handle,
  Inode,
  Listing,
  OpenOptions,
  SetAttributes,
  Space,
  Stats,
  Vfs,
} from './vfs.js';

/** A filesystem that hands everything on. Wrappers extend it and say only what they do differently. */
export class DelegatingVfs implements Vfs {
  protected readonly inner: Vfs;

  constructor(inner: Vfs) {
    this.inner = inner;
  }

  open(path: ByteString, options: OpenOptions): Promise<Handle> {
    return this.inner.open(path, options);
  }

  list(path: ByteString): Promise<Listing> {
    return this.inner.list(path);
  }

  stat(path: ByteString, options: FollowOption): Promise<Stats> {
    return this.inner.stat(path, options);
  }

  set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change> {
    return this.inner.set(path, attributes, options);
  }

  mkdir(path: ByteString, mode: number): Promise<Change> {
    return this.inner.mkdir(path, mode);
  }

  rmdir(path: ByteString): Promise<Change> {
    return this.inner.rmdir(path);
  }

  remove(path: ByteString): Promise<Change> {
    return this.inner.remove(path);
  }

  rename(from: ByteString, to: ByteString, options: { readonly replace: boolean }): Promise<Change> {
    return this.inner.rename(from, to, options);
  }

  link(existing: ByteString, name: ByteString): Promise<Change> {
    return this.inner.link(existing, name);
  }

  symlink(name: ByteString, target: ByteString): Promise<Change> {
    return this.inner.symlink(name, target);
  }

  readlink(path: ByteString): Promise<ByteString> {
    return this.inner.readlink(path);
  }

  realpath(path: ByteString): Promise<ByteString> {
    return this.inner.realpath(path);
  }

  space(path: ByteString): Promise<Space> {
    return this.inner.space(path);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** The same for an open file. */
export class DelegatingHandle implements Handle {
  protected readonly inner: Handle;

  constructor(inner: Handle) {
    this.inner = inner;
  }

  get path(): ByteString {
    return this.inner.path;
  }

  get inode(): Inode {
    return this.inner.inode;
  }

  get opened(): Change {
    return this.inner.opened;
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.inner.read(into, position);
  }

  write(slices: readonly Buffer[], position: number): Promise<Change> {
    return this.inner.write(slices, position);
  }

  stat(): Promise<Stats> {
    return this.inner.stat();
  }

  set(attributes: SetAttributes): Promise<Change> {
    return this.inner.set(attributes);
  }

  sync(): Promise<void> {
    return this.inner.sync();
  }

  space(): Promise<Space> {
    return this.inner.space();
  }

  close(ending?: { readonly complete: boolean }): Promise<void> {
    return this.inner.close(ending);
  }
}

/** The same for a listing. */
export class DelegatingListing implements Listing {
  protected readonly inner: Listing;

  constructor(inner: Listing) {
    this.inner = inner;
  }

  get path(): ByteString {
    return this.inner.path;
  }

  get inode(): Inode | undefined {
    return this.inner.inode;
  }

  next(count: number): Promise<readonly Entry[]> {
    return this.inner.next(count);
  }

  enter(name: ByteString): Promise<Listing> {
    return this.inner.enter?.(name) ?? Promise.reject(new Fault('unsupported'));
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
