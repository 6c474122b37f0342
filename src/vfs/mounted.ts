import { Fault, type FaultCode } from '../fault.js';
import type { ByteString } from '../names.js';
import { DelegatingHandle, DelegatingListing } from './delegating.js';
import { below, entered, join, nameMax, normalise, split } from './path.js';
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

/** The filesystems below one virtual folder. */
export interface Mounts {
  /** Their names, in the order they are to be listed. */
  list(): Promise<readonly ByteString[]>;
  /**
   * Opens one; asked for once per name, then kept until `version` differs or the whole is closed.
   * @throws Fault `not-found`
   */
  open(name: ByteString): Promise<Vfs>;
  /** A number that differs once names, or what they stand for, may have changed; cheap. Without it nothing does. */
  version?(): number;
}

/**
 * Several filesystems under one tree: `mounted({ homes })` shows `/homes`, and in it one folder for each mount. The
 * virtual folders can be looked at, not changed. Names are taken apart by their text up to the mount, so that `..`
 * leads from a mount to its virtual parent; symlinks inside a mount stay in it, absolute ones count from its root.
 */
export function mounted(
  folders: Readonly<Record<ByteString, Mounts>>,
  now: () => Date = () => new Date(),
): Vfs {
  return new MountedVfs(new Map(Object.entries(folders)), now);
}

type Spot =
  | { readonly kind: 'root' }
  | { readonly kind: 'folder'; readonly name: ByteString; readonly mounts: Mounts }
  | {
      readonly kind: 'mount';
      readonly folder: ByteString;
      readonly name: ByteString;
      readonly inside: ByteString;
    };

interface Kept {
  readonly vfs: Promise<Vfs>;
  readonly version: number;
}

interface Inside {
  readonly vfs: Vfs;
  readonly path: ByteString;
  readonly prefix: ByteString;
}

/** Virtual folders are on a device of their own; their inode numbers are their places in the tree. */
const dev = 0x6d6e74;
/** Mounts kept open at once; the one longest unused goes first. An admin may look into every home there is. */
const keptMax = 64;

class MountedVfs implements Vfs {
  readonly #folders: ReadonlyMap<ByteString, Mounts>;
  readonly #kept = new Map<ByteString, Kept>();
  readonly #since: number;
  #closed = false;

  constructor(folders: ReadonlyMap<ByteString, Mounts>, now: () => Date) {
    this.#folders = folders;
    this.#since = Math.floor(now().getTime() / 1000);
  }

