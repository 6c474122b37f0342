import { Fault } from '../fault.js';
import { PartialFault } from '../vfs/partial-fault.js';
import { Turns } from '../vfs/turns.js';
import type { Change, Handle, SetAttributes, Stats } from '../vfs/vfs.js';
import type { Keep } from './keep.js';

/** Who charges a file for its size, and fetches the claim on it. */
export interface Charging {
  /** @returns `null` where that was done at once; else a promise of the size that it had before */
  grow(file: HeldFile, end: number, keep: Keep): Promise<number> | null;
  /** @param keep who keeps what was freed, if not everybody */
  shrunk(file: HeldFile, size: number, keep: Keep | null): void;
  /** @returns the size that is charged; `null` where the file is to be looked at first */
  claim(file: HeldFile): Promise<number | null>;
}

/**
 * A file that this process has open, once for all of its handles: what it is charged for, and whose turn it is to
 * change that. Its size changes only while this process has the claim on it.
 */
export class HeldFile {
  readonly inode: number;
  readonly #holding: Charging;
  /** Positional writes run together; truncation, appending and giving up the claim alone. */
  readonly #turns = new Turns();
  readonly handles = new Set<Handle>();
  /** Whether it is there to stay, once the owner knows of it. */
  introduced: Promise<boolean> = Promise.resolve(true);
  /** Bytes that are charged: never less than st_size. */
  size: number;
  /** What the owner was told last. */
  told: number;
  claimed = false;
  /** Whether `size` can still be what the file has, where the claim is somebody else's to take. */
  looked = true;
  /** A write failed: what it left is not known yet. */
  #suspect = false;
  #claiming: Promise<void> | null = null;

  constructor(inode: number, size: number, holding: Charging) {
    this.inode = inode;
    this.size = size;
    this.told = size;
    this.#holding = holding;
  }

  /** It was looked at; what the claim has brought meanwhile knows better. */
  seen(size: number): void {
    if (!this.claimed) this.size = this.told = size;
  }

