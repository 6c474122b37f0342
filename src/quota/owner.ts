import { Fault } from '../fault.js';
import type { UsageFigures, UsageRow, UsageStore } from '../store/usage.js';
import { PartialFault } from '../vfs/partial-fault.js';
import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import { Counting, type CountingParts } from './counting.js';
import { Ledger } from './ledger.js';
import { overLine, type Line } from './line.js';
import type { Created, Creation, Entered, Entering, Held, NameChange, Report } from './messages.js';
import { carryOut } from './name-change.js';
import type { Holder, LocalCreation } from './owner-port.js';
import type { HomeUsage, ScanOptions, ScanReport } from './quotas.js';

export interface OwnerParts extends Pick<CountingParts, 'open' | 'pause'> {
  readonly homeId: number;
  /** As it was read before it was taken. */
  readonly row: UsageRow;
  /** The epoch that is ours. */
  readonly epoch: number;
  readonly store: UsageStore;
  /** The line that is in force now. */
  readonly line: () => Promise<Line>;
  /** Runs once after so many milliseconds; returns the way to prevent it. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Called once, when somebody else has taken the home. */
  readonly deposed: () => void;
  /** Hears what nobody waits for. */
  readonly warn: (message: string) => void;
}

/** Bytes that one lease holds beyond what was asked for. */
const largestLease = 16 * 2 ** 20;
/** A lease takes one part in so many of the room there is: leases shrink towards the line. */
const shareOfRoom = 8;
/** How far the row's ceilings are ahead of what is used or lent, so that few leases have to wait for the store. */
const bytesAhead = 64 * 2 ** 20;
const filesAhead = 256;
/** Milliseconds from a change at rest until the row says so. */
const restingTime = 1000;
/** Milliseconds in which a peer that lives has to answer (L2). */
const peerPatience = 5000;
/** Milliseconds that growth waits for the first count after a crash (L2). */
const countPatience = 30_000;
/** Milliseconds that a file made for a peer is kept open for it. */
const tokenPatience = 10_000;

/** A place in a queue in which the answer depends on a count that is still going on. */
const unsure = Symbol('unsure');

/**
 * Keeps the ledger of one home and carries out its changes of names, one after another (L6). What other processes
 * hold is called back before anything is refused (L2).
 */
