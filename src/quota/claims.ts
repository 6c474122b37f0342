import { Fault } from '../fault.js';
import type { Counting } from './counting.js';
import type { Ledger } from './ledger.js';
import type { Report } from './messages.js';
import { OneByOne, onceTold } from './one-by-one.js';
import type { Holder } from './owner-port.js';

export interface ClaimsParts {
  readonly ledger: Ledger;
  readonly counting: Pick<Counting, 'current'>;
  /** Until then not everybody who has a claim has said so. */
  readonly begun: Promise<void>;
  readonly holderOf: (id: string) => Holder | undefined;
  readonly hear: (holder: Holder, report: Report) => void;
  /** Whether it came to its end in the time that a peer has for an answer. */
  readonly inTime: (doing: Promise<unknown>) => Promise<boolean>;
  /** Whether a process that did not do what it was asked has nothing of the home. */
  readonly isGone: (holder: Holder, thrown: unknown) => boolean;
}

/** Which process may change the size of a file: one at a time, the next one once the writes of the one before are settled. */
export class Claims {
  readonly #parts: ClaimsParts;
  /** Claims on their way, by inode. */
  readonly #moving = new Map<number, { readonly turns: OneByOne; moves: number }>();

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  giveIfFree(holder: string, inode: number): void {
    if (this.#parts.ledger.open.get(inode)?.claim === null && !this.#moving.has(inode))
      this.#give(holder, inode);
  }

  #give(holder: string, inode: number): void {
    const { ledger, counting } = this.#parts;
    const file = ledger.open.get(inode);
    if (!file) return;
    file.claim = holder;
    counting.current?.follow(inode, file.size ?? 0, file.gone ? true : null);
  }

  /**
   * @param size as the process found it; of account where nobody has had the claim
   * @returns the size that is charged; `null` where whoever wrote last has died: then the process is to look again
   */
  async move(holder: Holder, inode: number, size: number): Promise<number | null> {
    const moving = this.#moving.get(inode) ?? { turns: new OneByOne(this.#parts.begun, onceTold), moves: 0 };
    this.#moving.set(inode, moving);
    moving.moves++;
    try {
      return await moving.turns.run(() => this.#move(holder, inode, size));
    } finally {
      // The process that has it now gets to know it first.
      setImmediate(() => {
        if (--moving.moves === 0) this.#moving.delete(inode);
      });
    }
  }

  async #move(holder: Holder, inode: number, size: number): Promise<number | null> {
    const { ledger, holderOf, hear, inTime, isGone } = this.#parts;
    const file = ledger.open.get(inode);
    if (!file?.openers.has(holder.id)) throw new Fault('cancelled');
    if (file.claim === holder.id) return file.size;
    const other = file.claim === null ? undefined : holderOf(file.claim);
    if (other) {
      const yielded = other.yield(inode, (report) => {
        hear(other, report);
        if (file.claim === other.id) file.claim = null;
      });
      const done = await inTime(yielded).catch((thrown: unknown) => isGone(other, thrown));
      if (!done) throw new Fault('busy');
      if (holderOf(other.id) !== other) return null;
    }
    if (!file.openers.has(holder.id)) throw new Fault('cancelled');
    if (file.stale.delete(holder.id) && file.size === null) return null;
    file.size ??= size;
    this.#give(holder.id, inode);
    return file.size;
  }
}
