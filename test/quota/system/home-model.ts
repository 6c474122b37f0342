import { openFlags } from '../../../src/wire/open-flags.js';
import type { Used } from './disk-usage.js';
import { FileNode, find, FolderNode, isWithin, shownTree, SymlinkNode, type Spot } from './home-tree.js';
import type { Line } from './servers.js';

/** How the server answered: done, the quota sentence, or any other refusal. */
export type Outcome = 'done' | 'quota' | 'refused';

/** What may be answered to a request, and what it does if that is `done`. */
export interface Plan {
  readonly allowed: readonly Outcome[];
  readonly commit: () => void;
  /** Whether the server may ask for another try: somebody else may take away what it has just made. */
  readonly mayBeBusy?: boolean;
}

/** An open handle, as the model has it. */
export interface ModelHandle {
  readonly file: FileNode;
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  /** Bytes that OPEN with TRUNC freed: they stay with the handle until it is closed (L2). */
  kept: number;
}

/** What the answers to a session's requests may be. */
export interface Expectations {
  /** Whether the server may answer that it is busy, or failed: one of its processes is killed meanwhile. */
  readonly troubled: boolean;
  open(path: string, flags: number): OpenPlan;
  close(handle: ModelHandle): void;
  write(handle: ModelHandle, offset: number, length: number): Plan;
  resize(handle: ModelHandle, size: number): Plan;
  resizePath(path: string, size: number, follow: boolean): Plan;
  copyData(from: ModelHandle, fromOffset: number, length: number, to: ModelHandle, toOffset: number): Plan;
  copyFile(from: string, to: string, overwrite: boolean): Plan;
  /** An upload by the old protocol of scp; `null` where it could leave a part that nobody can tell. */
  upload(path: string, name: string, size: number): Plan | null;
  mkdir(path: string): Plan;
  rmdir(path: string): Plan;
  remove(path: string): Plan;
  symlink(path: string, target: string): Plan;
  link(existing: string, path: string): Plan;
  rename(from: string, to: string, replace: boolean): Plan;
  /** Bytes that are free, by the line. */
  room(): number;
}

export interface OpenPlan extends Plan {
  /** To be called instead of `commit`. */
  readonly handle: () => ModelHandle;
}

const refused: Plan = { allowed: ['refused'], commit: () => undefined };

const nothing = (): void => undefined;

/**
 * What a home holds and what may happen next, kept by the test from the answers it got: the reference that the ledger
 * is compared with. What it knows of quotas is design 5, L1-L3.
 */
export class HomeModel implements Expectations {
  readonly troubled = false;
  readonly root = new FolderNode();
  /** Files without a name that are still open: paid until the last handle closes (L3). */
  readonly #orphans = new Set<FileNode>();
  readonly #handles = new Set<ModelHandle>();
  readonly #line: Line | null;

  /** @param line `null` where others use the home at the same time: then whatever grows may be refused */
  constructor(line: Line | null) {
    this.#line = line;
  }

