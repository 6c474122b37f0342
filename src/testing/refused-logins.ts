import type { Authenticator, Decision, Peer } from '../auth/authenticator.js';
import { options, whole } from './checked.js';
import type { RefuseLoginsOptions } from './faults.js';

/** Refuses logins while it is told to, on whole connections: a client tries one credential after the other. */
export class RefusedLogins {
  /** Connections that are still to be refused. */
  #left = 0;
  readonly #refused = new Set<string>();

  /** @throws Fault `invalid` */
  refuse(how: RefuseLoginsOptions = {}): void {
    const { times } = options('refuseLogins', how, { times: true });
    this.#left = times === undefined ? Infinity : whole('times', times, 1);
  }

  clear(): void {
    this.#left = 0;
    this.#refused.clear();
  }

  /** The connection is gone. */
  forget(connection: string): void {
    this.#refused.delete(connection);
  }

  around(own: Authenticator): Authenticator {
    const unless = (peer: Peer, decide: () => Promise<Decision>): Promise<Decision> =>
      this.#takes(peer.connection)
        ? Promise.resolve({ granted: false, reason: 'a test refuses logins' })
        : decide();
    return {
      methods: (user) => own.methods(user),
      none: (user, peer) => own.none(user, peer),
      password: (user, password, peer) => unless(peer, () => own.password(user, password, peer)),
      publickey: (user, offer, peer) => unless(peer, () => own.publickey(user, offer, peer)),
    };
  }

  #takes(connection: string): boolean {
    if (this.#refused.has(connection)) return true;
    if (this.#left <= 0) return false;
    this.#left--;
    this.#refused.add(connection);
    return true;
  }
}
