import { Fault } from '../fault.js';
import type { Home } from '../store/accounts.js';
import type { UsageStore } from '../store/usage.js';
import type { Vfs } from '../vfs/vfs.js';
import { answerPeers } from './answer-peers.js';
import { Holding, type Holds } from './holding.js';
import { LimitedVfs, type Traffic } from './limited.js';
import type { Line } from './line.js';
import { LocalOwner } from './local-owner.js';
import { OwnedHomes, type Keeper } from './owned-homes.js';
import type { Holder, OwnerPort } from './owner-port.js';
import type { HomeUsage, ScanOptions, ScanReport } from './home-usage.js';
import { givingWay } from './giving-way.js';
import type { Peers } from './peers.js';
import { RemoteOwner, remoteScan } from './remote-owner.js';

export type { Count, HomeUsage, ScanOptions, ScanReport } from './home-usage.js';

/** The lines of all homes in this process. */
export interface Quotas {
  /** The files of a home with its line in force: what is changed through them, and only that, is charged. */
  limited(home: Home, files: Vfs): Vfs;
  /** @throws Fault `busy` when the owner of the ledger does not answer */
  usage(home: Home): Promise<HomeUsage>;
  /** Counts the home on disk and sets the ledger to it (L7). @throws Fault `cancelled`, `busy` */
  scan(home: Home, options: ScanOptions): Promise<ScanReport>;
  /** Counts those homes again whose owner died. */
  recover(homes: readonly Home[]): Promise<void>;
  /** Hands every ledger back, exact; to be called when nothing is open any more. */
  close(): Promise<void>;
}

export interface QuotaParts {
  readonly usage: UsageStore;
  readonly homeById: (id: number) => Promise<Home | null>;
  /** Differs once a line may have been changed (A3). */
  readonly version: () => number;
  readonly lineOf: (home: Home) => Line;
  /** The files of a home, without any rule; the caller closes them. */
  readonly open: (home: Home) => Promise<Vfs>;
  readonly peers: Peers;
  /** Hears what nobody waits for. */
  readonly warn: (message: string) => void;
  readonly now?: () => number;
  readonly after?: (milliseconds: number, run: () => void) => () => void;
}

/** How many processes that have just given a home up are asked, one after another, who its owner is. */
const mostOwners = 50;

