import { readdirSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { WireClient } from '../../interop/wire-client.js';
import type { Used } from './disk-usage.js';
import { same, until } from './patience.js';
import { Servers, type Line } from './servers.js';
import { Session } from './session.js';

export interface Member {
  readonly account: string;
  /** The number of the process that serves it. */
  readonly process: number;
  readonly session: Session;
}

/** Sessions of two homes, spread over the processes of one root. */
export class Crew {
  readonly servers: Servers;
  readonly members: readonly Member[];

  static async gather(servers: Servers, accounts: readonly string[], sessions: number): Promise<Crew> {
    const members = Array.from({ length: sessions }, async (_, index) => {
      const account = accounts[index % accounts.length] ?? '';
      // The homes' sessions are in every process.
      const process = Math.floor(index / accounts.length) % servers.count;
      return { account, process, session: await Session.join(() => servers.connect(account, process)) };
    });
    return new Crew(servers, await Promise.all(members));
  }

  private constructor(servers: Servers, members: readonly Member[]) {
    this.servers = servers;
    this.members = members;
  }

  get accounts(): readonly string[] {
    return [...new Set(this.members.map(({ account }) => account))];
  }

  /** Some session of an account's home. */
  of(account: string, number = 0): Session {
    const sessions = this.members.filter((member) => member.account === account);
    const found = sessions[number % sessions.length];
    if (!found) throw new Error(`nobody is ${account}`);
    return found.session;
  }

  /** What the ledger says of a home once the server has noticed all that ended. @throws Error when it is not what the disk holds */
  async settled(account: string): Promise<Used> {
    const disk = this.servers.disk(account);
    return until(
      () => this.of(account).usage(),
      (used) => same(used, disk),
      `the ledger of ${account} to be ${JSON.stringify(disk)}`,
    );
  }

  end(): void {
    for (const { session } of this.members) session.end();
  }

  /** Ends every session, empties the homes and waits until nobody is charged for anything. */
  async empty(): Promise<void> {
    for (const { session } of this.members) await session.reconnect();
    for (const account of this.accounts) {
      await emptied(this.of(account).client, this.servers.home(account));
      await until(
        () => this.of(account).usage(),
        (used) => same(used, { bytes: 0, files: 0 }),
        `${account}'s empty home to be free`,
      );
    }
  }
}

/** Servers and a crew that are used again for the next run, unless the one before failed: what it left is not to be trusted. */
export class Harbour {
  readonly #start: () => Promise<Crew>;
  #crew: Crew | null = null;
  #sound = false;

  constructor(processes: number, homes: Readonly<Record<string, Line>>, sessions: number) {
    this.#start = async () =>
      Crew.gather(await Servers.start(processes, homes), Object.keys(homes), sessions);
  }

  /** To be called before anything else, so that servers that do not start are no failure of a property. */
  async open(): Promise<void> {
    this.#crew = await this.#start();
    this.#sound = true;
  }

  /** Runs `work` with a crew whose homes are empty. */
  async with(work: (crew: Crew) => Promise<void>): Promise<void> {
    if (!this.#sound) await this.close();
    this.#sound = false;
    this.#crew ??= await this.#start();
    await this.#crew.empty();
    await work(this.#crew);
    this.#sound = true;
  }

  /** By `plimsoll quota scan --check`, beside the server. */
  async expectNoDrift(): Promise<void> {
    if (!this.#crew) throw new Error('nothing runs');
    await this.#crew.servers.expectNoDrift();
  }

  async close(): Promise<void> {
    const crew = this.#crew;
    this.#crew = null;
    crew?.end();
    await crew?.servers.stop();
  }
}

/** Removes all that is in a home, by requests. */
async function emptied(client: WireClient, home: string, path = ''): Promise<void> {
  for (const name of readdirSync(join(home, path))) {
    const below = `${path}${name}`;
    if (lstatSync(join(home, below)).isDirectory()) {
      await emptied(client, home, `${below}/`);
      await client.must({ kind: 'rmdir', path: below });
    } else {
      await client.must({ kind: 'remove', path: below });
    }
  }
}
