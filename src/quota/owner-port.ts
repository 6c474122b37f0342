import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import type { Created, Creation, Entered, Entering, NameChange, Report } from './messages.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

/**
 * The owner of a home's ledger as one process of the root sees it: the process itself, or a peer. Everything fails with
 * `cancelled` once the owner is gone; with `busy` when it does not answer.
 */
export interface OwnerPort {
  /** Whether it is the owner no more, or cannot be asked. */
  readonly gone: boolean;
  /** A first handle on an inode. */
  enter(entering: Entering, report: Report): Promise<Entered>;
  /**
   * The right to change the inode's size, for one process at a time. Resolves to the size that the ledger has charged, or
   * to `null` where the process is to look again first.
   * @param size as the process found it after `enter`
   */
  claim(inode: number, size: number, report: Report): Promise<number | null>;
  /** The last handle on an inode is about to be closed. @returns what `closed` is to be told, `null` for nothing */
  leave(inode: number, report: Report): Promise<number | null>;
  /** It is closed: what a file without a name has cost is given back. */
  closed(ticket: number): Promise<void>;
  /**
   * Grants at least `bytes`, in the same turn in which anything else could be asked for them.
   * @throws Fault `quota`, `busy`, `no-space`
   */
  lease(bytes: number, report: Report, granted: (bytes: number) => void): Promise<void>;
  /**
   * Carries out a change of names.
   * @param through the filesystem of the session that asks; a peer's owner uses its own
   * @throws Fault `quota`, and what the filesystem says
   */
  change(request: NameChange, report: Report, through: Vfs): Promise<Change>;
  /** Makes a file, or finds the one that is there; with the handle where the owner is this process. */
  create(creation: Creation, report: Report, through: LocalCreation): Promise<Created | Handle>;
  /** The file behind a `token` is open in the process that asked for it. */
  release(token: number): void;
  /** This process has nothing of the home any more. */
  end(report: Report): void;
  usage(report: Report): Promise<HomeUsage>;
  scan(options: ScanOptions): Promise<ScanReport>;
}

/** How a file is made for a session of the owner's own process. */
export interface LocalCreation {
  /** Opens it, made where `create` says so. */
  readonly open: (create: boolean) => Promise<Handle>;
  /** Called in the turn in which it was booked, before any other change of names. */
  readonly entered: (handle: Handle) => void;
}

/** A process that holds something of a home, as the owner sees it. */
export interface Holder {
  readonly id: string;
  readonly local: boolean;
  /**
   * Tells what has changed; with `back` it also gives back what no handle needs of its lease.
   * @param hear called with it before anything that this process tells later can be heard
   */
  report(back: boolean, hear: (report: Report) => void): Promise<void>;
  /** Finishes its writes to an inode, gives up the claim, and tells what has changed. */
  yield(inode: number, hear: (report: Report) => void): Promise<void>;
}