  /** @param position `null` is the end, found in one step with the writing (T2) */
  write(handle: Handle, keep: Keep, slices: readonly Buffer[], position: number | null): Promise<Change> {
    let length = 0;
    for (const slice of slices) length += slice.length;
    if (position !== null && !Number.isSafeInteger(position + length)) {
      return Promise.reject(new Fault('invalid', 'larger than a file can be'));
    }
    keep.begin();
    if (position !== null && this.claimed && this.#turns.tryTogether()) {
      return this.#growAndWrite(handle, keep, slices, position, length).then(
        (change) => {
          this.#turns.leaveTogether();
          keep.end();
          return change;
        },
        async (thrown: unknown) => {
          this.#turns.leaveTogether();
          const told = await this.#told(thrown);
          keep.end();
          throw told;
        },
      );
    }
    const doing =
      position === null
        ? this.#alone(handle, () => this.#growAndWrite(handle, keep, slices, this.size, length))
        : this.#together(handle, () => this.#growAndWrite(handle, keep, slices, position, length));
    return doing.finally(() => keep.end());
  }

  async #growAndWrite(
    handle: Handle,
    keep: Keep,
    slices: readonly Buffer[],
    position: number,
    length: number,
  ): Promise<Change> {
    // An empty write makes no hole.
    const end = length > 0 ? position + length : 0;
    let before = this.size;
    if (end > before) {
      const waiting = this.#holding.grow(this, end, keep);
      if (waiting) before = await waiting;
    }
    const after = Math.max(before, end);
    try {
      const change = await handle.write(slices, position);
      return { ...change, bytesBefore: before, bytesAfter: after };
    } catch (thrown) {
      this.#suspect = true;
      throw new FailedWrite(thrown, before);
    }
  }

  /** @param kept whether what is freed stays with the handle, so that a file of the same size fits again (L2) */
  set(
    handle: Handle,
    keep: Keep,
    attributes: SetAttributes & { readonly size: number },
    kept: boolean,
  ): Promise<Change> {
    const { size } = attributes;
    if (!Number.isSafeInteger(size) || size < 0) return Promise.reject(new Fault('invalid'));
    keep.begin();
    return this.#alone(handle, async () => {
      let before = this.size;
      if (size > before) {
        const waiting = this.#holding.grow(this, size, keep);
        if (waiting) before = await waiting;
      }
      try {
        const change = await handle.set(attributes);
        this.#holding.shrunk(this, size, kept ? keep : null);
        return { ...change, bytesBefore: before, bytesAfter: this.size };
      } catch (thrown) {
        this.#suspect = true;
        throw new FailedWrite(thrown, before);
      }
    }).finally(() => keep.end());
  }

  /**
   * Ends the writing of this process, so that another one may write.
   * @param wanted whether that is wanted still, once it has ended
   */
  yield(wanted: () => boolean): Promise<void> {
    return this.#turns.alone(async () => {
      await this.#look();
      if (!wanted()) return;
      this.claimed = false;
      this.looked = false;
    });
  }

  #together(handle: Handle, work: () => Promise<Change>): Promise<Change> {
    return this.#claimedTurn(handle, (turn) => this.#turns.together(turn), work);
  }

  #alone(handle: Handle, work: () => Promise<Change>): Promise<Change> {
    return this.#claimedTurn(
      handle,
      (turn) => this.#turns.alone(turn),
      async () => {
        await this.#look();
        return work();
      },
    );
  }

  /**
   * The claim is fetched outside of the turn: whoever is to have it next waits for the turns of those before. It may be
   * gone again by the time the turn comes.
   */
  async #claimedTurn(
    handle: Handle,
    turn: (work: () => Promise<Change | null>) => Promise<Change | null>,
    work: () => Promise<Change>,
  ): Promise<Change> {
    for (;;) {
      if (!this.claimed) await this.#claim(handle);
      try {
        const change = await turn(() => (this.claimed ? work() : Promise.resolve(null)));
        if (change) return change;
      } catch (thrown) {
        throw await this.#told(thrown);
      }
    }
  }

  /** What a failed write has really left is found out before anybody is told of it. */
  async #told(thrown: unknown): Promise<unknown> {
    if (!(thrown instanceof FailedWrite)) return thrown;
    await this.#turns.alone(() => this.#look());
    const { cause, before } = thrown;
    const { size } = this;
    if (!(cause instanceof PartialFault) && size === before) return cause;
    const change = cause instanceof PartialFault ? cause.change : null;
    return change ? new PartialFault(cause, { ...change, bytesBefore: before, bytesAfter: size }) : cause;
  }

  #claim(handle: Handle): Promise<void> {
    this.#claiming ??= this.#fetchClaim(handle).finally(() => (this.#claiming = null));
    return this.#claiming;
  }

  async #fetchClaim(handle: Handle): Promise<void> {
    for (;;) {
      if (!this.looked) await this.#lookFirst(handle);
      const size = await this.#holding.claim(this);
      if (size === null) {
        this.looked = false;
        continue;
      }
      return;
    }
  }

  async #lookFirst(handle: Handle): Promise<void> {
    // Not after it: once another owner is told of the file, this look may be too old.
    this.looked = true;
    try {
      this.size = this.told = (await handle.stat()).size;
    } catch (thrown) {
      this.looked = false;
      throw thrown;
    }
  }

  async #look(): Promise<void> {
    if (!this.#suspect) return;
    let stats: Stats | null = null;
    for (const handle of this.handles) stats ??= await handle.stat().catch(() => null);
    // What cannot be looked at stays charged: a count finds it out.
    if (stats && stats.size < this.size) this.#holding.shrunk(this, stats.size, null);
    this.#suspect = false;
  }
}

/** Those of the files that have no name any more. */
export async function withoutName(files: Iterable<HeldFile>): Promise<ReadonlySet<HeldFile>> {
  const gone = new Set<HeldFile>();
  for (const file of files) {
    const [handle] = file.handles;
    const stats = await handle?.stat().catch(() => null);
    if (stats?.nlink === 0) gone.add(file);
  }
  return gone;
}

class FailedWrite extends Error {
  override readonly cause: unknown;
  readonly before: number;

  constructor(cause: unknown, before: number) {
    super();
    this.cause = cause;
    this.before = before;
  }
}
