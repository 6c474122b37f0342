/**
 * What each home uses, as the owner of its ledger keeps it between processes (L6). Every implementation passes
 * `test/contract/usage-store.ts`.
 */
export interface UsageRow extends UsageFigures {
  readonly homeId: number;
  /** The process that keeps the home's ledger; one that is dead has left it uncounted. `null` after a clean end. */
  readonly owner: string | null;
  /** Grows with each new owner; what an owner writes is guarded by it. */
  readonly epoch: number;
}

export interface UsageFigures {
  /** Whether the home was ever counted: until then the other figures say nothing. */
  readonly counted: boolean;
  /** Used, as it was settled last. */
  readonly bytes: number;
  readonly files: number;
  /** What usage can have come to since, at most: the ledger is never below the disk (L4). */
  readonly bytesCeiling: number;
  readonly filesCeiling: number;
}

export interface UsageStore {
  /** Every home's row, by id. A home that nobody has owned yet has `{ owner: null, epoch: 0, counted: false }` and zeros. */
  all(): Promise<readonly UsageRow[]>;
  /** @throws Fault `not-found` when there is no such home */
  get(homeId: number): Promise<UsageRow>;
  /**
   * Makes `owner` the owner, with the next epoch, if the row still has the epoch that was read; the figures stay. Of
   * several that take at once, in whatever processes, one gets `true`. `false` too when the home is gone.
   */
  take(homeId: number, epoch: number, owner: string): Promise<boolean>;
  /**
   * Writes figures; `false` when the epoch is not ours any more, the home was released, or it is gone.
   * @throws Fault `no-space`, `busy`, ...
   */
  save(homeId: number, epoch: number, figures: UsageFigures): Promise<boolean>;
  /** As `save`, and the home has no owner any more; the epoch stays, for the next one to take. */
  release(homeId: number, epoch: number, figures: UsageFigures): Promise<boolean>;
  /** Names inside the home of an inode that has, or had, several; `null` where none are noted: then it is one. */
  links(homeId: number, inode: number): Promise<number | null>;
  /** Does nothing when the home is gone. */
  setLinks(homeId: number, inode: number, links: number | null): Promise<void>;
  /**
   * All that are noted, instead of those before; nobody sees some of each. The event loop goes on meanwhile, but other
   * calls of the store wait. Does nothing when the home is gone.
   */
  replaceLinks(homeId: number, links: ReadonlyMap<number, number>): Promise<void>;
}
