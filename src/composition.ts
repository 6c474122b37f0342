import type { Anonymous } from './auth/anonymous.js';
import type { Authenticator } from './auth/authenticator.js';
import { watchAccounts } from './auth/watch-accounts.js';
import type { Address } from './config/address.js';
import type { Settings } from './config/settings.js';
import { Fault } from './fault.js';
import { HashPool } from './hash/hash-pool.js';
import type { HomeFiles } from './home-files.js';
import type { LiveSessions } from './live.js';
import type { Events } from './observe/events.js';
import type { Quotas } from './quota/quotas.js';
import { Sessions, type SessionParts } from './sessions.js';
import type { HostKeys } from './ssh/host-keys.js';
import { createSshServer } from './ssh/server.js';
import { systemTimers } from './ssh/timers.js';
import type { AccountStore } from './store/accounts.js';

/** In what one server differs from another: the program's own, and one that a program embeds. */
export interface ServerParts {
  readonly settings: Settings;
  readonly events: Events;
  readonly accounts: AccountStore;
  readonly anonymous: Anonymous | null;
  readonly authenticator: Authenticator;
  readonly files: HomeFiles;
  readonly quotas: Quotas;
  readonly live: LiveSessions;
  /** Asked for each connection. */
  readonly hostKeys: () => HostKeys;
  readonly version: string;
  /** How we identify ourselves, without `SSH-2.0-` [RFC 4253 4.2]. */
  readonly ident: string;
  readonly different?: SessionParts['different'];
  readonly clock: () => Date;
  /** Ends the threads that the parts work with, once no session needs them; what hangs gets so many milliseconds. */
  release(graceMs: number): Promise<void>;
}

export interface ComposedServer {
  /**
   * Listens on one more address; port 0 picks one.
   * @throws Fault, with a sentence that says what is in the way
   */
  listen(address: Address): Promise<Address>;
  addresses(): readonly Address[];
  /**
   * Accepts no more, gives running requests so many milliseconds, and ends; called again, it ends at once.
   * @throws Fault `busy` a second later, when there are requests that cannot be ended: they hang in a disk
   */
  stop(graceMs: number): Promise<void>;
}

/** Milliseconds for files to be closed and threads to end, once their sessions are gone. */
const unwinding = 1000;

/**
 * Builds a server out of its parts. It starts no thread before one is needed.
 * @throws Fault `invalid` when the settings name algorithms that do not exist
 */
export function composeServer(parts: ServerParts): ComposedServer {
  const { settings, events, accounts, anonymous, live, version, clock, different } = parts;
  // First, because it may refuse the settings: then nothing else has begun.
  const server = createSshServer({
    hostKeys: parts.hostKeys,
    ident: parts.ident,
    settings: () => settings,
    authenticator: parts.authenticator,
    events,
    live,
    greet: (login, info) => sessions.greet(login, info),
  });
  const hashes = new HashPool();
  const watch = watchAccounts({
    accounts,
    live,
    anonymous,
    clock,
    after: (milliseconds, run) => systemTimers.after(milliseconds, run),
    report: (fault) =>
      events.emit('server.warning', { message: `accounts cannot be read: ${fault.message}` }),
  });
  const sessions = new Sessions({
    settings,
    events,
    accounts,
    version,
    homes: { settings, files: parts.files, quotas: parts.quotas, accounts, events },
    live,
    watch,
    hashes,
    clock,
    ...(different && { different }),
  });
  const unwind = async (): Promise<void> => {
    // First: no session is left to watch, and its timer would keep alive a process whose requests hang.
    watch.stop();
    await sessions.allEnded();
    // Once nothing is open: then the ledgers are exact, and no start after this one has to count.
    await parts.quotas.close();
    await Promise.all([hashes.close(), parts.release(unwinding)]);
  };
  return {
    listen: (address) => server.listen(address),
    addresses: () => server.addresses(),
    async stop(graceMs) {
      await server.close(graceMs);
      let cancel = (): void => undefined;
      const late = new Promise<never>((_resolve, reject) => {
        const sentence = 'not everything came to its end: there are requests that hang in a disk';
        cancel = systemTimers.after(unwinding, () => reject(new Fault('busy', sentence)));
      });
      await Promise.race([unwind(), late]).finally(() => cancel());
    },
  };
}
