import { Fault, toFault } from '../fault.js';
import type { Home } from '../store/accounts.js';
import type { UsageRow, UsageStore } from '../store/usage.js';
import type { Vfs } from '../vfs/vfs.js';
import type { Line } from './line.js';
import { Owner } from './owner.js';
import type { Channel, Peers } from './peers.js';

export interface OwnedHomesParts {
  readonly usage: UsageStore;
  readonly peers: Peers;
  readonly line: (homeId: number) => Promise<Line>;
  /** The files of a home, without any rule. */
  readonly open: (homeId: number) => Promise<Vfs>;
  readonly pause: (batchMilliseconds: number) => Promise<void>;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Has this process itself tell an owner what it has open of the home. */
  readonly join: (homeId: number, owner: Owner) => Promise<void>;
  /** Hears about a home what nobody waits for. */
  readonly warn: (homeId: number, message: string) => void;
}

/** Where the ledger of a home is kept: here, or by a peer. */
export type Keeper =
  { readonly kind: 'here'; readonly owner: Owner } | { readonly kind: 'there'; readonly channel: Channel };

/** Milliseconds between two looks at what this process is about to own. */
const turn = 5;
/** How often the row of a home may change hands under the eyes of who looks for its owner. */
const maxLooks = 50;

/** The homes whose ledgers this process keeps, and how it comes to one (L6). */
export class OwnedHomes {
  readonly #parts: OwnedHomesParts;
  readonly #owners = new Map<number, Owner>();
  readonly #taking = new Map<number, Promise<Keeper>>();
  /** Homes that are being handed back. */
  readonly #ending = new Map<number, Promise<void>>();

  constructor(parts: OwnedHomesParts) {
    this.#parts = parts;
  }

  get(homeId: number): Owner | undefined {
    return this.#owners.get(homeId);
  }

  /** Whether this process keeps the home's ledger, or is about to: asked by one that has read so in the store. */
  async keeps(homeId: number): Promise<boolean> {
    await this.#ending.get(homeId);
    while (!this.#owners.has(homeId) && this.#taking.has(homeId)) {
      await new Promise<void>((resolve) => void this.#parts.after(turn, resolve));
    }
    return this.#owners.has(homeId);
  }

  /** Finds the owner of a home, or becomes it. @throws Fault `busy` when it lives and does not answer */
  keeper(homeId: number): Promise<Keeper> {
    const owner = this.#owners.get(homeId);
    if (owner) return Promise.resolve({ kind: 'here', owner });
    let taking = this.#taking.get(homeId);
    if (!taking) {
      taking = this.#find(homeId).finally(() => this.#taking.delete(homeId));
      this.#taking.set(homeId, taking);
    }
    return taking;
  }

  async #find(homeId: number): Promise<Keeper> {
    const { usage, peers } = this.#parts;
    await this.#ending.get(homeId);
    for (let look = 0; look < maxLooks; look++) {
      const row = await usage.get(homeId);
      if (row.owner === peers.self) return { kind: 'here', owner: await this.#begin(row, row.epoch) };
      if (row.owner !== null) {
        const reached = await this.#reach(row.owner, homeId);
        if (typeof reached !== 'string') return { kind: 'there', channel: reached };
        // It may have handed the home back meanwhile, exact; or be there again on another channel.
        if (reached === 'broke' || (await usage.get(homeId)).owner !== row.owner) continue;
      }
      if (await usage.take(homeId, row.epoch, peers.self)) {
        // The owner before may have raised its ceilings between the look at its row and its death.
        const left = { ...(await usage.get(homeId)), owner: row.owner };
        return { kind: 'here', owner: await this.#begin(left, row.epoch + 1) };
      }
    }
    throw new Fault('busy');
  }

  /** `gone` when the process that the row names is dead, or will not become the owner any more. */
  async #reach(owner: string, homeId: number): Promise<Channel | 'gone' | 'broke'> {
    try {
      const channel = await this.#parts.peers.connect(owner);
      return (await channel.ask('keeps', { home: homeId })) === true ? channel : 'gone';
    } catch (thrown) {
      const { code } = toFault(thrown);
      if (code === 'not-found') return 'gone';
      // A channel that breaks is no death: only a refused connection is.
      if (code === 'cancelled') return 'broke';
      throw thrown;
    }
  }

  /** The home is ours by its row. After an unclean end whoever has something of it open says so before anything else. */
  async #begin(row: UsageRow, epoch: number): Promise<Owner> {
    const { usage, open, line, pause, after, warn, peers } = this.#parts;
    const { homeId } = row;
    const owner = new Owner({
      homeId,
      row,
      epoch,
      store: usage,
      line: () => line(homeId),
      open: () => open(homeId),
      pause,
      after,
      warn: (message) => warn(homeId, message),
      deposed: () => {
        if (this.#owners.get(homeId) === owner) this.#owners.delete(homeId);
      },
    });
    this.#owners.set(homeId, owner);
    try {
      if (row.owner !== null) {
        const others = (await peers.others()).map((peer) => this.#callIn(peer, homeId));
        await Promise.all([...others, this.#parts.join(homeId, owner)]);
      }
    } catch (thrown) {
      this.#owners.delete(homeId);
      owner.depose();
      throw thrown;
    }
    owner.begin();
    return owner;
  }

  async #callIn(peer: string, homeId: number): Promise<void> {
    try {
      await (await this.#parts.peers.connect(peer)).ask('succession', { home: homeId });
    } catch (thrown) {
      const { code } = toFault(thrown);
      if (code !== 'not-found' && code !== 'cancelled') throw thrown;
    }
  }

  /** Takes on the homes that were left without a clean end, and counts them. */
  async recover(homes: readonly Home[]): Promise<void> {
    const known = new Set(homes.map(({ id }) => id));
    for (const { homeId, owner } of await this.#parts.usage.all()) {
      if (owner === null || !known.has(homeId)) continue;
      await this.keeper(homeId).catch((thrown: unknown) => {
        const { code, message } = toFault(thrown);
        if (code !== 'busy') this.#parts.warn(homeId, `what it holds cannot be told: ${message}`);
      });
    }
  }

  /** Hands a ledger back, unless a peer has something of the home, or it is being counted. */
  async release(homeId: number): Promise<void> {
    const owner = this.#owners.get(homeId);
    if (owner?.isIdle()) await this.#end(homeId, owner);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#taking.values(), ...this.#ending.values()]);
    await Promise.all([...this.#owners].map(([homeId, owner]) => this.#end(homeId, owner)));
  }

  #end(homeId: number, owner: Owner): Promise<void> {
    this.#owners.delete(homeId);
    const ending = owner
      .close()
      .catch((thrown: unknown) => {
        this.#parts.warn(homeId, `its ledger could not be handed back: ${toFault(thrown).message}`);
      })
      .finally(() => this.#ending.delete(homeId));
    this.#ending.set(homeId, ending);
    return ending;
  }
}
