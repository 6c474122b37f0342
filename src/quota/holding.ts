import { Fault, toFault } from '../fault.js';
import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import { closingUnless, mostOpens, type Entrance, type Moment } from './entrance.js';
import { HeldFile, withoutName, type Charging } from './held-file.js';
import { Keep } from './keep.js';
import type { Creation, Held, NameChange, Report, Sized } from './messages.js';
import type { Holder, LocalCreation, OwnerPort } from './owner-port.js';
import type { Channel } from './peers.js';
import { perhapsDone } from './perhaps-done.js';
import { RemoteOwner } from './remote-owner.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

export interface HoldingParts {
  /** This process, among those of the root. */
  readonly self: string;
  /** Finds the home's owner, or becomes it, and registers there. @throws Fault `busy` */
  readonly connect: (holder: Holder, holds: Holds) => Promise<OwnerPort>;
  /** Differs once a line may have been changed (A3); cheap. */
  readonly version: () => number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** What this process says to an owner that does not know it. */
export interface Holds {
  /** Looks at what it has open; asked when no other owner can do anything to that any more. */
  readonly look: () => Promise<void>;
  /** Asked in the turn in which it is sent. */
  readonly held: () => readonly Held[];
}

interface Growth {
  readonly file: HeldFile;
  readonly end: number;
  readonly keep: Keep;
  readonly resolve: (before: number) => void;
  readonly reject: (fault: Fault) => void;
}

/** How often a line is looked at again while a lease is used up, in milliseconds. */
const lineInterval = 200;
/** How often a request is asked of another owner because the one before died over it. */
const mostOwners = 5;

/** What this process holds of one home: a lease of bytes, and the files that it has open. */
export class Holding implements Holder, Charging {
  readonly id: string;
  readonly local = true;
  readonly #parts: HoldingParts;
  readonly #files = new Map<number, HeldFile>();
  readonly #changed = new Set<HeldFile>();
  readonly #keeps = new Set<Keep>();
  /** What is left of the lease, and no handle keeps. */
  #free = 0;
  readonly #waiting: Growth[] = [];
  #pumping = false;
  /** Files that were left, and changes of names that were begun. */
  #left = 0;
  #changes = 0;
  #changing = 0;
  #port: OwnerPort | null = null;
  #connecting: Promise<OwnerPort> | null = null;
  /** How often an owner was told what is held here. */
  #registrations = 0;
  #version: number | null = null;
  #lookedAtLine = -Infinity;
  /** Whether the owner is asked before more of the lease is used: the line may be another one, or below what is used. */
  #asksFirst = false;

  constructor(parts: HoldingParts) {
    this.id = parts.self;
    this.#parts = parts;
  }

  /**
   * Charges a file for its growth up to `end`.
   * @returns `null` where that was done at once; else a promise of the size that it had before
   */
  grow(file: HeldFile, end: number, keep: Keep): Promise<number> | null {
    if (this.#waiting.length === 0 && !this.#looksAtLine() && this.#charge(file, end, keep)) return null;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, end, keep, resolve, reject });
      void this.#serve();
    });
  }

  #looksAtLine(): boolean {
    const now = this.#parts.now();
    if (now - this.#lookedAtLine >= lineInterval) {
      this.#lookedAtLine = now;
      const version = this.#parts.version();
      if (version !== this.#version && this.#version !== null) this.#asksFirst = true;
      this.#version = version;
    }
    return this.#asksFirst;
  }

  #charge(file: HeldFile, end: number, keep: Keep): boolean {
    const needed = end - file.size;
    if (needed <= 0) return true;
    const kept = Math.min(keep.bytes, needed);
    if (needed - kept > this.#free) return false;
    keep.bytes -= kept;
    this.#free -= needed - kept;
    this.#sized(file, end);
    return true;
  }