  /** What the ledger has to say. */
  used(): Used {
    const { bytes, files } = this.onDisk();
    let orphaned = 0;
    for (const { size } of this.#orphans) orphaned += size;
    return { bytes: bytes + orphaned, files: files + this.#orphans.size };
  }

  /** What a walk finds. */
  onDisk(): Used {
    const seen = new Set<unknown>();
    let bytes = 0;
    const walk = (folder: FolderNode): void => {
      for (const node of folder.entries.values()) {
        if (seen.has(node)) continue;
        seen.add(node);
        if (node.kind === 'file') bytes += node.size;
        if (node.kind === 'folder') walk(node);
      }
    };
    walk(this.root);
    return { bytes, files: seen.size };
  }

  tree(): ReadonlyMap<string, string> {
    return new Map(shownTree(this.root));
  }

  room(): number {
    return (this.#line?.bytes ?? 0) - this.used().bytes;
  }

  open(path: string, flags: number): OpenPlan {
    const has = (bit: number): boolean => (flags & bit) !== 0;
    const create = has(openFlags.create);
    const exclusive = has(openFlags.exclusive);
    const spot = find(this.root, path, !(create && exclusive));
    const node = spot?.node ?? null;
    const never = {
      ...(create ? this.#refusedOrFull() : refused),
      handle: () => this.#opened(new FileNode(), flags),
    };
    if (exclusive && (!create || node)) return never;
    if (!spot || (node ? node.kind !== 'file' : !create)) return never;
    const file = node?.kind === 'file' ? node : new FileNode();
    return {
      allowed: node ? ['done'] : this.#growing({ files: 1 }),
      commit: nothing,
      handle: () => {
        if (!node) put(spot, file);
        const handle = this.#opened(file, flags);
        if (has(openFlags.truncate)) {
          handle.kept = file.size;
          file.size = 0;
        }
        return handle;
      },
    };
  }

  #opened(file: FileNode, flags: number): ModelHandle {
    const append = (flags & openFlags.append) !== 0;
    const write = append || (flags & openFlags.write) !== 0;
    const handle = { file, append, write, read: !write || (flags & openFlags.read) !== 0, kept: 0 };
    file.handles++;
    this.#handles.add(handle);
    return handle;
  }

  close(handle: ModelHandle): void {
    this.#handles.delete(handle);
    if (--handle.file.handles === 0) this.#orphans.delete(handle.file);
  }

  write(handle: ModelHandle, offset: number, length: number): Plan {
    if (!handle.write) return refused;
    const end = (handle.append ? handle.file.size : offset) + length;
    return this.#resizing(
      handle.file,
      length === 0 ? handle.file.size : Math.max(handle.file.size, end),
      handle,
    );
  }

  resize(handle: ModelHandle, size: number): Plan {
    return handle.write ? this.#resizing(handle.file, size, handle) : refused;
  }

  resizePath(path: string, size: number, follow: boolean): Plan {
    const node = find(this.root, path, follow)?.node;
    return node?.kind === 'file' ? this.#resizing(node, size, null) : refused;
  }

  copyData(from: ModelHandle, fromOffset: number, length: number, to: ModelHandle, toOffset: number): Plan {
    if (from.file === to.file) return refused;
    const rest = Math.max(0, from.file.size - fromOffset);
    const copied = length === 0 ? rest : Math.min(length, rest);
    if (copied === 0) return { allowed: ['done'], commit: nothing };
    return from.read ? this.write(to, toOffset, copied) : refused;
  }

  copyFile(from: string, to: string, overwrite: boolean): Plan {
    const source = find(this.root, from, true)?.node;
    const spot = find(this.root, to, overwrite);
    const target = spot?.node ?? null;
    if (source?.kind !== 'file' || source === target) return refused;
    if (!spot) return this.#refusedOrFull();
    if (target && (!overwrite || target.kind !== 'file')) return refused;
    return this.#arriving(spot, source.size);
  }

  upload(path: string, name: string, size: number): Plan | null {
    const there = find(this.root, path, true);
    const spot = there?.node?.kind === 'folder' ? find(this.root, `${path}/${name}`, true) : there;
    const plan = spot && spot.node?.kind !== 'folder' ? this.#arriving(spot, size) : refused;
    // Others could take the room between announcement and bytes.
    return plan.allowed.length > 1 ? null : plan;
  }

  #arriving(spot: Spot, size: number): Plan {
    const file = spot.node?.kind === 'file' ? spot.node : new FileNode();
    const added = { bytes: Math.max(0, size - file.size), files: file === spot.node ? 0 : 1 };
    return {
      allowed: this.#growing(added),
      commit: () => {
        if (file !== spot.node) put(spot, file);
        file.size = size;
      },
    };
  }

  mkdir(path: string): Plan {
    return this.#making(path, () => new FolderNode());
  }

  symlink(path: string, target: string): Plan {
    return this.#making(path, () => new SymlinkNode(target));
  }

  #making(path: string, make: () => FolderNode | SymlinkNode): Plan {
    const spot = find(this.root, path, false);
    if (!spot || spot.node) return this.#refusedOrFull();
    const allowed = this.#growing({ files: 1 });
    return { allowed, commit: () => put(spot, make()) };
  }