  async open(path: ByteString, options: OpenOptions): Promise<Handle> {
    const { vfs, path: inside } = await (options.create
      ? this.#makeable(path, 'is-a-folder')
      : this.#changeable(path, 'is-a-folder'));
    return new MountedHandle(await vfs.open(inside, options), path);
  }

  async list(path: ByteString): Promise<Listing> {
    const spot = this.#spot(path);
    switch (spot.kind) {
      case 'root':
        return new VirtualListing(path, this.#folder(''), [...this.#folders.keys()], (name) =>
          this.#folder(name),
        );
      case 'folder': {
        const names = await spot.mounts.list();
        return new VirtualListing(path, this.#folder(spot.name), names, (name) =>
          this.#folder(`${spot.name}/${name}`),
        );
      }
      case 'mount': {
        const { vfs, path: inside } = await this.#inside(spot);
        return new MountedListing(await vfs.list(inside), path);
      }
    }
  }

  async stat(path: ByteString, options: FollowOption): Promise<Stats> {
    const spot = this.#spot(path);
    if (spot.kind === 'root') return this.#folder('');
    if (spot.kind === 'folder') return this.#folder(spot.name);
    const { vfs, path: inside } = await this.#inside(spot);
    return vfs.stat(inside, options);
  }

  async set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change> {
    const { vfs, path: inside } = await this.#changeable(path);
    return vfs.set(inside, attributes, options);
  }

  async mkdir(path: ByteString, mode: number): Promise<Change> {
    const { vfs, path: inside } = await this.#makeable(path);
    return vfs.mkdir(inside, mode);
  }

  async rmdir(path: ByteString): Promise<Change> {
    const { vfs, path: inside } = await this.#changeable(path);
    return vfs.rmdir(inside);
  }

  async remove(path: ByteString): Promise<Change> {
    const { vfs, path: inside } = await this.#changeable(path);
    return vfs.remove(inside);
  }

  async rename(from: ByteString, to: ByteString, options: { readonly replace: boolean }): Promise<Change> {
    const { vfs, paths } = await this.#oneMount(from, to);
    return vfs.rename(...paths, options);
  }

  async link(existing: ByteString, name: ByteString): Promise<Change> {
    const { vfs, paths } = await this.#oneMount(existing, name);
    return vfs.link(...paths);
  }

  async symlink(name: ByteString, target: ByteString): Promise<Change> {
    const { vfs, path } = await this.#makeable(name);
    return vfs.symlink(path, target);
  }

  async readlink(path: ByteString): Promise<ByteString> {
    const spot = this.#spot(path);
    if (spot.kind !== 'mount') throw new Fault('invalid', 'not a symbolic link');
    const { vfs, path: inside } = await this.#inside(spot);
    return vfs.readlink(inside);
  }

  async realpath(path: ByteString): Promise<ByteString> {
    const spot = this.#spot(path);
    if (spot.kind === 'root') return '/';
    if (spot.kind === 'folder') return `/${spot.name}`;
    const { vfs, path: inside, prefix } = await this.#inside(spot);
    const real = await vfs.realpath(inside);
    return real === '/' ? prefix : below(prefix, real);
  }

  async space(path: ByteString): Promise<Space> {
    const spot = this.#spot(path);
    if (spot.kind !== 'mount') {
      return { bytesTotal: 0, bytesFree: 0, filesTotal: 0, filesFree: 0, readOnly: true, nameMax };
    }
    const { vfs, path: inside } = await this.#inside(spot);
    return vfs.space(inside);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#kept.keys()].map((key) => this.#drop(key)));
  }

  /** Where a path leads, by its text; what lies inside a mount is left as it was written. */
  #spot(path: ByteString): Spot {
    const { names, end } = split(path);
    const outer: ByteString[] = [];
    let inner: ByteString[] = [];
    let innerDepth = 0;
    for (const name of names) {
      const back = name === '..';
      if (outer.length === 2 && !(back && innerDepth === 0)) {
        inner.push(name);
        innerDepth += back ? -1 : 1;
      } else {
        // Out of the mount again: what was said inside it plays no part any more.
        inner = [];
        if (back) outer.pop();
        else outer.push(name);
      }
    }
    const [folder, name] = outer;
    if (folder === undefined) return { kind: 'root' };
    const mounts = this.#folders.get(folder);
    if (!mounts) throw new Fault('not-found');
    if (name === undefined) return { kind: 'folder', name: folder, mounts };
    const tail = end === 'name' ? '' : end === 'slash' ? '/' : '/.';
    const inside = inner.length === 0 ? '/' : inner.at(-1) === '..' ? join(inner) : join(inner) + tail;
    return { kind: 'mount', folder, name, inside };
  }

  async #inside({ folder, name, inside }: Extract<Spot, { readonly kind: 'mount' }>): Promise<Inside> {
    const prefix = `/${folder}/${name}`;
    return { vfs: await this.#mount(folder, name, prefix), path: inside, prefix };
  }

