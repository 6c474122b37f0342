import type { Connection } from './connection.js';
import type { Remote } from './remote.js';

/**
 * SFTP sessions of one connection, at most. A server does requests of one session that change names one after another
 * [PROTOCOL 3.1], those of several beside each other: many small files gain from it, and four do nearly all of
 * that. OpenSSH's server and ours grant ten channels by default; commands that make hashes need four of them
 * (`run-command.ts`).
 */
const most = 4;

/** One session, for as long as a use has it. */
export interface TakenSession {
  readonly remote: Remote;
}

interface Pooled extends TakenSession {
  uses: number;
}

/**
 * The SFTP sessions of one connection: the first, and more of them while all are busy. They are opened in the background:
 * no use waits for one.
 */
export class SessionPool {
  readonly #connection: Connection;
  readonly #first: Pooled;
  readonly #sessions: Pooled[];
  #growth: 'possible' | 'under way' | 'over' = 'possible';

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#first = { remote: connection.remote, uses: 0 };
    this.#sessions = [this.#first];
  }

  /** The least busy one, until `release`. */
  take(): TakenSession {
    let least = this.#first;
    for (const session of this.#sessions) if (session.uses < least.uses) least = session;
    least.uses++;
    this.#grow();
    return least;
  }

  release(taken: TakenSession): void {
    const session = this.#sessions.find((one) => one === taken);
    if (session) session.uses--;
  }

  /**
   * Its channel is broken: nobody gets it any more, and no other one is opened in its place, so that a server which ends
   * each of them is not asked for ever.
   * @returns `false` for the first one, with which the connection is lost
   */
  drop(taken: TakenSession): boolean {
    if (taken === this.#first) return false;
    const index = this.#sessions.findIndex((one) => one === taken);
    if (index >= 0) this.#sessions.splice(index, 1);
    this.#growth = 'over';
    return true;
  }

  #grow(): void {
    const uses = this.#sessions.reduce((sum, session) => sum + session.uses, 0);
    if (this.#growth !== 'possible' || this.#sessions.length >= most || uses <= this.#sessions.length) return;
    this.#growth = 'under way';
    this.#connection.more().then(
      (remote) => {
        if (!remote || this.#growth === 'over') {
          this.#growth = 'over';
          return;
        }
        this.#sessions.push({ remote, uses: 0 });
        this.#growth = 'possible';
        this.#grow();
      },
      () => (this.#growth = 'over'),
    );
  }
}
