import { Fault, toFault } from '../fault.js';
import type { Count, HomeUsage } from '../quota/home-usage.js';
import type { Quotas } from '../quota/quotas.js';
import type { Home } from '../store/accounts.js';
import type { UsageRow, UsageStore } from '../store/usage.js';

/** What a home uses; `counted` says whether that is exact, or the most that it can be; `drift`, that it is known not to be. */
export type Figures = Pick<HomeUsage, 'bytes' | 'files' | 'counted' | 'drift'>;

/** Who waits while homes are counted. */
export interface Onlooker {
  /** Called now and then with how many entries of a home were met so far. */
  readonly progress?: (home: Home, entries: number) => void;
  /** Ends the counting; a home that is being counted then stays as it was. */
  readonly signal?: AbortSignal;
}

export interface HomeUsageParts {
  readonly rows: Pick<UsageStore, 'all' | 'get'>;
  /** Asked for when it is needed: most homes have nobody to be asked. */
  readonly quotas: () => Promise<Pick<Quotas, 'usage' | 'scan'>>;
  /** What a folder holds, by a look at the disk; a missing one holds nothing. @throws Fault `cancelled`, ... */
  readonly measure: (path: string, signal?: AbortSignal) => Promise<Count>;
}

/** Homes that are asked about at once. */
const atOnce = 8;

/**
 * What homes use: their rows where nobody keeps their ledger, else what its owner says (L6). One that was not counted
 * since its owner died is counted now. One that nobody has ever used is looked at, and no more: what an operator puts
 * there before its first use is no drift.
 */
export class HomeUsages {
  readonly #parts: HomeUsageParts;

  constructor(parts: HomeUsageParts) {
    this.#parts = parts;
  }

  /** @throws Fault as the home's owner, or its folder, has it; `busy`, `cancelled` */
  async of(home: Home, onlooker: Onlooker = {}): Promise<Figures> {
    return this.#figures(home, await this.#parts.rows.get(home.id), onlooker);
  }

  /**
   * By the homes' ids. What is in the way of one does not stand in the way of the others: it is in place of its figures.
   * @throws Fault `cancelled`
   */
  async ofAll(
    homes: readonly Home[],
    onlooker: Onlooker = {},
  ): Promise<ReadonlyMap<number, Figures | Fault>> {
    const rows = new Map((await this.#parts.rows.all()).map((row) => [row.homeId, row]));
    const found = new Map<number, Figures | Fault>();
    // A server that hangs is waited for once, not once for each of its homes.
    const silent = new Map<string, Fault>();
    const left = homes.values();
    const work = async (): Promise<void> => {
      for (const home of left) {
        if (onlooker.signal?.aborted) return;
        const row = rows.get(home.id);
        const owner = row?.owner ?? '';
        found.set(
          home.id,
          silent.get(owner) ??
            (row
              ? await this.#figures(home, row, onlooker).catch((thrown: unknown) => {
                  const fault = toFault(thrown);
                  if (fault.code === 'busy' && owner !== '') silent.set(owner, fault);
                  return fault;
                })
              : new Fault('not-found', 'it was removed just now')),
        );
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (onlooker.signal?.aborted) throw new Fault('cancelled');
    return found;
  }

  async #figures(home: Home, row: UsageRow, onlooker: Onlooker): Promise<Figures> {
    if (row.owner === null) {
      const { bytes, files } = row.counted ? row : await this.#parts.measure(home.path, onlooker.signal);
      return { bytes, files, counted: true };
    }
    const usage = await (await this.#parts.quotas()).usage(home);
    if (usage.counted) return usage;
    // A server that came back is counting it now; where the owner was dead, nobody is.
    const { owner } = await this.#parts.rows.get(home.id);
    return owner === row.owner ? usage : this.#count(home, onlooker);
  }

  async #count(home: Home, { progress, signal }: Onlooker): Promise<Figures> {
    const { disk } = await (
      await this.#parts.quotas()
    ).scan(home, {
      check: false,
      ...(progress && { progress: (entries) => progress(home, entries) }),
      ...(signal && { signal }),
    });
    return { ...disk, counted: true };
  }
}

/** Why a home could not be counted, for the operator. */
export function notCounted(name: string, home: Home, thrown: unknown): Fault {
  const { code, message, cause } = toFault(thrown);
  const why = code === 'failure' && cause instanceof Error ? cause.message : message;
  return new Fault(code, `the home of '${name}', ${home.path}, cannot be counted: ${why}`, { cause: thrown });
}