export class Owner {
  readonly #parts: OwnerParts;
  readonly #ledger: Ledger;
  readonly #counting: Counting;
  readonly #holders = new Map<string, Holder>();
  readonly #kept = new Map<number, { readonly handle: Handle; readonly close: () => void }>();
  #lastToken = 0;
  #begin: () => void = () => undefined;
  readonly #begun = new Promise<void>((resolve) => (this.#begin = resolve));
  #hasBegun = false;
  /** Changes of names, one at a time. */
  #names: Promise<unknown> = this.#begun;
  /** Leases, one at a time: who called others' leases back gets what came. */
  #leases: Promise<unknown> = this.#begun;
  /** Claims on their way from one process to another. */
  readonly #claims = new Map<number, Promise<unknown>>();
  /** Whether a peer ever held anything: until then nobody else can have changed a file since it was opened. */
  #alone = true;
  #ceiling: { bytes: number; files: number };
  #saved: UsageFigures | null = null;
  #cancelRest: (() => void) | null = null;
  #deposed = false;

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    const { row, open, pause } = parts;
    const clean = row.owner === null && row.counted;
    this.#ledger = clean
      ? new Ledger(row.bytes, row.files)
      : new Ledger(Math.max(row.bytes, row.bytesCeiling), Math.max(row.files, row.filesCeiling));
    this.#ceiling = { bytes: row.bytesCeiling, files: row.filesCeiling };
    this.#counting = new Counting({
      open,
      pause,
      ledger: this.#ledger,
      state: clean ? 'counted' : row.counted ? 'uncounted' : 'unknown',
      inQueue: (work) => this.#inQueue(work),
      counted: (links) => this.#countedAnew(links),
    });
  }

  get epoch(): number {
    return this.#parts.epoch;
  }

  /** Whether it is the owner no more. */
  get deposed(): boolean {
    return this.#deposed;
  }

  /** Everybody who has something of the home has said so: from now on it answers, and counts if that is due. */
  begin(): void {
    this.#hasBegun = true;
    this.#begin();
    this.recount();
  }

  /** Starts the count that is due, if any; nobody has to wait for it. */
  recount(): void {
    if (this.#counting.state === 'counted' || this.#deposed || !this.#hasBegun) return;
    this.#counting.start().catch((thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code === 'cancelled') return;
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      this.#parts.warn(`a home could not be counted, so that it cannot grow: ${why}`);
    });
  }

  /** A process comes, or comes again after its channel broke, with what it has open. */
  register(holder: Holder, held: readonly Held[]): void {
    this.#assertOwner();
    this.#drop(holder.id);
    this.#holders.set(holder.id, holder);
    if (!holder.local) this.#alone = false;
    for (const { inode, size, claimed, gone } of held) {
      const file = this.#ledger.entered(inode, holder.id, null);
      if (gone) file.gone = true;
      if (claimed && file.claim === null) {
        file.claim = holder.id;
        file.size = size;
        this.#counting.current?.follow(inode, size, file.gone ? true : null);
      } else if (gone) {
        file.size ??= size;
      }
    }
    this.recount();
  }

  /** A process is gone, for all that can be said: what it had not told may have been written. */
  lost(holder: Holder): void {
    if (this.#holders.get(holder.id) !== holder) return;
    this.#holders.delete(holder.id);
    this.#drop(holder.id);
    this.recount();
  }

  #drop(id: string): void {
    const lease = this.#ledger.takeBack(id);
    let uncertain = lease > 0;
    for (const [inode, file] of this.#ledger.open) {
      if (!file.openers.has(id)) continue;
      if (file.claim === id) {
        file.claim = null;
        file.size = null;
        uncertain = true;
      }
      uncertain ||= file.gone;
      file.openers.delete(id);
      // A file without a name that only the dead had open is gone; the count that follows finds that out.
      if (file.openers.size === 0) this.#ledger.open.delete(inode);
    }
    if (!uncertain) return;
    this.#ledger.add(lease, 0);
    this.#counting.doubt();
  }

  enter(holder: Holder, { inode, size, write }: Entering, report: Report): Entered {
    this.#hear(holder, report);
    const trusted = holder.local && this.#alone;
    const file = this.#ledger.entered(inode, holder.id, trusted ? size : null);
    if (file.size === null) return { claimed: false, size, look: true };
    const free = file.claim === null && !this.#claims.has(inode) && this.#hasBegun;
    if (write && free) this.#give(holder, inode);
    return { claimed: file.claim === holder.id, size: file.size, look: false };
  }

  #give(holder: Holder, inode: number): void {
    const file = this.#ledger.open.get(inode);
    if (!file) return;
    file.claim = holder.id;
    this.#counting.current?.follow(inode, file.size ?? 0, file.gone ? true : null);
  }

  /** @returns the size that is charged; `null` where the one that was given may not be true any more */
  async claim(holder: Holder, inode: number, size: number, report: Report): Promise<number | null> {
    this.#hear(holder, report);
    const before = this.#claims.get(inode) ?? this.#begun;
    const moving = before.catch(() => undefined).then(() => this.#moveClaim(holder, inode, size));
    this.#claims.set(inode, moving);
    try {
      return await moving;
    } finally {
      if (this.#claims.get(inode) === moving) this.#claims.delete(inode);
    }
  }

  async #moveClaim(holder: Holder, inode: number, size: number): Promise<number | null> {
    const file = this.#ledger.open.get(inode);
    if (!file?.openers.has(holder.id)) throw new Fault('cancelled');
    if (file.claim === holder.id) return file.size;
    const other = file.claim === null ? undefined : this.#holders.get(file.claim);
    if (other) {
      const yielded = other.yield(inode).then((report) => {
        this.#hear(other, report);
        if (file.claim === other.id) file.claim = null;
      });
      const inTime = await this.#inTime(yielded).catch(() => this.#holders.get(other.id) !== other);
      if (!inTime) throw new Fault('busy');
      // Lost on the way: what it wrote last is for the asker to look at.
      if (this.#holders.get(other.id) !== other) return null;
    }
    if (!file.openers.has(holder.id)) throw new Fault('cancelled');
    file.size ??= size;
    this.#give(holder, inode);
    return file.size;
  }

  leave(holder: Holder, inode: number, report: Report): void {
    this.#hear(holder, report);
    this.#left(inode, holder.id);
    this.#rests();
  }

  #left(inode: number, opener: string): void {
    const size = this.#ledger.open.get(inode)?.size ?? 0;
    if (this.#ledger.left(inode, opener)) this.#counting.current?.follow(inode, size, false);
  }

  /** Books what a process tells. */
  #hear(holder: Holder, { sizes, returned }: Report): void {
    this.#assertOwner();
    if (this.#holders.get(holder.id) !== holder) throw new Fault('cancelled');
    for (const one of sizes) {
      this.#ledger.settle(holder.id, one);
      this.#counting.current?.sized(...one);
    }
    this.#ledger.lend(holder.id, -returned);
  }

  lease(holder: Holder, bytes: number, report: Report, granted: (bytes: number) => void): Promise<void> {
    this.#hear(holder, report);
    return this.#oncesure(() =>
      this.#oneLease(async () => {
        const { bytes: limit } = await this.#parts.line();
        let hung = false;
        if (this.#room(limit) < bytes) {
          if (this.#counting.state !== 'counted') return unsure;
          hung = await this.#callBack(holder);
          // Somebody died over it.
          if (this.#counting.state !== 'counted') return unsure;
        }
        const room = this.#room(limit);
        if (room < bytes) {
          if (hung) throw new Fault('busy');
          const used = this.#ledger.bytes + this.#ledger.leased;
          throw overLine('bytes', { used, limit: limit ?? 0, needed: bytes });
        }
        const share = Math.min(largestLease, Math.floor((room - bytes) / shareOfRoom));
        await this.#raise(bytes + share, 0, { bytes: limit, files: null });
        this.#assertOwner();
        if (this.#holders.get(holder.id) !== holder) throw new Fault('cancelled');
        // A count that ended meanwhile may have found less room.
        if (this.#room(limit) < bytes + share) return unsure;
        this.#ledger.lend(holder.id, bytes + share);
        granted(bytes + share);
        return undefined;
      }),
    );
  }

  #room(limit: number | null): number {
    if (limit === null) return Infinity;
    if (this.#counting.state === 'unknown') return -1;
    return limit - this.#ledger.bytes - this.#ledger.leased;
  }

  /** Calls back what others do not use. @returns whether somebody did not answer */
  #callBack(asker: Holder): Promise<boolean> {
    const others = [...this.#holders.values()].filter((holder) => holder !== asker);
    return this.#ask(others, true);
  }

  async #ask(holders: readonly Holder[], back: boolean): Promise<boolean> {
    const answered = await Promise.all(
      holders.map(async (holder) => {
        // What comes late is booked all the same.
        const told = holder.report(back).then((report) => this.#hear(holder, report));
        return this.#inTime(told).catch(() => this.#holders.get(holder.id) !== holder);
      }),
    );
    return answered.includes(false);
  }

  /** Whether it came to its end while a peer may take for an answer (L2). */
  async #inTime(doing: Promise<unknown>): Promise<boolean> {
    let cancel = (): void => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.#parts.after(peerPatience, () => resolve(false));
    });
    return Promise.race([doing.then(() => true), late]).finally(() => cancel());
  }

  /** Makes the row's ceilings high enough for growth that is about to be allowed. @throws Fault `no-space`, ... */
  async #raise(bytes: number, files: number, line: Line): Promise<void> {
    const needed = {
      bytes: this.#ledger.bytes + this.#ledger.leased + bytes,
      files: this.#ledger.files + files,
    };
    if (needed.bytes <= this.#ceiling.bytes && needed.files <= this.#ceiling.files) return;
    const ahead = (need: number, step: number, limit: number | null): number =>
      Math.max(need, Math.min(need + step, limit ?? Infinity));
    await this.#save({
      bytes: Math.max(this.#ceiling.bytes, ahead(needed.bytes, bytes > 0 ? bytesAhead : 0, line.bytes)),
      files: Math.max(this.#ceiling.files, ahead(needed.files, files > 0 ? filesAhead : 0, line.files)),
    });
  }

  async #save(ceiling: { readonly bytes: number; readonly files: number }): Promise<void> {
    const { store, homeId, epoch } = this.#parts;
    const figures = this.#figures(ceiling);
    if (!(await store.save(homeId, epoch, figures))) {
      this.depose();
      throw new Fault('cancelled');
    }
    this.#ceiling = { ...ceiling };
    this.#saved = figures;
  }

  #figures(ceiling: { readonly bytes: number; readonly files: number }): UsageFigures {
    return {
      counted: this.#counting.state !== 'unknown',
      bytes: this.#ledger.bytes,
      files: this.#ledger.files,
      bytesCeiling: ceiling.bytes,
      filesCeiling: ceiling.files,
    };
  }

  /** At rest the row is brought up to date, after a moment, so that a crash then costs no count. */
  #rests(): void {
    this.#cancelRest ??= this.#parts.after(restingTime, () => {
      this.#cancelRest = null;
      void this.#oneLease(() => this.#noteRest()).catch(() => undefined);
    });
  }

  async #noteRest(): Promise<undefined> {
    if (this.#deposed || this.#ledger.leased > 0 || this.#counting.state !== 'counted') return;
    const { bytes, files } = this.#ledger;
    if (this.#saved?.bytes === bytes && this.#saved.files === files && this.#ceiling.bytes === bytes) return;
    // The count of files may go on meanwhile: its ceiling stays where it is.
    await this.#save({ bytes, files: Math.max(files, this.#ceiling.files) });
  }

  change(holder: Holder, request: NameChange, report: Report, through: Vfs): Promise<Change> {
    this.#hear(holder, report);
    return this.#oncesure(() =>
      this.#inQueue(async () => {
        if (request.kind === 'mkdir' || request.kind === 'symlink') {
          const room = await this.#roomForFile();
          // What exists is told as that, line or no line.
          if (room !== null && !(await exists(through, request.path))) {
            if (room === unsure) return unsure;
            throw room;
          }
        }
        const change = await carryOut(through, request).catch(async (thrown: unknown) => {
          if (thrown instanceof PartialFault) await this.#book(request, thrown.change, through);
          throw thrown;
        });
        await this.#book(request, change, through);
        return change;
      }),
    );
  }

  /** `null` where one more file fits; else why not. */
  async #roomForFile(): Promise<Fault | typeof unsure | null> {
    const line = await this.#parts.line();
    if (line.files !== null) {
      if (this.#counting.state === 'unknown') return unsure;
      if (this.#ledger.files + 1 > line.files) {
        if (this.#counting.state !== 'counted') return unsure;
        return overLine('files', { used: this.#ledger.files, limit: line.files, needed: 1 });
      }
    }
    await this.#raise(0, 1, line);
    return null;
  }

  async #book(request: NameChange, change: Change, through: Vfs): Promise<void> {
    switch (request.kind) {
      case 'mkdir':
      case 'symlink':
        this.#made(change);
        break;
      case 'remove':
      case 'rmdir':
        await this.#unnamed(change);
        break;
      case 'rename':
        if (change.replaced) await this.#unnamed(change.replaced);
        await this.#renamed(change, request, through);
        break;
      case 'link':
        await this.#linked(change);
        break;
    }
    this.#rests();
  }

  #made(change: Change): void {
    this.#ledger.add(change.bytesAfter, 1);
    this.#counting.current?.made(change);
  }

  /** An inode lost a name, if it had several not always the last one (L3). */
  async #unnamed({ kind, ino, bytesAfter, linksLeft }: Change): Promise<void> {
    const { store, homeId } = this.#parts;
    const count = this.#counting.current;
    const bytes = this.#ledger.open.get(ino)?.size ?? bytesAfter;
    if (kind !== 'folder' && linksLeft > 0) {
      if (count) count.unsure = true;
      const inside = ((await store.links(homeId, ino)) ?? 1) - 1;
      if (inside > 0) {
        await store.setLinks(homeId, ino, inside > 1 ? inside : null);
        count?.follow(ino, bytes, true);
        return;
      }
    }
    count?.follow(ino, bytes, this.#ledger.open.has(ino));
    this.#ledger.unnamed(ino, bytesAfter);
  }

  async #renamed(
    { kind, ino, bytesAfter, linksLeft }: Change,
    request: NameChange,
    through: Vfs,
  ): Promise<void> {
    const count = this.#counting.current;
    if (!count) return;
    if (kind !== 'folder' && linksLeft > 1) count.unsure = true;
    count.follow(ino, this.#ledger.open.get(ino)?.size ?? bytesAfter, true);
    if (kind !== 'folder' || request.kind !== 'rename') return;
    // Removed or moved on by the host's own programs: their changes are no matter of this count.
    const folder = await through.list(request.to).catch(() => null);
    if (folder) await count.moved(folder);
  }

  async #linked({ ino, bytesAfter, linksLeft }: Change): Promise<void> {
    const { store, homeId } = this.#parts;
    const count = this.#counting.current;
    if (count) {
      count.unsure = true;
      count.follow(ino, this.#ledger.open.get(ino)?.size ?? bytesAfter, true);
    }
    const inside = linksLeft === 2 ? 2 : ((await store.links(homeId, ino)) ?? 1) + 1;
    await store.setLinks(homeId, ino, inside);
  }

  /** Makes a file, or finds the one that is there: a full home takes no new one, and lets old ones be written anew. */
  async #createIn(open: (create: boolean) => Promise<Handle>, entered: (handle: Handle) => void) {
    return this.#oncesure(() =>
      this.#inQueue(async () => {
        const room = await this.#roomForFile();
        let handle: Handle;
        try {
          handle = await open(room === null);
        } catch (thrown) {
          if (room === null || !(thrown instanceof Fault) || thrown.code !== 'not-found') throw thrown;
          if (room === unsure) return unsure;
          throw room;
        }
        if (handle.opened.created) this.#made(handle.opened);
        entered(handle);
        this.#rests();
        return handle;
      }),
    );
  }

  create(
    holder: Holder,
    { exclusive }: Creation,
    report: Report,
    { open, entered }: LocalCreation,
  ): Promise<Handle> {
    this.#hear(holder, report);
    return this.#createIn((create) => opening(open(create), exclusive), entered);
  }

  /** For a peer: the file is made, and kept open until the peer has opened it itself. */
  async createFor(
    holder: Holder,
    { path, exclusive, mode }: Creation,
    report: Report,
    through: Vfs,
  ): Promise<Created> {
    this.#hear(holder, report);
    const token = ++this.#lastToken;
    const opener = `${holder.id} ${token}`;
    const handle = await this.#createIn(
      (create) => {
        const options = { write: true, ...(mode !== undefined && { mode }) };
        return opening(through.open(path, create ? { ...options, create, exclusive } : options), exclusive);
      },
      ({ inode, opened }) => void this.#ledger.entered(inode.ino, opener, opened.created ? 0 : null),
    );
    const cancel = this.#parts.after(tokenPatience, () => this.release(token));
    const close = (): void => {
      cancel();
      void handle
        .close()
        .catch(() => undefined)
        .then(() => this.#left(handle.inode.ino, opener));
    };
    this.#kept.set(token, { handle, close });
    return { change: handle.opened, token };
  }

  release(token: number): void {
    this.#kept.get(token)?.close();
    this.#kept.delete(token);
  }

  usageFor(holder: Holder, report: Report): Promise<HomeUsage> {
    this.#hear(holder, report);
    return this.usage();
  }

  /** Exact: everybody is asked for what was not told yet. */
  async usage(): Promise<HomeUsage> {
    const [line, hung] = await Promise.all([
      this.#parts.line(),
      this.#ask([...this.#holders.values()], false),
    ]);
    this.#assertOwner();
    const { bytes, files, leased } = this.#ledger;
    const counted = this.#counting.state === 'counted' && !hung;
    return { bytes: hung ? bytes + leased : bytes, files, line, counted };
  }

  scan(options: ScanOptions): Promise<ScanReport> {
    this.#assertOwner();
    return this.#counting.scan(options);
  }

  async #countedAnew(links: ReadonlyMap<number, number>): Promise<void> {
    const { store, homeId } = this.#parts;
    await store.replaceLinks(homeId, links);
    await this.#save({
      bytes: Math.max(this.#ceiling.bytes, this.#ledger.bytes + this.#ledger.leased),
      files: Math.max(this.#ceiling.files, this.#ledger.files),
    });
    this.#rests();
  }

  /** Hands the ledger back, exact; where a peer still has something of the home, the next owner counts it. */
  async close(): Promise<void> {
    this.#cancelRest?.();
    this.#counting.stop();
    this.#begin();
    for (const token of [...this.#kept.keys()]) this.release(token);
    await Promise.all([this.#names, this.#leases]);
    if (this.#deposed) return;
    const local = [...this.#holders.values()].filter((holder) => holder.local);
    await this.#ask(local, true);
    const { store, homeId, epoch } = this.#parts;
    const { bytes, files, leased, open } = this.#ledger;
    const clean = this.#holders.size === local.length && open.size === 0 && leased === 0;
    const ceiling = { bytes, files };
    if (!clean) {
      await this.#save({ bytes: Math.max(this.#ceiling.bytes, bytes + leased), files: this.#ceiling.files });
    } else {
      const counted = this.#counting.state === 'counted';
      await store.release(homeId, epoch, { ...this.#figures(ceiling), counted });
    }
    this.#deposed = true;
  }

  /** Somebody else owns the home, or nobody may. */
  depose(): void {
    if (this.#deposed) return;
    this.#deposed = true;
    this.#begin();
    this.#cancelRest?.();
    this.#counting.stop();
    this.#parts.deposed();
  }

  #assertOwner(): void {
    if (this.#deposed) throw new Fault('cancelled');
  }

  #inQueue<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#names.then(() => {
      this.#assertOwner();
      return work();
    });
    this.#names = run.catch(() => undefined);
    return run;
  }

  #oneLease<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#leases.then(() => {
      this.#assertOwner();
      return work();
    });
    this.#leases = run.catch(() => undefined);
    return run;
  }

  /** Tries again once the count is done that the answer depends on. @throws Fault `busy` when it takes too long */
  async #oncesure<T>(attempt: () => Promise<T | typeof unsure>): Promise<T> {
    let late = false;
    const first = await attempt();
    if (first !== unsure) return first;
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = this.#parts.after(countPatience, () => {
        late = true;
        resolve();
      });
    });
    try {
      for (;;) {
        await Promise.race([this.#counting.start().catch(() => undefined), patience]);
        if (late) throw new Fault('busy', 'busy, try again: what this home holds is being counted');
        const result = await attempt();
        if (result !== unsure) return result;
        if (this.#counting.failed) throw new Fault('busy', 'busy, try again: this home could not be counted');
      }
    } finally {
      cancel();
    }
  }
}

/** Where there was no room for a new file the name was opened as it is: `exclusive` is for us to say then. */
async function opening(doing: Promise<Handle>, exclusive: boolean): Promise<Handle> {
  const handle = await doing;
  if (!exclusive || handle.opened.created) return handle;
  await handle.close();
  throw new Fault('exists');
}

async function exists(vfs: Vfs, path: string): Promise<boolean> {
  return vfs.stat(path, { follow: false }).then(
    () => true,
    () => false,
  );
}
