import type { Fault } from '../fault.js';
import { fromText, type ByteString } from '../names.js';
import { basename, below } from '../vfs/path.js';
import type { Entry, Handle, Inode, Listing, Stats, Vfs } from '../vfs/vfs.js';
import type { CommandContext } from './command.js';
import { entryOf, timesOf } from './scp-messages.js';
import { Refusal, type ScpPeer } from './scp-peer.js';
import { ScpReads } from './scp-reads.js';
import type { Word } from './words.js';

export interface SourceOptions {
  /** -r: folders are sent too. */
  readonly recursive: boolean;
  /** -p: times are sent too. */
  readonly preserve: boolean;
}

/** Entries of a folder that are asked for at once. */
const entriesAtOnce = 128;

/** Folders within each other: each holds a descriptor while its entries are sent. */
const deepest = 256;

/** `scp -f`: sends what the words stand for; what cannot be sent is told of, and the rest goes on [PROTOCOL 7.5]. */
export class ScpSource {
  readonly #peer: ScpPeer;
  readonly #vfs: Vfs;
  readonly #context: CommandContext;
  readonly #options: SourceOptions;

  constructor(peer: ScpPeer, context: CommandContext, options: SourceOptions) {
    this.#peer = peer;
    this.#vfs = context.vfs;
    this.#context = context;
    this.#options = options;
  }

  /** @throws Fault `bad-message`, `end-of-file`, `cancelled` when the peer makes no sense or ends early */
  async run(words: readonly Word[]): Promise<void> {
    await this.#peer.answer();
    for (const word of words) {
      const paths = await this.#orRefuse(word.text, this.#context.patterns.expand(word));
      for (const path of paths ?? []) await this.#sendAny(path, []);
    }
  }

  /** What `doing` gives, or `null` once the peer was told why there is nothing. */
  async #orRefuse<T>(path: ByteString, doing: Promise<T>): Promise<T | null> {
    try {
      return await doing;
    } catch (thrown) {
      await this.#peer.refuse(path, thrown);
      return null;
    }
  }

  /** Symlinks stand for what they lead to. */
  async #sendAny(path: ByteString, within: readonly Inode[]): Promise<void> {
    const stats = await this.#orRefuse(path, this.#vfs.stat(path, { follow: true }));
    if (stats) await this.#send(path, stats, within);
  }

  async #send(path: ByteString, stats: Stats, within: readonly Inode[]): Promise<void> {
    if (stats.kind === 'symlink') await this.#sendAny(path, within);
    else if (stats.kind === 'file') await this.#sendFile(path);
    else if (stats.kind === 'folder') await this.#sendFolder(path, stats, within);
    else await this.#peer.refuse(path, new Refusal('not-a-file'));
  }

  async #sendFile(path: ByteString): Promise<void> {
    const handle = await this.#orRefuse(path, this.#vfs.open(path, { read: true }));
    if (!handle) return;
    let complete = false;
    try {
      complete = await this.#sendOpen(path, handle);
    } finally {
      await handle.close({ complete }).catch(() => undefined);
    }
  }

  /** Whether all of the file was sent and taken. */
  async #sendOpen(path: ByteString, handle: Handle): Promise<boolean> {
    const stats = await this.#orRefuse(path, handle.stat());
    if (!stats) return false;
    const { mode, size } = stats;
    const name = await this.#nameOf(path);
    if (!(await this.#announceTimes(stats))) return false;
    if (!(await this.#peer.announce(entryOf({ kind: 'file', mode, size, name })))) return false;
    // Not before the peer agrees: while it says nothing, its connection is idle, and holds no output.
    const reads = new ScpReads(handle, size, this.#peer.streams);
    try {
      for (let bytes = await reads.next(); bytes; bytes = await reads.next()) await this.#peer.send(bytes);
    } finally {
      await reads.settle();
    }
    await (reads.fault ? this.#peer.refuse(path, reads.fault) : this.#peer.agree());
    return (await this.#peer.answer()) && !reads.fault;
  }

  async #sendFolder(path: ByteString, stats: Stats, within: readonly Inode[]): Promise<void> {
    const fault = this.#faultOf(stats, within);
    if (fault) {
      await this.#peer.refuse(path, fault);
      return;
    }
    const listing = await this.#orRefuse(path, this.#vfs.list(path));
    if (!listing) return;
    try {
      if (!(await this.#announceTimes(stats))) return;
      const name = await this.#nameOf(path);
      if (!(await this.#peer.announce(entryOf({ kind: 'folder', mode: stats.mode, size: 0, name })))) return;
      await this.#sendEntries(path, listing, [...within, stats]);
      await this.#peer.announce('E\n');
    } finally {
      await listing.close().catch(() => undefined);
    }
  }

  /** Why a folder is not sent. */
  #faultOf({ dev, ino }: Stats, within: readonly Inode[]): Fault | null {
    if (!this.#options.recursive) return new Refusal('is-a-folder', 'is a folder, and -r was not given');
    // A symlink led back up: every turn of it would send all of it again.
    if (within.some((one) => one.dev === dev && one.ino === ino)) {
      return new Refusal('loop', 'lies within itself');
    }
    return within.length < deepest ? null : new Refusal('too-many', `more than ${deepest} folders deep`);
  }

  async #sendEntries(path: ByteString, listing: Listing, within: readonly Inode[]): Promise<void> {
    for (;;) {
      const entries: readonly Entry[] | null = await this.#orRefuse(path, listing.next(entriesAtOnce));
      if (!entries || entries.length === 0) return;
      for (const { name, stats } of entries) await this.#send(below(path, name), stats, within);
    }
  }

  async #announceTimes(stats: Stats): Promise<boolean> {
    return !this.#options.preserve || this.#peer.announce(timesOf(stats));
  }

  /** No peer takes `.` or `..` for a name, and the home has none: it goes by its account's. */
  async #nameOf(path: ByteString): Promise<ByteString> {
    const name = basename(path);
    if (name !== '' && !/(?:^|\/)\.{1,2}\/*$/.test(path)) return name;
    const real = await this.#vfs.realpath(path).catch(() => '/');
    return basename(real) || fromText(this.#context.account);
  }
}