/** The ledgers of a root's homes as one process takes part in them. */
export function createQuotas(parts: QuotaParts): Quotas {
  const {
    usage,
    homeById,
    version,
    lineOf,
    peers,
    warn,
    now = () => performance.now(),
    after = later,
  } = parts;
  const traffic: Traffic = { requests: 0 };
  const holdings = new Map<number, Holding>();
  /** How many filesystems of a home are open here. */
  const users = new Map<number, number>();
  /** What homes are called in warnings. */
  const paths = new Map<number, string>();
  const lines = new Map<number, { readonly version: number; readonly line: Line }>();

  const homeOf = async (homeId: number): Promise<Home> => {
    const home = await homeById(homeId);
    if (!home) throw new Fault('not-found', 'this home has no account any more');
    paths.set(homeId, home.path);
    return home;
  };
  const line = async (homeId: number): Promise<Line> => {
    const current = version();
    const known = lines.get(homeId);
    if (known?.version === current) return known.line;
    const fresh = lineOf(await homeOf(homeId));
    lines.set(homeId, { version: current, line: fresh });
    return fresh;
  };
  const owned = new OwnedHomes({
    usage,
    peers,
    line,
    open: async (homeId) => parts.open(await homeOf(homeId)),
    pause: givingWay({
      traffic,
      // A server sees what it has to do itself; a command that counts beside it does not.
      beside: async () => users.size === 0 && (await peers.others()).length > 0,
      // A command that counts has nothing else to stay for.
      after: parts.after ?? waiting,
      now,
    }),
    after,
    join: async (homeId, owner) => {
      const holding = holdings.get(homeId);
      await holding?.join(new LocalOwner(owner, holding), (held) => owner.register(holding, held));
    },
    warn: (homeId, message) => warn(`the home ${paths.get(homeId) ?? homeId}: ${message}`),
  });

  const fromKeeper = async <T>(
    homeId: number,
    ask: (keeper: Keeper) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    for (let owners = 0; owners < mostOwners; owners++) {
      const keeper = await owned.keeper(homeId);
      try {
        return await ask(keeper);
      } catch (thrown) {
        // It has ended just now, or given the home up: whoever is next is looked for.
        if (!(thrown instanceof Fault && thrown.code === 'cancelled') || signal?.aborted) throw thrown;
      }
    }
    throw new Fault('busy');
  };

  const register = async (
    homeId: number,
    keeper: Keeper,
    holder: Holder,
    { look, held }: Holds,
  ): Promise<OwnerPort> => {
    // Only now: an owner before this one may have gone on removing files until it died.
    await look();
    if (keeper.kind === 'here') {
      if (!keeper.owner.knows(holder)) keeper.owner.register(holder, held());
      return new LocalOwner(keeper.owner, holder);
    }
    const port = new RemoteOwner(keeper.channel, homeId, after);
    await keeper.channel.ask('register', { home: homeId, held: held() });
    void keeper.channel.gone.then(() => succession(homeId, port));
    return port;
  };

  /** The owner is gone; who is next counts what was open, and has to hear of it even if nobody here does anything. */
  const succession = (homeId: number, port: OwnerPort | null): void => {
    const holding = holdings.get(homeId);
    if (!holding) return;
    holding.lost(port);
    holding.connect().catch(() => undefined);
  };

  const holdingOf = (homeId: number): Holding => {
    let holding = holdings.get(homeId);
    if (!holding) {
      holding = new Holding({
        self: peers.self,
        connect: (holder, holds) => fromKeeper(homeId, (keeper) => register(homeId, keeper, holder, holds)),
        version,
        now,
      });
      holdings.set(homeId, holding);
    }
    return holding;
  };

  /** Nobody here uses the home any more: its ledger is for whoever needs it next. */
  const left = (homeId: number): void => {
    const others = (users.get(homeId) ?? 1) - 1;
    if (others > 0) {
      users.set(homeId, others);
      return;
    }
    users.delete(homeId);
    lines.delete(homeId);
    const holding = holdings.get(homeId);
    if (!holding?.idle) return;
    holdings.delete(homeId);
    holding.end();
    // Homes of an embedding program come and go with its logins.
    void owned.release(homeId).then(() => paths.delete(homeId));
  };

  peers.answer(answerPeers({ owned, holdings, open: async (homeId) => parts.open(await homeOf(homeId)) }));

  return {
    limited: (home, files) => {
      users.set(home.id, (users.get(home.id) ?? 0) + 1);
      return new LimitedVfs(files, holdingOf(home.id), traffic, () => left(home.id));
    },
    usage: async (home) => {
      const row = await usage.get(home.id);
      if (row.owner === null && row.counted) {
        // Whoever asks may have the home as it was at its login.
        const line = lineOf(await homeOf(home.id));
        return { bytes: row.bytes, files: row.files, line, counted: true };
      }
      return fromKeeper(home.id, async (keeper) =>
        keeper.kind === 'here'
          ? keeper.owner.usage()
          : ((await keeper.channel.ask('usage', { home: home.id })) as HomeUsage),
      );
    },
    scan: (home, options) =>
      fromKeeper(
        home.id,
        (keeper) =>
          keeper.kind === 'here' ? keeper.owner.scan(options) : remoteScan(keeper.channel, home.id, options),
        options.signal,
      ),
    recover: (homes) => owned.recover(homes),
    close: async () => {
      await owned.close();
      await peers.close();
    },
  };
}

function waiting(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
}

function later(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
