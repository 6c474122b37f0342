import type { Change, Handle, Vfs } from '../vfs/vfs.js';
import type { Created, Creation, Entered, Entering, NameChange, Report } from './messages.js';
import type { Owner } from './owner.js';
import type { Holder, LocalCreation, OwnerPort } from './owner-port.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

/** The owner of a home in the very process that asks. */
export class LocalOwner implements OwnerPort {
  readonly #owner: Owner;
  readonly #holder: Holder;

  constructor(owner: Owner, holder: Holder) {
    this.#owner = owner;
    this.#holder = holder;
  }

  get gone(): boolean {
    return this.#owner.deposed;
  }

  // Asynchronous, so that what it throws is a rejection.
  // eslint-disable-next-line @typescript-eslint/require-await
  async enter(entering: Entering, report: Report): Promise<Entered> {
    return this.#owner.enter(this.#holder, entering, report);
  }

  claim(inode: number, size: number, report: Report): Promise<number | null> {
    return this.#owner.claim(this.#holder, inode, size, report);
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async leave(inode: number, report: Report): Promise<number | null> {
    return this.#owner.leave(this.#holder, inode, report);
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async closed(ticket: number): Promise<void> {
    this.#owner.closed(ticket);
  }

  lease(bytes: number, report: Report, granted: (bytes: number) => void): Promise<void> {
    return this.#owner.lease(this.#holder, bytes, report, granted);
  }

  change(request: NameChange, report: Report, through: Vfs): Promise<Change> {
    return this.#owner.change(this.#holder, request, report, through);
  }

  create(creation: Creation, report: Report, through: LocalCreation): Promise<Created | Handle> {
    return this.#owner.create(this.#holder, creation, report, through);
  }

  release(token: number): void {
    this.#owner.release(token);
  }

  end(report: Report): void {
    this.#owner.end(this.#holder, report);
  }

  usage(report: Report): Promise<HomeUsage> {
    return this.#owner.usageFor(this.#holder, report);
  }

  scan(options: ScanOptions): Promise<ScanReport> {
    return this.#owner.scan(options);
  }
}
