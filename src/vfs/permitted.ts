import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { DelegatingHandle, DelegatingVfs } from './delegating.js';
import type { Change, FollowOption, Handle, OpenOptions, SetAttributes, Vfs } from './vfs.js';

export interface Permissions {
  readonly readOnly: boolean;
}

/**
 * What an account may do. The permissions are asked for anew at each request, so that an operator's change acts at
 * once, on open handles too (A3).
 */
export function permitted(vfs: Vfs, permissions: () => Permissions): Vfs {
  return new PermittedVfs(vfs, permissions);
}

function mayChange(permissions: () => Permissions): void {
  if (permissions().readOnly) throw new Fault('read-only');
}

class PermittedVfs extends DelegatingVfs {
  readonly #permissions: () => Permissions;

  constructor(inner: Vfs, permissions: () => Permissions) {
    super(inner);
    this.#permissions = permissions;
  }

  override async open(path: ByteString, options: OpenOptions): Promise<Handle> {
    const { write, append, create, truncate } = options;
    if (write || append || create || truncate) mayChange(this.#permissions);
    return new PermittedHandle(await super.open(path, options), this.#permissions);
  }

  override async set(path: ByteString, attributes: SetAttributes, options: FollowOption): Promise<Change> {
    mayChange(this.#permissions);
    return super.set(path, attributes, options);
  }

  override async mkdir(path: ByteString, mode: number): Promise<Change> {
    mayChange(this.#permissions);
    return super.mkdir(path, mode);
  }

  override async rmdir(path: ByteString): Promise<Change> {
    mayChange(this.#permissions);
    return super.rmdir(path);
  }

  override async remove(path: ByteString): Promise<Change> {
    mayChange(this.#permissions);
    return super.remove(path);
  }

  override async rename(
    from: ByteString,
    to: ByteString,
    options: { readonly replace: boolean },
  ): Promise<Change> {
    mayChange(this.#permissions);
    return super.rename(from, to, options);
  }

  override async link(existing: ByteString, name: ByteString): Promise<Change> {
    mayChange(this.#permissions);
    return super.link(existing, name);
  }

  override async symlink(name: ByteString, target: ByteString): Promise<Change> {
    mayChange(this.#permissions);
    return super.symlink(name, target);
  }
}

class PermittedHandle extends DelegatingHandle {
  readonly #permissions: () => Permissions;

  constructor(inner: Handle, permissions: () => Permissions) {
    super(inner);
    this.#permissions = permissions;
  }

  override async write(slices: readonly Buffer[], position: number): Promise<Change> {
    mayChange(this.#permissions);
    return super.write(slices, position);
  }

  override async set(attributes: SetAttributes): Promise<Change> {
    mayChange(this.#permissions);
    return super.set(attributes);
  }
}