  #sized(file: HeldFile, size: number): void {
    file.size = size;
    if (file.size === file.told) this.#changed.delete(file);
    else this.#changed.add(file);
  }

  /** A file became shorter; what it gave back is ours until it is called back. */
  shrunk(file: HeldFile, size: number, keep: Keep | null): void {
    const freed = file.size - size;
    if (freed <= 0) return;
    if (keep) keep.bytes += freed;
    else this.#freed(freed);
    this.#sized(file, size);
    void this.#serve();
  }

  /** Above a line that was lowered nothing grows, whatever was freed: the owner knows. */
  #freed(bytes: number): void {
    if (bytes === 0) return;
    this.#free += bytes;
    this.#asksFirst = true;
  }

  /** Growth that has to wait is judged in the order it came, each by itself. */
  async #serve(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
        if (!this.#asksFirst && this.#serveFirst(first)) continue;
        try {
          await this.#ask(async (port, current) => {
            this.#asksFirst = false;
            // All of it is given back: a refusal then tells what is used, and what the request would have added.
            const report = this.tell(true);
            const lacking = first.end - first.file.size - first.keep.bytes;
            await port.lease(Math.max(1, lacking), report, (granted) => {
              if (!current()) return;
              this.#free += granted;
              for (let next = this.#waiting[0]; next && this.#serveFirst(next);) next = this.#waiting[0];
            });
          });
        } catch (thrown) {
          if (this.#waiting[0] !== first) continue;
          if (this.#serveFirst(first)) continue;
          this.#waiting.shift();
          first.reject(toFault(thrown));
        }
      }
    } finally {
      this.#pumping = false;
    }
  }

  #serveFirst({ file, end, keep, resolve }: Growth): boolean {
    const before = file.size;
    if (!this.#charge(file, end, keep)) return false;
    this.#waiting.shift();
    resolve(before);
    return true;
  }

  /** What has changed, to be heard before anything that is told later. */
  tell(back: boolean): Report {
    const sizes: Sized[] = [];
    for (const file of this.#changed) {
      sizes.push([file.inode, file.told, file.size]);
      file.told = file.size;
    }
    this.#changed.clear();
    const returned = back ? this.#free : 0;
    if (back) this.#free = 0;
    return { sizes, returned };
  }

  /** Ends the writing to an inode here, and gives up the claim, unless it was told to another owner by then. */
  async finish(inode: number): Promise<void> {
    const registrations = this.#registrations;
    await this.#files.get(inode)?.yield(() => registrations === this.#registrations);
  }

  /** [the owner asks] */
  report(back: boolean, hear: (report: Report) => void): Promise<void> {
    return new Promise((resolve) => {
      hear(this.tell(back));
      resolve();
    });
  }

  /** [the owner asks] */
  async yield(inode: number, hear: (report: Report) => void): Promise<void> {
    await this.finish(inode);
    hear(this.tell(false));
  }

  /** To be asked for before a file is opened, and handed to `enter`. */
  moment(): Moment {
    return { port: this.#port, left: this.#left, changes: this.#changing === 0 ? this.#changes : -1 };
  }

  /**
   * Makes room in the books for a handle that was opened.
   * @param since from before it was opened
   * @returns `null` when its file was removed meanwhile
   */
  async enter(handle: Handle, write: boolean, since: Moment): Promise<HeldFile | null> {
    const { ino } = handle.inode;
    let file = this.#files.get(ino);
    if (!file) {
      const { bytesAfter, linksLeft } = handle.opened;
      if (linksLeft === 0) return null;
      file = new HeldFile(ino, bytesAfter, this);
      this.#files.set(ino, file);
      // Written and left, or removed, by others since it was opened: then it is not as it was seen.
      const fresh = since.left === this.#left && since.changes === this.#changes;
      file.introduced = this.#introduce(file, handle, write, fresh ? since.port : null);
    }
    file.handles.add(handle);
    try {
      if (await file.introduced) return file;
    } catch (thrown) {
      await this.#turnAway(file, handle);
      throw thrown;
    }
    await this.#turnAway(file, handle);
    return null;
  }

  /** A handle that did not get into the books; whoever opened it closes it. */
  async #turnAway(file: HeldFile, handle: Handle): Promise<void> {
    const closed = await this.leave(file, handle);
    await closed?.();
  }

  /**
   * @param fresh the owner for whom its size is as it was seen: under another one, others may have written meanwhile
   * @returns whether it is there to stay
   */
  async #introduce(
    file: HeldFile,
    handle: Handle,
    write: boolean,
    fresh: OwnerPort | null,
  ): Promise<boolean> {
    const { look } = await this.#ask(async (port, current) => {
      const size = port === fresh ? file.size : null;
      const entered = await port.enter({ inode: file.inode, size, write }, this.tell(false));
      if (!current()) return { look: true };
      if (entered.claimed) this.#claimed(file, entered.size);
      return entered;
    });
    if (!look) return true;
    const stats = await handle.stat();
    if (stats.nlink === 0) return false;
    file.seen(stats.size);
    return true;
  }

  #claimed(file: HeldFile, size: number): void {
    file.claimed = true;
    file.size = file.told = size;
  }

  /** @returns the size that is charged; `null` where the file is to be looked at first */
  claim(file: HeldFile): Promise<number | null> {
    return this.#ask(async (port, current) => {
      // The owner before this one died: who had the claim may have written until then.
      if (!file.looked) return null;
      const size = await port.claim(file.inode, file.size, this.tell(false));
      if (!current()) return null;
      if (size !== null) this.#claimed(file, size);
      return size;
    });
  }

  /**
   * A handle is about to be closed, and nothing is written through it any more. What it had kept is anybody's again.
   * @returns what is to be called once it is closed
   */
  async leave(file: HeldFile, handle: Handle, keep?: Keep): Promise<(() => Promise<void>) | null> {
    if (keep) this.#endKeep(keep);
    if (!file.handles.delete(handle) || file.handles.size > 0) return null;
    if (this.#files.get(file.inode) !== file) return null;
    this.#files.delete(file.inode);
    this.#left++;
    const idle = this.#files.size === 0 && this.#waiting.length === 0;
    const port = this.#port;
    // A new owner is told of what is open; what is not open it counts.
    if (!port || port.gone) return null;
    return this.#leave(port, file.inode, this.tell(idle));
  }

  async #leave(port: OwnerPort, inode: number, report: Report): Promise<(() => Promise<void>) | null> {
    const ticket = await port.leave(inode, report).catch(() => null);
    return ticket === null ? null : () => port.closed(ticket).catch(() => undefined);
  }

  keep(): Keep {
    const keep = new Keep();
    this.#keeps.add(keep);
    return keep;
  }

  #endKeep(keep: Keep): void {
    if (!this.#keeps.delete(keep)) return;
    this.#freed(keep.bytes);
    keep.bytes = 0;
  }

  async change(request: NameChange, through: Vfs): Promise<Change> {
    const asked = { owners: 0 };
    this.#changes++;
    this.#changing++;
    try {
      return await this.#ask((port) => {
        asked.owners++;
        return port.change(request, this.tell(false), through);
      });
    } catch (thrown) {
      throw asked.owners > 1 ? perhapsDone(thrown) : thrown;
    } finally {
      this.#changing--;
    }
  }

  /** Opens a file, made where there is none, and enters it. */
  async create(creation: Creation, through: Omit<LocalCreation, 'entered'>): Promise<Entrance> {
    for (let attempt = 0; attempt < mostOpens; attempt++) {
      const entrance = await this.#create(creation, through);
      if (entrance) return entrance;
    }
    throw new Fault('busy');
  }

  /** @returns `null` when somebody else has removed it by now */
  async #create(creation: Creation, { open }: Omit<LocalCreation, 'entered'>): Promise<Entrance | null> {
    const asked = { owners: 0 };
    const entering: { file?: Promise<HeldFile | null> } = {};
    const creating = this.#ask(async (port) => {
      asked.owners++;
      let left = this.#left;
      const made = await port.create(creation, this.tell(false), {
        open: (create) => {
          left = this.#left;
          return open(create);
        },
        // No name changes while a file is made.
        entered: (handle) => {
          entering.file = this.enter(handle, true, { port, left, changes: this.#changes });
          entering.file.catch(() => undefined);
        },
      });
      return { made, port };
    });
    const { made, port } = await creating.catch((thrown: unknown) => {
      throw asked.owners > 1 && creation.exclusive ? perhapsDone(thrown) : thrown;
    });
    if (!('inode' in made)) {
      const opened = await this.#openMade(made.change, open).finally(() => port.release(made.token));
      if (!opened && creation.exclusive && made.change.created) throw new Fault('busy');
      return opened;
    }
    const file = await closingUnless(made, entering.file ?? Promise.resolve(null));
    return file && { handle: made, file, opened: made.opened };
  }

  /** The owner has made it and keeps it open; here it is opened by its name, which may be another's by now. */
  async #openMade(change: Change, open: LocalCreation['open']): Promise<Entrance | null> {
    const since = this.moment();
    const handle = await open(false).catch((thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code === 'not-found') return null;
      throw thrown;
    });
    if (!handle) return null;
    const same = handle.inode.ino === change.ino;
    const file = await closingUnless(handle, same ? this.enter(handle, true, since) : Promise.resolve(null));
    return file && { handle, file, opened: change.created ? change : handle.opened };
  }

  usage(): Promise<HomeUsage> {
    return this.#ask((port) => port.usage(this.tell(false)));
  }

  scan(options: ScanOptions): Promise<ScanReport> {
    return this.#ask((port) => port.scan(options));
  }

  /** The owner is gone, or another one. Its lease is void, and so is what handles kept of it. */
  lost(port: OwnerPort | null): void {
    if (port !== null && this.#port !== port) return;
    this.#port = null;
    this.#voidLease();
  }

  #voidLease(): void {
    this.#free = 0;
    for (const keep of this.#keeps) keep.bytes = 0;
  }

  /** It is needed no more: the owner lets go of what it kept ready for this process. */
  end(): void {
    const port = this.#port;
    this.#port = null;
    if (port && !port.gone) port.end(this.tell(true));
    this.#voidLease();
  }

  /** Finds the owner, if it is not known. A process that has anything open takes part in its succession. */
  async connect(): Promise<void> {
    await this.#connected();
  }

  /** Whether the channel leads to the owner that this process is registered with. */
  asks(channel: Channel): boolean {
    return this.#port instanceof RemoteOwner && !this.#port.gone && this.#port.channel === channel;
  }

  get idle(): boolean {
    return this.#files.size === 0 && this.#waiting.length === 0;
  }

  /**
   * @param question with it comes whether its answer still counts: one that arrives when another owner was told what is
   * held here grants nothing
   */
  async #ask<T>(question: (port: OwnerPort, current: () => boolean) => Promise<T>): Promise<T> {
    for (let owners = 1; ; owners++) {
      const port = await this.#connected();
      const registrations = this.#registrations;
      try {
        return await question(port, () => registrations === this.#registrations);
      } catch (thrown) {
        if (!port.gone) throw thrown;
        this.lost(port);
        if (toFault(thrown).code === 'busy') throw thrown;
        if (owners === mostOwners) throw new Fault('busy');
      }
    }
  }

  #connected(): Promise<OwnerPort> {
    const port = this.#port;
    if (port && !port.gone) return Promise.resolve(port);
    if (port) this.lost(port);
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = null));
    return this.#connecting;
  }

  #connect(): Promise<OwnerPort> {
    return this.#registered((holds) => this.#parts.connect(this, holds));
  }

  /** This process becomes the owner itself, and counts what it says here. */
  async join(port: OwnerPort, register: (held: readonly Held[]) => void): Promise<void> {
    if (this.#files.size === 0) return;
    await this.#registered(async ({ look, held }) => {
      await look();
      register(held());
      return port;
    });
  }

  async #registered(register: (holds: Holds) => Promise<OwnerPort>): Promise<OwnerPort> {
    let gone: ReadonlySet<HeldFile> = new Set();
    let told: readonly HeldFile[] = [];
    const port = await register({
      look: async () => {
        gone = await withoutName(this.#files.values());
      },
      held: () => {
        this.#voidLease();
        this.#changed.clear();
        this.#registrations++;
        told = [...this.#files.values()];
        return told.map((file) => {
          file.told = file.size;
          if (!file.claimed) file.looked = false;
          return { inode: file.inode, size: file.size, claimed: file.claimed, gone: gone.has(file) };
        });
      },
    });
    this.#port = port;
    for (const file of told) {
      // Left while nobody could be told.
      if (this.#files.get(file.inode) === file) continue;
      void this.#leave(port, file.inode, this.tell(false)).then((closed) => closed?.());
    }
    return port;
  }
}
