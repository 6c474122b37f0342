import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Anything } from './anything.js';
import type { Crew } from './crew.js';
import { diskTree, type Used } from './disk-usage.js';
import { HomeModel, type Outcome } from './home-model.js';
import { Player } from './player.js';
import type { Line, Servers } from './servers.js';
import type { Step } from './steps.js';

/** Names that all sessions of a home use. */
const shared = 'shared/';

/** What one session does in a storm: in turn on names of its own and on names that are everybody's. */
export interface Sailor {
  readonly account: string;
  readonly folder: string;
  /** What is known of its own names: what was acknowledged. */
  readonly model: HomeModel;
  readonly own: Player;
  readonly others: Player;
}

/** Makes the folders, and the players of all sessions. */
export async function embark(crew: Crew, anything: Anything): Promise<readonly Sailor[]> {
  const made = new Set<string>();
  const sailors: Sailor[] = [];
  for (const [index, { account, session }] of crew.members.entries()) {
    const folder = `own-${index}/`;
    for (const path of [shared, folder]) {
      if (made.has(`${account}:${path}`)) continue;
      made.add(`${account}:${path}`);
      await session.client.must({ kind: 'mkdir', path: path.slice(0, -1), attrs: {} });
    }
    // Others use the same line: what grows may be refused at any time, what does not grow may not.
    const model = new HomeModel(null);
    const [own, others] = [new Player(session, model, folder), new Player(session, anything, shared)];
    sailors.push({ account, folder, model, own, others });
  }
  return sailors;
}

/** Does each script in its session, all at once; tells of each answer. */
export async function blow(
  sailors: readonly Sailor[],
  scripts: readonly (readonly Step[])[],
  happened: (outcome: Outcome) => void,
): Promise<void> {
  await Promise.all(
    sailors.map(async ({ own, others }, session) => {
      for (const [index, step] of (scripts[session] ?? []).entries()) {
        const outcome = await (index % 2 === 0 ? own : others).play(step);
        if (outcome) happened(outcome);
      }
    }),
  );
}

/** Milliseconds between two looks at the disk. */
const pause = 15;

/** Looks at the homes again and again, all processes stopped, while something goes on. */
export class Lookout {
  readonly #servers: Servers;
  readonly #homes: Readonly<Record<string, Line>>;
  readonly #over: string[] = [];
  #watching = true;
  #looks = 0;
  readonly #ended: Promise<void>;

  constructor(servers: Servers, homes: Readonly<Record<string, Line>>) {
    this.#servers = servers;
    this.#homes = homes;
    this.#ended = this.#watch();
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      this.look();
      await sleep(pause);
    }
  }

  look(): void {
    const homes = Object.entries(this.#homes);
    const seen = this.#servers.atOneMoment(() => homes.map(([account]) => this.#servers.disk(account)));
    this.#looks++;
    for (const [index, [account, line]] of homes.entries()) {
      const used = seen[index];
      if (used && over(used, line)) this.#over.push(`${account}: ${JSON.stringify(used)}`);
    }
  }

  /** Ends, and gives what was seen above the line. @throws Error when it never looked before the end: that would prove nothing */
  async end(): Promise<readonly string[]> {
    this.#watching = false;
    await this.#ended;
    this.look();
    if (this.#looks < 2) throw new Error('it was over before anybody looked');
    return this.#over;
  }
}

function over({ bytes, files }: Used, line: Line): boolean {
  return bytes > line.bytes || files > line.files;
}

/** Lets all sessions go at once; gives how many steps were answered, by outcome. */
export async function stormy(
  crew: Crew,
  homes: Readonly<Record<string, Line>>,
  orders: readonly (readonly Step[])[],
): Promise<Record<Outcome, number>> {
  const counts = { done: 0, quota: 0, refused: 0 };
  const sailors = await embark(crew, new Anything({ troubled: false }));
  const lookout = new Lookout(crew.servers, homes);
  try {
    await blow(sailors, orders, (outcome) => counts[outcome]++);
  } finally {
    expect(await lookout.end(), 'seen above the line').toEqual([]);
  }
  for (const { own, others } of sailors) {
    await own.closeAll();
    await others.closeAll();
  }
  for (const account of crew.accounts) {
    expect(await crew.settled(account), `the ledger of ${account}`).toEqual(crew.servers.disk(account));
  }
  for (const { account, folder, model } of sailors) {
    const found = diskTree(`${crew.servers.home(account)}/${folder}`);
    expect(Object.fromEntries(found), `${folder} of ${account}`).toEqual(Object.fromEntries(model.tree()));
  }
  return counts;
}
