import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type {
  Change,
  FollowOption,
  Handle,
  Inode,
  Listing,
  OpenOptions,
  SetAttributes,
  Space,
  Stats,
  Vfs,
} from '../vfs/vfs.js';
import type { HeldFile } from './held-file.js';
import { closingUnless, mostOpens } from './entrance.js';
import type { Holding } from './holding.js';
import type { Keep } from './keep.js';
import type { HomeUsage } from './home-usage.js';

/** Counts what is read and written, so that counts of homes give way to it. */
export interface Traffic {
  requests: number;
}

/**
 * A home's files with its line in force: the only place that charges (L1). Growth is reserved before it is written, and
 * changes of names go to the home's owner. It implements the interface itself: a new method of it does not compile until
 * it is decided here what it costs.
 */
export class LimitedVfs implements Vfs {
  readonly #inner: Vfs;
  readonly #holding: Holding;
  readonly #traffic: Traffic;
  #closed: (() => void) | null;

  /** @param closed called once it is closed */
  constructor(inner: Vfs, holding: Holding, traffic: Traffic, closed: () => void) {
    this.#inner = inner;
    this.#holding = holding;
    this.#traffic = traffic;
    this.#closed = closed;
  }

  async open(path: ByteString, options: OpenOptions): Promise<Handle> {
    const { create, truncate, exclusive = false, nofollow = false, mode } = options;
    const append = options.append === true;
    const write = options.write === true || append;
    const plain = {
      read: options.read === true || !write,
      // Truncating is writing, whatever else the handle may do.
      write: write || truncate === true,
      nofollow,
    };
    const entrance = create
      ? await this.#holding.create(
          { path, exclusive, nofollow, ...(mode !== undefined && { mode }) },
          {
            open: (make) =>
              this.#inner.open(
                path,
                make ? { ...plain, create, exclusive, ...(mode !== undefined && { mode }) } : plain,
              ),
          },
        )
      : await this.#openExisting(path, plain);
    const handle = new LimitedHandle(this.#holding, this.#traffic, {
      ...entrance,
      write,
      append,
    });
    if (truncate !== true || entrance.opened.created) return handle;
    try {
      await handle.truncateAtOpen();
      return handle;
    } catch (thrown) {
      await handle.close({ complete: false });
      throw thrown;
    }
  }

  async #openExisting(path: ByteString, options: OpenOptions) {
    for (let attempt = 0; attempt < mostOpens; attempt++) {
      const since = this.#holding.moment();
      const handle = await this.#inner.open(path, options);
      const entering = this.#holding.enter(handle, options.write === true, since);
      const file = await closingUnless(handle, entering);
      if (file) return { handle, file, opened: handle.opened };
    }
    throw new Fault('busy');
  }

  list(path: ByteString): Promise<Listing> {
    this.#traffic.requests++;
    return this.#inner.list(path);
  }

  stat(path: ByteString, options: FollowOption): Promise<Stats> {
    return this.#inner.stat(path, options);
  }

  async set(path: ByteString, attributes: SetAttributes, { follow }: FollowOption): Promise<Change> {
    if (attributes.size === undefined) return this.#inner.set(path, attributes, { follow });
    const handle = await this.open(path, { write: true, ...(!follow && { nofollow: true }) });
    try {
      return await handle.set(attributes);
    } finally {
      await handle.close();
    }
  }

  mkdir(path: ByteString, mode: number): Promise<Change> {
    return this.#holding.change({ kind: 'mkdir', path, mode }, this.#inner);
  }

  rmdir(path: ByteString): Promise<Change> {
    return this.#holding.change({ kind: 'rmdir', path }, this.#inner);
  }

  remove(path: ByteString): Promise<Change> {
    return this.#holding.change({ kind: 'remove', path }, this.#inner);
  }

  rename(from: ByteString, to: ByteString, { replace }: { readonly replace: boolean }): Promise<Change> {
    return this.#holding.change({ kind: 'rename', path: from, to, replace }, this.#inner);
  }

  link(existing: ByteString, name: ByteString): Promise<Change> {
    return this.#holding.change({ kind: 'link', path: existing, name }, this.#inner);
  }

  symlink(name: ByteString, target: ByteString): Promise<Change> {
    return this.#holding.change({ kind: 'symlink', path: name, target }, this.#inner);
  }

  readlink(path: ByteString): Promise<ByteString> {
    return this.#inner.readlink(path);
  }

  realpath(path: ByteString): Promise<ByteString> {
    return this.#inner.realpath(path);
  }

  async space(path: ByteString): Promise<Space> {
    const [disk, usage] = await Promise.all([this.#inner.space(path), this.#holding.usage()]);
    return spaceWithin(usage, disk);
  }

  async close(): Promise<void> {
    const closed = this.#closed;
    this.#closed = null;
    try {
      await this.#inner.close();
    } finally {
      closed?.();
    }
  }
}

/** The room that the line leaves, or the disk where that is less (design 5). */
export function spaceWithin({ bytes, files, line }: HomeUsage, disk: Space): Space {
  const free = left(line.bytes, bytes);
  return {
    ...disk,
    bytesTotal: line.bytes ?? disk.bytesTotal,
    bytesFree: Math.min(disk.bytesFree, free),
    filesTotal: line.files ?? disk.filesTotal,
    filesFree: Math.min(disk.filesFree, left(line.files, files)),
    ...(line.bytes !== null && free < disk.bytesFree && { line: { used: bytes, limit: line.bytes } }),
  };
}

function left(limit: number | null, used: number): number {
  return limit === null ? Infinity : Math.max(0, limit - used);
}

interface LimitedParts {
  readonly handle: Handle;
  readonly file: HeldFile;
  readonly opened: Change;
  readonly write: boolean;
  readonly append: boolean;
}

class LimitedHandle implements Handle {
  readonly #inner: Handle;

  readonly #holding: Holding;
  readonly #traffic: Traffic;
  readonly #file: HeldFile;
  readonly #keep: Keep;
  readonly #write: boolean;
  readonly #append: boolean;
  #opened: Change;
  #closing = false;

  constructor(holding: Holding, traffic: Traffic, { handle, file, opened, write, append }: LimitedParts) {
    this.#inner = handle;

    this.#holding = holding;
    this.#traffic = traffic;
    this.#file = file;
    this.#opened = opened;
    this.#write = write;
    this.#append = append;
    this.#keep = holding.keep();
  }

  get path(): ByteString {
    return this.#inner.path;
  }

  get inode(): Inode {
    return this.#inner.inode;
  }

  get opened(): Change {
    return this.#opened;
  }

  /** Empties the file for the OPEN that asked for it; what that frees stays with this handle. */
  async truncateAtOpen(): Promise<void> {
    const { bytesBefore, bytesAfter } = await this.#file.set(this.#inner, this.#keep, { size: 0 }, true);
    this.#opened = { ...this.#opened, bytesBefore, bytesAfter };
  }

  read(into: Buffer, position: number): Promise<number> {
    this.#traffic.requests++;
    return this.#inner.read(into, position);
  }

  write(slices: readonly Buffer[], position: number): Promise<Change> {
    this.#traffic.requests++;
    const refused = this.#refused();
    if (refused) return Promise.reject(refused);
    return this.#file.write(this.#inner, this.#keep, slices, this.#append ? null : position);
  }

  stat(): Promise<Stats> {
    return this.#inner.stat();
  }

  set(attributes: SetAttributes): Promise<Change> {
    const { size } = attributes;
    if (size === undefined) return this.#inner.set(attributes);
    const refused = this.#refused();
    if (refused) return Promise.reject(refused);
    return this.#file.set(this.#inner, this.#keep, { ...attributes, size }, false);
  }

  #refused(): Fault | null {
    // Nothing may be charged for a file that is not written any more.
    if (this.#closing) return new Fault('bad-handle');
    return this.#write ? null : new Fault('denied', 'the file was not opened for writing');
  }

  sync(): Promise<void> {
    return this.#inner.sync();
  }

  async space(): Promise<Space> {
    const [disk, usage] = await Promise.all([this.#inner.space(), this.#holding.usage()]);
    return spaceWithin(usage, disk);
  }

  async close(ending?: { readonly complete: boolean }): Promise<void> {
    this.#closing = true;
    // What it still has to write is charged already.
    await this.#keep.settled();
    // Once the descriptor is closed, the inode's number may be the next file's, which must not be taken for this one; and
    // until it is closed, a file without a name is there, and is paid for.
    const closed = await this.#holding.leave(this.#file, this.#inner, this.#keep);
    try {
      await this.#inner.close(ending);
    } finally {
      await closed?.();
    }
  }
}