  /** Which of two reasons for a refusal is told is nobody's concern. */
  #refusedOrFull(): Plan {
    const full = this.#growing({ files: 1 }).includes('quota');
    return { ...refused, allowed: full ? ['refused', 'quota'] : ['refused'] };
  }

  link(existing: string, path: string): Plan {
    const file = find(this.root, existing, false)?.node;
    const spot = find(this.root, path, false);
    if (file?.kind !== 'file' || !spot || spot.node) return refused;
    return { allowed: ['done'], commit: () => put(spot, file) };
  }

  remove(path: string): Plan {
    const spot = find(this.root, path, false);
    if (!spot?.node || spot.node.kind === 'folder') return refused;
    return { allowed: ['done'], commit: () => this.#take(spot) };
  }

  rmdir(path: string): Plan {
    const spot = find(this.root, path, false);
    if (spot?.node?.kind !== 'folder' || spot.node.entries.size > 0) return refused;
    return { allowed: ['done'], commit: () => this.#take(spot) };
  }

  rename(from: string, to: string, replace: boolean): Plan {
    const source = find(this.root, from, false);
    const target = find(this.root, to, false);
    if (!source?.node || !target) return refused;
    const moved = source.node;
    const there = target.node;
    if (source.folder === target.folder && source.name === target.name)
      return { allowed: ['done'], commit: nothing };
    if (moved.kind === 'folder' && isWithin(moved, target.folder)) return refused;
    if (there) {
      if (!replace) return refused;
      if (there === moved) return { allowed: ['done'], commit: nothing };
      if ((there.kind === 'folder') !== (moved.kind === 'folder')) return refused;
      if (there.kind === 'folder' && there.entries.size > 0) return refused;
    }
    return {
      allowed: ['done'],
      commit: () => {
        if (there) this.#take(target);
        put(target, moved);
        this.#take(source);
      },
    };
  }

  #resizing(file: FileNode, size: number, through: ModelHandle | null): Plan {
    const growth = Math.max(0, size - file.size);
    const kept = through?.kept ?? 0;
    return {
      allowed: growth <= kept ? ['done'] : this.#growing({ bytes: growth }, through),
      commit: () => {
        file.size = size;
        if (through) through.kept = Math.max(0, kept - growth);
      },
    };
  }

  /** What L1 and L2 say of growth: what fits is done, what does not is refused; and between them what handles keep. */
  #growing(
    added: { bytes?: number; files?: number },
    through: ModelHandle | null = null,
  ): readonly Outcome[] {
    const { bytes = 0, files = 0 } = added;
    if (bytes === 0 && files === 0) return ['done'];
    if (!this.#line) return ['done', 'quota'];
    const used = this.used();
    if (
      (bytes > 0 && used.bytes + bytes > this.#line.bytes) ||
      (files > 0 && used.files + files > this.#line.files)
    ) {
      return ['quota'];
    }
    let kept = 0;
    for (const handle of this.#handles) if (handle !== through) kept += handle.kept;
    return bytes > 0 && used.bytes + bytes + kept > this.#line.bytes ? ['done', 'quota'] : ['done'];
  }

  #take({ folder, name, node }: Spot): void {
    folder.entries.delete(name);
    if (node?.kind === 'file' && --node.names === 0 && node.handles > 0) this.#orphans.add(node);
  }
}

function put({ folder, name }: Spot, node: FileNode | FolderNode | SymlinkNode): void {
  folder.entries.set(name, node);
  if (node.kind === 'file') node.names++;
}
