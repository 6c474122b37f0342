import { Fault, toFault } from '../fault.js';
import type { UsageFigures, UsageRow, UsageStore } from '../store/usage.js';
import type { Counting } from './counting.js';
import type { Ledger } from './ledger.js';
import type { Line } from './line.js';
import { OneByOne } from './one-by-one.js';

export interface KeptRowParts {
  readonly row: UsageRow;
  readonly epoch: number;
  readonly store: UsageStore;
  readonly ledger: Ledger;
  readonly counting: Pick<Counting, 'state'>;
  /** Called when somebody else has taken the home, or it is gone. */
  readonly deposed: () => void;
}

interface Ceiling {
  readonly bytes: number;
  readonly files: number;
}

/** How far the ceilings are ahead of what is used or lent, so that few leases have to wait for the store. */
const bytesAhead = 64 * 2 ** 20;
const filesAhead = 256;

/** The row of a home in the store, as its owner writes it: no crash leaves it below the disk (L4). */
export class KeptRow {
  readonly #parts: KeptRowParts;
  #ceiling: Ceiling;
  /** Leases raise one ceiling and changes of names the other: the later of two must not write the older one back. */
  readonly #saves = new OneByOne();
  #saved: UsageFigures | null = null;

  constructor(parts: KeptRowParts) {
    this.#parts = parts;
    this.#ceiling = { bytes: parts.row.bytesCeiling, files: parts.row.filesCeiling };
  }

  /**
   * Makes the ceilings high enough for growth that is about to be allowed.
   * @throws Fault `no-space`; `cancelled` when the home is ours no more
   */
  async raise(bytes: number, files: number, line: Line): Promise<void> {
    const { ledger } = this.#parts;
    const needed = { bytes: ledger.bytes + ledger.leased + bytes, files: ledger.files + files };
    const short = {
      bytes: bytes > 0 && needed.bytes > this.#ceiling.bytes,
      files: files > 0 && needed.files > this.#ceiling.files,
    };
    if (!short.bytes && !short.files) return;
    const ahead = (need: number, step: number, limit: number | null): number =>
      Math.max(need, Math.min(need + step, limit ?? Infinity));
    await this.save({
      ...(short.bytes && { bytes: ahead(needed.bytes, bytesAhead, line.bytes) }),
      ...(short.files && { files: ahead(needed.files, filesAhead, line.files) }),
    });
  }

  /**
   * Writes what is used, with ceilings that are no lower than that.
   * @param changed the ceilings that are not to stay
   */
  save(changed: Partial<Ceiling> = {}): Promise<void> {
    return this.#saves.run(() => this.#save({ ...this.#ceiling, ...changed }));
  }

  async #save(ceiling: Ceiling): Promise<void> {
    const { store, row, epoch, ledger, deposed } = this.#parts;
    const figures = this.#figures({
      bytes: Math.max(ceiling.bytes, ledger.bytes + ledger.leased),
      files: Math.max(ceiling.files, ledger.files),
    });
    const saving = store.save(row.homeId, epoch, figures).catch((thrown: unknown) => {
      // Whoever uploads is told that the disk is full, not what of ours is on it.
      throw toFault(thrown).code === 'no-space'
        ? new Fault('no-space', undefined, { cause: thrown })
        : thrown;
    });
    if (!(await saving)) {
      deposed();
      throw new Fault('cancelled');
    }
    this.#ceiling = { bytes: figures.bytesCeiling, files: figures.filesCeiling };
    this.#saved = figures;
  }

  /** At rest the row says exactly what is used: a crash then costs no more than a count that finds the same. */
  async noteRest(): Promise<void> {
    const { ledger } = this.#parts;
    const { bytes, files } = ledger;
    const told = this.#saved?.bytes === bytes && this.#saved.files === files && this.#ceiling.bytes === bytes;
    // The number of files may change while this is written: its ceiling stays where it is.
    if (!told) await this.save({ bytes });
  }

  /** Gives the home up, exact where it was counted. */
  async release(): Promise<void> {
    const { store, row, epoch, ledger, counting } = this.#parts;
    await this.#saves.settled();
    const figures = this.#figures({ bytes: ledger.bytes, files: ledger.files });
    await store.release(row.homeId, epoch, { ...figures, counted: counting.state === 'counted' });
  }

  #figures(ceiling: Ceiling): UsageFigures {
    const { ledger, counting } = this.#parts;
    return {
      counted: counting.state !== 'unknown',
      bytes: ledger.bytes,
      files: ledger.files,
      bytesCeiling: ceiling.bytes,
      filesCeiling: ceiling.files,
    };
  }
}
