import { Fault } from '../fault.js';
import type { Events } from '../observe/events.js';
import type { Line } from '../quota/line.js';
import type { Quotas } from '../quota/quotas.js';
import { formatSize } from '../size.js';
import type { Account, AccountStore, Home } from '../store/accounts.js';
import { notCounted, type HomeUsages, type Onlooker } from './home-usage.js';
import { hasDrift, quotaView, scanView, showFiles, type QuotaView, type ScanView } from './quota-view.js';

export interface LineUseParts {
  readonly accounts: Pick<AccountStore, 'list'>;
  /** @throws Fault `not-found` */
  readonly find: (name: string) => Promise<Account>;
  readonly lineOf: (home: Home) => Line;
  readonly usages: HomeUsages;
  readonly quotas: () => Promise<Pick<Quotas, 'scan'>>;
  readonly events: Events;
  /** Who gives the orders, for the audit. */
  readonly by: string;
}

/** One row for each home that could be looked at, and why the others could not. */
export interface PerHome<View> {
  readonly views: readonly View[];
  readonly failed: readonly Fault[];
}

/** Names are those of all who live in the home, the oldest first. */
interface Inhabited {
  readonly home: Home;
  readonly names: readonly [string, ...string[]];
}

/** What an operator asks about lines; each works on the store and the homes' owners, whether a server runs or not. */
export class LineUse {
  readonly #parts: LineUseParts;

  constructor(parts: LineUseParts) {
    this.#parts = parts;
  }

  /**
   * All homes by the name of their first account, or the one that `name` lives in. A home whose use cannot be found out
   * has its row, too.
   * @throws Fault `not-found` for a name that nobody has, `cancelled`
   */
  async show(name: string | null, onlooker: Onlooker = {}): Promise<PerHome<QuotaView>> {
    const inhabited = await this.#homes(name);
    const found = await this.#parts.usages.ofAll(
      inhabited.map(({ home }) => home),
      onlooker,
    );
    const failed: Fault[] = [];
    const views = inhabited.map(({ home, names }) => {
      const figures = found.get(home.id) ?? null;
      if (figures instanceof Fault) failed.push(notCounted(names[0], home, figures));
      return quotaView(names, figures instanceof Fault ? null : figures, this.#parts.lineOf(home));
    });
    return { views, failed };
  }

  /**
   * Counts homes on the disk, one after another, and sets their ledgers to what is there (L5); with `check` nothing is
   * changed.
   * @throws Fault `not-found` for a name that nobody has; `cancelled`, saying what was done until then
   */
  async scan(
    name: string | null,
    { check }: { readonly check: boolean },
    { progress, signal }: Onlooker = {},
  ): Promise<PerHome<ScanView>> {
    const quotas = await this.#parts.quotas();
    const views: ScanView[] = [];
    const failed: Fault[] = [];
    for (const { home, names } of await this.#homes(name)) {
      try {
        const report = await quotas.scan(home, {
          check,
          ...(progress && { progress: (entries) => progress(home, entries) }),
          ...(signal && { signal }),
        });
        const view = scanView(names, report);
        views.push(view);
        if (!check && hasDrift(view)) this.#corrected(view);
      } catch (thrown) {
        if (signal?.aborted) throw interrupted(check ? 0 : views.length, thrown);
        failed.push(notCounted(names[0], home, thrown));
      }
    }
    return { views, failed };
  }

  async #homes(name: string | null): Promise<readonly Inhabited[]> {
    const only = name === null ? null : (await this.#parts.find(name)).home.id;
    const byHome = new Map<number, Account[]>();
    for (const account of await this.#parts.accounts.list()) {
      const { id } = account.home;
      if (only !== null && id !== only) continue;
      byHome.set(id, [...(byHome.get(id) ?? []), account]);
    }
    return [...byHome.values()]
      .map((sharing) => sharing.sort((a, b) => a.id - b.id))
      .flatMap(([first, ...others]) =>
        first
          ? [{ home: first.home, names: [first.name, ...others.map((other) => other.name)] as const }]
          : [],
      )
      .sort((a, b) => (a.names[0] < b.names[0] ? -1 : 1));
  }

  #corrected({ name, ledger, disk }: ScanView): void {
    const { events, by } = this.#parts;
    const change =
      `use set to ${formatSize(disk.bytes)}, ${showFiles(disk.files)}, ` +
      `as on the disk; the ledger had ${formatSize(ledger.bytes)}, ${showFiles(ledger.files)}`;
    events.emit('account.changed', { account: name, change, by });
  }
}

function interrupted(homes: number, cause: unknown): Fault {
  const done = homes === 1 ? '1 home was' : `${homes} homes were`;
  return new Fault(
    'cancelled',
    homes === 0
      ? 'interrupted: nothing was changed'
      : `interrupted: ${done} scanned before that, the rest is as it was`,
    { cause },
  );
}
