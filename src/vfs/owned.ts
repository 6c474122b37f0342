import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { DelegatingHandle, DelegatingListing, DelegatingVfs } from './delegating.js';
import type {
  Change,
  Entry,
  FollowOption,
  Handle,
  Listing,
  OpenOptions,
  SetAttributes,
  Stats,
  Vfs,
} from './vfs.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** Whether a chown to somebody else is answered with success, doing nothing, instead of refused. */
  readonly ignoreChown: boolean;
}

/** chown(2)'s -1: leave that one as it is. */
const unchanged = 0xffffffff;

/** J6: everything belongs to one virtual user and group, whoever owns it on the host. */
export function owned(vfs: Vfs, owner: Owner): Vfs {
  return new OwnedVfs(vfs, owner);
}

function shown(stats: Stats, { uid, gid }: Owner): Stats {
  return { ...stats, uid, gid };
}

/** The attributes without an owner that is shown already. */
function withoutOwner(attributes: SetAttributes, { uid, gid, ignoreChown }: Owner): SetAttributes {
  const { owner, ...others } = attributes;
  if (!owner) return attributes;
  const same =
    (owner.uid === uid || owner.uid === unchanged) && (owner.gid === gid || owner.gid === unchanged);
  if (!same && !ignoreChown) throw new Fault('denied', 'the owner of files cannot be changed');
  return others;
}

class OwnedVfs extends DelegatingVfs {
  readonly #owner: Owner;

  constructor(inner: Vfs, owner: Owner) {
    super(inner);
    this.#owner = owner;
  }

  override async open(path: ByteString, options: OpenOptions): Promise<Handle> {
    return new OwnedHandle(await super.open(path, options), this.#owner);
  }

  override async list(path: ByteString): Promise<Listing> {
    return new OwnedListing(await super.list(path), this.#owner);
  }

  override async stat(path: ByteString, options: FollowOption): Promise<Stats> {
    return shown(await super.stat(path, options), this.#owner);
  }

  override async set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change> {
    return super.set(path, withoutOwner(attributes, this.#owner), options);
  }
}

class OwnedHandle extends DelegatingHandle {
  readonly #owner: Owner;

  constructor(inner: Handle, owner: Owner) {
    super(inner);
    this.#owner = owner;
  }

  override async stat(): Promise<Stats> {
    return shown(await super.stat(), this.#owner);
  }

  override async set(attributes: SetAttributes): Promise<Change> {
    return super.set(withoutOwner(attributes, this.#owner));
  }
}

class OwnedListing extends DelegatingListing {
  readonly #owner: Owner;

  constructor(inner: Listing, owner: Owner) {
    super(inner);
    this.#owner = owner;
  }

  override async next(count: number): Promise<readonly Entry[]> {
    const entries = await super.next(count);
    return entries.map(({ name, stats }) => ({ name, stats: shown(stats, this.#owner) }));
  }

  override async enter(name: ByteString): Promise<Listing> {
    return new OwnedListing(await super.enter(name), this.#owner);
  }
}