  async #mount(folder: ByteString, name: ByteString, key: ByteString): Promise<Vfs> {
    if (this.#closed) throw new Fault('cancelled');
    const mounts = this.#folders.get(folder);
    if (!mounts) throw new Fault('not-found');
    const version = mounts.version?.() ?? 0;
    const kept = this.#kept.get(key);
    if (kept?.version === version) {
      // Last in the map's order is used last.
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.vfs;
    }
    if (kept) void this.#drop(key);
    const opening = mounts.open(name);
    this.#kept.set(key, { vfs: opening, version });
    // A name that is not there must not be remembered as such: it may be there at the next request.
    opening.catch(() => this.#kept.get(key)?.vfs === opening && this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptMax && oldest !== undefined) void this.#drop(oldest);
    return opening;
  }

  async #drop(key: ByteString): Promise<void> {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    const vfs = await kept?.vfs.catch(() => undefined);
    // Whoever was given it at this very moment asks first; what runs in it, it waits for.
    await new Promise((resolve) => setImmediate(resolve));
    await vfs?.close();
  }

  async #changeable(path: ByteString, otherwise: FaultCode = 'denied'): Promise<Inside> {
    const spot = this.#spot(path);
    if (spot.kind === 'mount') return this.#inside(spot);
    throw otherwise === 'denied' ? unchangeable() : new Fault(otherwise);
  }

  /** As `changeable`, for a name that may be new: in a virtual folder there is nothing to be made. */
  async #makeable(path: ByteString, otherwise: FaultCode = 'denied'): Promise<Inside> {
    try {
      return await this.#changeable(path, otherwise);
    } catch (thrown) {
      const missing = thrown instanceof Fault && thrown.code === 'not-found';
      throw missing && split(normalise(path)).names.length <= 2 ? unchangeable() : thrown;
    }
  }

  async #oneMount(
    one: ByteString,
    other: ByteString,
  ): Promise<{ readonly vfs: Vfs; readonly paths: [ByteString, ByteString] }> {
    const from = await this.#changeable(one);
    const to = await this.#makeable(other);
    if (from.prefix !== to.prefix) throw new Fault('different-home');
    return { vfs: to.vfs, paths: [from.path, to.path] };
  }

  #folder(place: ByteString): Stats {
    const names = split(place).names;
    return {
      kind: 'folder',
      dev,
      ino: placeNumber(join(names)),
      size: 4096,
      mode: 0o755,
      uid: 0,
      gid: 0,
      atime: this.#since,
      mtime: this.#since,
      nlink: 2,
    };
  }
}

function unchangeable(): Fault {
  return new Fault('denied', 'this folder cannot be changed');
}

/** A number that stays the same for one place (FNV-1a, 32 bits): enough to tell virtual folders apart. */
function placeNumber(place: ByteString): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < place.length; index++) {
    hash = Math.imul(hash ^ place.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

class MountedHandle extends DelegatingHandle {
  readonly #path: ByteString;

  constructor(inner: Handle, path: ByteString) {
    super(inner);
    this.#path = path;
  }

  override get path(): ByteString {
    return this.#path;
  }
}

class MountedListing extends DelegatingListing {
  readonly #path: ByteString;

  constructor(inner: Listing, path: ByteString) {
    super(inner);
    this.#path = path;
  }

  override get path(): ByteString {
    return this.#path;
  }

  override async enter(name: ByteString): Promise<Listing> {
    return new MountedListing(await super.enter(name), entered(this.#path, name));
  }
}

class VirtualListing implements Listing {
  readonly path: ByteString;
  readonly inode: Inode;
  readonly #names: readonly ByteString[];
  readonly #stats: (name: ByteString) => Stats;
  #next = 0;
  #closed = false;

  constructor(
    path: ByteString,
    { dev, ino }: Inode,
    names: readonly ByteString[],
    stats: (name: ByteString) => Stats,
  ) {
    this.path = path;
    this.inode = { dev, ino };
    this.#names = names;
    this.#stats = stats;
  }

  next(count: number): Promise<readonly Entry[]> {
    if (this.#closed) return Promise.reject(new Fault('bad-handle'));
    const names = this.#names.slice(this.#next, this.#next + count);
    this.#next += names.length;
    return Promise.resolve(names.map((name) => ({ name, stats: this.#stats(name) })));
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.reject(new Fault('bad-handle'));
    this.#closed = true;
    return Promise.resolve();
  }
}
