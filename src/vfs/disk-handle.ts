import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import { disk } from './disk-calls.js';
import { toDate } from './jail-change.js';
import { toSpace } from './jail-look.js';
import { fileMode } from './modes.js';
import type { OpenInode, SizeChange } from './open-inodes.js';
import { toStats } from './stats.js';
import { PartialFault } from './partial-fault.js';
import type { Change, Handle, Inode, SetAttributes, Space, Stats } from './vfs.js';

export interface DiskHandleParts {
  readonly path: ByteString;
  /** The descriptor, from now on the handle's to close. */
  readonly descriptor: number;
  readonly inode: Inode;
  readonly open: OpenInode;
  readonly opened: Change;
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
}

/** A regular file of the host. Its calls run in libuv's pool, none in the event loop. */
export class DiskHandle implements Handle {
  readonly path: ByteString;
  readonly inode: Inode;
  readonly opened: Change;
  readonly #parts: DiskHandleParts;
  #running = 0;
  #closing = false;
  #idle: (() => void) | null = null;

  constructor(parts: DiskHandleParts) {
    this.#parts = parts;
    this.path = parts.path;
    this.inode = parts.inode;
    this.opened = parts.opened;
  }

  read(into: Buffer, position: number): Promise<number> {
    if (!this.#parts.read) return Promise.reject(new Fault('denied', 'the file was not opened for reading'));
    if (!Number.isSafeInteger(position + into.length)) return Promise.reject(new Fault('invalid'));
    return this.#use(async (descriptor) => {
      let filled = 0;
      while (filled < into.length) {
        const count = await disk.read(descriptor, into, filled, position + filled);
        filled += count;
        // A short read mostly is the end; some filesystems (FUSE) also give less before it.
        if (count === 0 || position + filled >= this.#parts.open.size) break;
      }
      return filled;
    });
  }

  write(slices: readonly Buffer[], position: number): Promise<Change> {
    const { open, write, append } = this.#parts;
    if (!write) return Promise.reject(new Fault('denied', 'the file was not opened for writing'));
    const length = slices.reduce((sum, { length }) => sum + length, 0);
    if (!append && !Number.isSafeInteger(position + length)) {
      return Promise.reject(new Fault('invalid', 'larger than a file can be'));
    }
    return this.#use((descriptor) =>
      append
        ? open.turns.alone(() => this.#writeAll(descriptor, slices, open.size, null))
        : open.turns.together(() => this.#writeAll(descriptor, slices, position, position)),
    );
  }

  /** @param at `null` where the kernel finds the end by itself (O_APPEND) */
  async #writeAll(
    descriptor: number,
    slices: readonly Buffer[],
    start: number,
    at: number | null,
  ): Promise<Change> {
    let left = slices.filter(({ length }) => length > 0);
    let written = 0;
    try {
      while (left.length > 0) {
        const count = await disk.writev(descriptor, left, at === null ? null : at + written);
        if (count === 0) throw new Fault('failure', 'the disk took nothing');
        written += count;
        left = without(left, count);
      }
    } catch (thrown) {
      // The part that was written before the disk was full stays, and counts.
      if (written === 0) throw thrown;
      throw new PartialFault(thrown, this.#change(this.#parts.open.grewTo(start + written)));
    }
    return this.#change(written > 0 ? this.#parts.open.grewTo(start + written) : this.#parts.open.grewTo(0));
  }

  stat(): Promise<Stats> {
    return this.#use(async (descriptor) => toStats(await disk.stat(descriptor)));
  }

  set({ size, owner, mode, times }: SetAttributes): Promise<Change> {
    const { open, write } = this.#parts;
    return this.#use(async (descriptor) => {
      if (size !== undefined && !write) throw new Fault('denied', 'the file was not opened for writing');
      if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) throw new Fault('invalid');
      const dates = times && { atime: toDate(times.atime), mtime: toDate(times.mtime) };
      const change =
        size === undefined
          ? open.grewTo(0)
          : await open.turns.alone(async () => {
              await disk.truncate(descriptor, size);
              return open.becomes(size);
            });
      try {
        if (owner) await disk.chown(descriptor, owner.uid, owner.gid);
        if (mode !== undefined) await disk.chmod(descriptor, fileMode(mode));
        if (dates) await disk.utimes(descriptor, dates.atime, dates.mtime);
      } catch (thrown) {
        throw size === undefined ? thrown : new PartialFault(thrown, this.#change(change));
      }
      return this.#change(change);
    });
  }

  sync(): Promise<void> {
    return this.#use((descriptor) => disk.sync(descriptor));
  }

  space(): Promise<Space> {
    return this.#use(async (descriptor) => toSpace(await disk.space(descriptor), false));
  }

  async close(): Promise<void> {
    if (this.#closing) throw new Fault('bad-handle');
    this.#closing = true;
    // A descriptor closed under a running call would be another file's by the time the call gets to it.
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    // Forgotten before the kernel may give the inode's number to a new file, which would inherit what is known here.
    this.#parts.open.leave();
    await disk.close(this.#parts.descriptor);
  }

  async #use<T>(work: (descriptor: number) => Promise<T>): Promise<T> {
    if (this.#closing) throw new Fault('bad-handle');
    this.#running++;
    try {
      return await work(this.#parts.descriptor);
    } finally {
      if (--this.#running === 0) this.#idle?.();
    }
  }

  #change(size: SizeChange): Change {
    return { kind: 'file', ...this.inode, created: false, ...size, linksLeft: this.#parts.open.links };
  }
}

/** The slices without the first `count` bytes of them all. */
function without(slices: readonly Buffer[], count: number): Buffer[] {
  const left: Buffer[] = [];
  let skip = count;
  for (const slice of slices) {
    if (skip < slice.length) left.push(skip > 0 ? slice.subarray(skip) : slice);
    skip = Math.max(0, skip - slice.length);
  }
  return left;
}
