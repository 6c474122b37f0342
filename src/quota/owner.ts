import { Fault } from '../fault.js';
import type { UsageRow, UsageStore } from '../store/usage.js';
import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import { Claims } from './claims.js';
import { Counting, type CountingParts } from './counting.js';
import { KeptFiles } from './kept-files.js';
import { KeptRow } from './kept-row.js';
import { Ledger } from './ledger.js';
import { overLine, type Line } from './line.js';
import type { Created, Creation, Entered, Entering, Held, NameChange, Report } from './messages.js';
import { NameBooks } from './name-books.js';
import { Names } from './names.js';
import { OneByOne, onceTold } from './one-by-one.js';
import { firstCount, onceSure, unsure } from './once-sure.js';
import type { Holder, LocalCreation } from './owner-port.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

export interface OwnerParts extends Pick<CountingParts, 'open' | 'pause'> {
  readonly homeId: number;
  /** As the owner before left it, and who that was. */
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
/** Milliseconds from a change at rest until the row says so. */
const restingTime = 1000;
/** Milliseconds until a home is counted that is in doubt, or could not be counted. */
const recountTime = 30_000;
/** Milliseconds in which a peer that lives has to answer (L2). */
const peerPatience = 5000;

/**
 * Keeps the ledger of one home and carries out its changes of names, one after another (L6). What other processes
 * hold is called back before anything is refused (L2).
 */
export class Owner {
  readonly #parts: OwnerParts;
  readonly #ledger: Ledger;
  readonly #counting: Counting;
  readonly #holders = new Map<string, Holder>();
  readonly #kept: KeptFiles;
  readonly #row: KeptRow;
  #begin: () => void = () => undefined;
  readonly #begun = new Promise<void>((resolve) => (this.#begin = resolve));
  #hasBegun = false;
  /** Changes of names, one at a time. */
  readonly #turns = new OneByOne(this.#begun);
  readonly #names: Names;
  /** Leases, one at a time: who called others' leases back gets what came. */
  readonly #leases = new OneByOne(this.#begun, onceTold);
  readonly #claims: Claims;
  /** Whether a peer ever held anything: until then nobody else can have changed a file since it was opened. */
  #alone: boolean;
  /** Those who were asked, and have not answered in time. */
  readonly #silent = new Set<Holder>();
  #cancelRest: (() => void) | null = null;
  #again: (() => void) | null = null;
  #deposed = false;

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    const { homeId, row, epoch, store, open, pause, after } = parts;
    const clean = row.owner === null && row.counted;
    this.#alone = row.owner === null;
    const drifts = (): void => {
      // Before the first count the figures say nothing.
      if (this.#counting.state === 'unknown') return;
      parts.warn("it was changed behind the server's back: 'plimsoll quota scan' finds out what it holds");
    };
    this.#ledger = clean
      ? new Ledger(row.bytes, row.files, drifts)
      : new Ledger(Math.max(row.bytes, row.bytesCeiling), Math.max(row.files, row.filesCeiling), drifts);
    this.#counting = new Counting({
      open,
      pause,
      ledger: this.#ledger,
      state: clean ? 'counted' : row.counted ? 'uncounted' : 'unknown',
      inQueue: (work) => this.#inQueue(work),
      settle: () => this.#ask([...this.#holders.values()], false),
      counted: async (links) => {
        await store.replaceLinks(homeId, links);
        await this.#row.save();
        this.#rests();
      },
      doubted: () => this.#recountLater(),
    });
    const [ledger, counting] = [this.#ledger, this.#counting];
    this.#claims = new Claims({
      ledger,
      counting,
      begun: this.#begun,
      holderOf: (id) => this.#holders.get(id),
      hear: (holder, report) => this.#hear(holder, report),
      inTime: (doing) => this.#inTime(doing),
      isGone: (holder, thrown) => this.#isGone(holder, thrown),
    });
    this.#kept = new KeptFiles(after);
    this.#row = new KeptRow({ row, epoch, store, ledger, counting, deposed: () => this.depose() });
    this.#names = new Names({
      ledger,
      counting,
      row: this.#row,
      books: new NameBooks({ homeId, store, ledger, counting }),
      line: parts.line,
      after,
      inQueue: (work) => this.#inQueue(work),
      rests: () => this.#rests(),
    });
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
    if (this.#isCounted() || this.#deposed || !this.#hasBegun) return;
    this.#counting.start().catch((thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code === 'cancelled') return;
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      this.#parts.warn(`it could not be counted, so that it cannot grow: ${why}`);
      this.#recountLater();
    });
  }

  /** At once it would fail again, where the store is what failed. */
  #recountLater(): void {
    this.#again ??= this.#parts.after(recountTime, () => {
      this.#again = null;
      this.recount();
    });
  }

  knows(holder: Holder): boolean {
    return this.#holders.get(holder.id) === holder;
  }

  /** A process comes, or comes again after its channel broke, with what it has open. */
  register(holder: Holder, held: readonly Held[]): void {
    this.#assertOwner();
    const opened = [...this.#ledger.open].filter(([, { openers }]) => openers.has(holder.id));
    const lost = new Set(opened.flatMap(([inode, file]) => (file.gone ? [inode] : [])));
    this.#drop(holder.id);
    this.#holders.set(holder.id, holder);
    if (!holder.local) this.#alone = false;
    for (const { inode, size, claimed, gone: seen } of held) {
      // It may have lost its name after the process had looked.
      const gone = seen || lost.has(inode);
      const file = this.#ledger.entered(inode, holder.id, null);
      if (gone) file.gone = true;
      if (claimed && file.claim === null) {
        file.claim = holder.id;
        file.size = size;
        this.#counting.current?.follow(inode, size, file.gone ? true : null);
      } else if (gone) {
        file.size ??= size;
      }
      if (!this.#hasBegun || !(claimed || gone)) continue;
      // A count without it is under way, or over.
      if (gone && !lost.has(inode)) this.#ledger.add(size, 1);
      this.#counting.doubt();
    }
    this.recount();
  }

  /** A process has nothing of the home any more. */
  end(holder: Holder, report: Report): void {
    this.#hear(holder, report);
    this.lost(holder);
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
    this.#ledger.closedAll(id);
    let uncertain = lease > 0;
    for (const [inode, file] of this.#ledger.open) {
      if (!file.openers.has(id)) continue;
      if (file.claim === id) {
        file.claim = null;
        // No walk finds a file without a name: what was told last stays charged for it until it is closed.
        if (!file.gone) file.size = null;
        for (const opener of file.openers) file.stale.add(opener);
        uncertain = true;
      }
      uncertain ||= file.gone;
      file.openers.delete(id);
      file.stale.delete(id);
      // A file without a name that only the dead had open is gone; the count that follows finds that out.
      if (file.openers.size === 0) this.#ledger.dropped(inode, file);
    }
    if (!uncertain) return;
    this.#ledger.add(lease, 0);
    this.#counting.doubt();
  }

  enter(holder: Holder, { inode, size, write }: Entering, report: Report): Entered {
    this.#hear(holder, report);
    const trusted = holder.local && this.#alone;
    const file = this.#ledger.entered(inode, holder.id, trusted ? size : null);
    if (file.size === null) return { claimed: false, size: 0, look: true };
    if (write && this.#hasBegun) this.#claims.giveIfFree(holder.id, inode);
    return { claimed: file.claim === holder.id, size: file.size, look: false };
  }

  /** @returns the size that is charged; `null` where the one that was given may not be true any more */
  claim(holder: Holder, inode: number, size: number, report: Report): Promise<number | null> {
    this.#hear(holder, report);
    return this.#claims.move(holder, inode, size);
  }

  leave(holder: Holder, inode: number, report: Report): number | null {
    this.#hear(holder, report);
    return this.#left(inode, holder.id);
  }

  #left(inode: number, opener: string): number | null {
    const file = this.#ledger.open.get(inode);
    const ticket = this.#ledger.left(inode, opener);
    // What is about to be closed is counted by the books themselves.
    if (ticket !== null && file?.gone) this.#counting.current?.follow(inode, file.size ?? 0, false);
    return ticket;
  }

  closed(ticket: number): void {
    this.#ledger.closed(ticket);
    this.#rests();
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
    return this.#onceSure(() =>
      this.#oneLease(async () => {
        const { bytes: limit } = await this.#parts.line();
        let hung = false;
        if (this.#room(limit) < bytes) {
          if (!this.#isCounted()) return unsure;
          hung = await this.#callBack(holder);
          // Somebody died over it.
          if (!this.#isCounted()) return unsure;
        }
        const room = this.#room(limit);
        if (room < bytes) {
          if (hung) throw new Fault('busy');
          const used = this.#ledger.bytes + this.#ledger.leased;
          throw overLine('bytes', { used, limit: limit ?? 0, needed: bytes });
        }
        const share = Math.min(largestLease, Math.floor((room - bytes) / shareOfRoom));
        await this.#row.raise(bytes + share, 0, { bytes: limit, files: null });
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

  #isCounted(): boolean {
    return this.#counting.state === 'counted';
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
        if (this.#silent.has(holder)) return false;
        const told = holder.report(back, (report) => this.#hear(holder, report));
        const inTime = await this.#inTime(told).catch((thrown: unknown) => this.#isGone(holder, thrown));
        if (!inTime) this.#waitFor(holder, told);
        return inTime;
      }),
    );
    return answered.includes(false);
  }

  /** Whether a process that did not do what it was asked has nothing of the home: it says so, or is dead. */
  #isGone(holder: Holder, thrown: unknown): boolean {
    // It had waited in vain for us, and has not come back since.
    if (thrown instanceof Fault && thrown.code === 'cancelled') this.lost(holder);
    return this.#holders.get(holder.id) !== holder;
  }

  /** Who has not answered yet is not waited for again: its answer is still to come. */
  #waitFor(holder: Holder, told: Promise<unknown>): void {
    this.#silent.add(holder);
    const answered = (): unknown => this.#silent.delete(holder);
    told.then(answered, answered);
  }

  /** Whether it came to its end while a peer may take for an answer (L2). */
  async #inTime(doing: Promise<unknown>): Promise<boolean> {
    let cancel = (): void => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.#parts.after(peerPatience, () => resolve(false));
    });
    return Promise.race([doing.then(() => true), late]).finally(() => cancel());
  }

  /** At rest the row is brought up to date, after a moment, so that a crash then costs no count. */
  #rests(): void {
    this.#cancelRest ??= this.#parts.after(restingTime, () => {
      this.#cancelRest = null;
      void this.#oneLease(async () => {
        if (this.#ledger.leased === 0 && this.#isCounted()) await this.#row.noteRest();
      }).catch(() => undefined);
    });
  }

  change(holder: Holder, request: NameChange, report: Report, through: Vfs): Promise<Change> {
    this.#hear(holder, report);
    return this.#names.change(request, through);
  }

  create(
    holder: Holder,
    { exclusive }: Creation,
    report: Report,
    { open, entered }: LocalCreation,
  ): Promise<Handle> {
    this.#hear(holder, report);
    return this.#names.create(exclusive, open, entered);
  }

  /** For a peer: the file is made, and kept open until the peer has opened it itself. */
  async createFor(
    holder: Holder,
    { path, exclusive, nofollow, mode }: Creation,
    report: Report,
    through: Vfs,
  ): Promise<Created> {
    this.#hear(holder, report);
    const token = this.#kept.next();
    const opener = `${holder.id} ${token}`;
    const handle = await this.#names.create(
      exclusive,
      (create) => {
        const options = { write: true, nofollow, ...(mode !== undefined && { mode }) };
        return through.open(path, create ? { ...options, create, exclusive } : options);
      },
      ({ inode, opened }) => void this.#ledger.entered(inode.ino, opener, opened.created ? 0 : null),
    );
    this.#kept.keep(token, handle, () => {
      const ticket = this.#left(handle.inode.ino, opener);
      return () => ticket !== null && this.closed(ticket);
    });
    return { change: handle.opened, token };
  }

  release(token: number): void {
    this.#kept.release(token);
  }

  usageFor(holder: Holder, report: Report): Promise<HomeUsage> {
    this.#hear(holder, report);
    return this.usage();
  }

  /** Exact: everybody is asked for what was not told yet. */
  async usage(): Promise<HomeUsage> {
    await firstCount(this.#counting, this.#parts.after, this.#begun);
    const [line, hung] = await Promise.all([
      this.#parts.line(),
      this.#ask([...this.#holders.values()], false),
    ]);
    this.#assertOwner();
    const { bytes, files, leased, drifted } = this.#ledger;
    return {
      bytes: hung ? bytes + leased : bytes,
      files,
      line,
      counted: this.#isCounted() && !hung,
      ...(drifted && { drift: true }),
    };
  }

  scan(options: ScanOptions): Promise<ScanReport> {
    this.#assertOwner();
    return this.#counting.scan(options);
  }

  /** Whether nobody has anything of the home, and its figures are exact. */
  isIdle(): boolean {
    const { leased, isOpen } = this.#ledger;
    const used = this.#holders.size > 0 || leased > 0 || isOpen;
    return !used && this.#isCounted() && this.#counting.current === null;
  }

  /** Hands the ledger back, exact; where a peer still has something of the home, the next owner counts it. */
  async close(): Promise<void> {
    this.#cancelRest?.();
    this.#again?.();
    this.#counting.stop();
    this.#begin();
    await this.#kept.releaseAll();
    await Promise.all([this.#turns.settled(), this.#leases.settled()]);
    if (this.#deposed) return;
    const local = [...this.#holders.values()].filter((holder) => holder.local);
    await this.#ask(local, true);
    const { leased, isOpen } = this.#ledger;
    const clean = this.#holders.size === local.length && !isOpen && leased === 0;
    // What is asked from now on is asked of the next owner.
    this.#deposed = true;
    await (clean ? this.#row.release() : this.#row.save());
  }

  /** Somebody else owns the home, or nobody may. */
  depose(): void {
    if (this.#deposed) return;
    this.#deposed = true;
    this.#begin();
    this.#cancelRest?.();
    this.#again?.();
    this.#counting.stop();
    this.#parts.deposed();
  }

  #assertOwner(): void {
    if (this.#deposed) throw new Fault('cancelled');
  }

  #inQueue<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(() => {
      this.#assertOwner();
      return work();
    });
  }

  #oneLease<T>(work: () => Promise<T>): Promise<T> {
    return this.#leases.run(() => {
      this.#assertOwner();
      return work();
    });
  }

  #onceSure<T>(attempt: () => Promise<T | typeof unsure>): Promise<T> {
    return onceSure(this.#counting, this.#parts.after, attempt);
  }
}
