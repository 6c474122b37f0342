import { join } from 'node:path';
import { anonymousMode } from './auth/anonymous.js';
import { createAuthenticator } from './auth/authenticate.js';
import { createPasswords } from './auth/passwords.js';
import { watchAccounts } from './auth/watch-accounts.js';
import { parseAddress } from './config/address.js';
import type { Settings } from './config/settings.js';
import { Fault } from './fault.js';
import { HashPool } from './hash/hash-pool.js';
import type { HomeParts } from './home.js';
import { liveSessions, type LiveSessions } from './live.js';
import type { Events } from './observe/events.js';
import { Sessions } from './sessions.js';
import type { HostKeys } from './ssh/host-keys.js';
import { createSshServer } from './ssh/server.js';
import { systemTimers } from './ssh/timers.js';
import type { Store } from './store/accounts.js';
import { makeHome } from './vfs/forbidden-homes.js';
import { OpenInodes } from './vfs/open-inodes.js';
import { pathThreads } from './vfs/path-threads.js';
import { assertJailWorks } from './vfs/self-test.js';

export interface AppOptions {
  /** Absolute path of the installation's root. */
  readonly root: string;
  readonly settings: Settings;
  readonly events: Events;
  readonly store: Store;
  readonly hostKeys: HostKeys;
  readonly version: string;
}

export interface App {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly live: LiveSessions;
  /**
   * Accepts no more, gives running requests so many milliseconds, and ends; called again, it ends at once.
   * @throws Fault `busy` a second later, when there are requests that cannot be ended: they hang in a disk
   */
  stop(graceMs: number): Promise<void>;
}

/** Milliseconds for files to be closed and threads to end, once their sessions are gone. */
const unwinding = 1000;

/**
 * Builds the server out of its parts and listens.
 * @throws Fault with a sentence, when an address cannot be listened on or the jail does not work on this host
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { root, settings, events, store, hostKeys, version } = options;
  const homes = join(root, 'homes');
  await makeHome(homes);
  assertJailWorks(homes);

  const clock = (): Date => new Date();
  const live = liveSessions();
  const anonymous = anonymousMode({ accounts: store.accounts, settings, root });
  const passwords = createPasswords({ cost: settings['password.cost'] });
  const threads = pathThreads(settings['path.threads']);
  const hashes = new HashPool();
  const watch = watchAccounts({
    accounts: store.accounts,
    live,
    anonymous,
    clock,
    after: (milliseconds, run) => systemTimers.after(milliseconds, run),
    report: (fault) =>
      events.emit('server.warning', { message: `accounts cannot be read: ${fault.message}` }),
  });
  const homeParts: HomeParts = {
    settings,
    threads,
    inodes: new OpenInodes(),
    accounts: store.accounts,
    events,
  };
  const sessions = new Sessions({
    root,
    settings,
    events,
    accounts: store.accounts,
    version,
    homes: homeParts,
    live,
    watch,
    hashes,
    clock,
  });
  const server = createSshServer({
    hostKeys,
    ident: `Plimsoll_${version}`,
    settings: () => settings,
    authenticator: createAuthenticator({ accounts: store.accounts, passwords, anonymous, clock }),
    events,
    live,
    greet: (login, info) => sessions.greet(login, info),
  });

  const unwind = async (): Promise<void> => {
    await sessions.allEnded();
    watch.stop();
    await Promise.all([passwords.close(), hashes.close(), threads.close(unwinding)]);
  };
  const stop = async (graceMs: number): Promise<void> => {
    await server.close(graceMs);
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const sentence = 'not everything came to its end: there are requests that hang in a disk';
      cancel = systemTimers.after(unwinding, () => reject(new Fault('busy', sentence)));
    });
    await Promise.race([unwind(), late]).finally(() => cancel());
  };
  try {
    for (const address of settings.listen) {
      const parsed = parseAddress(address);
      if (!parsed) throw new Fault('invalid', `'${address}' is not an address: write HOST:PORT`);
      await server.listen(parsed);
    }
  } catch (thrown) {
    await stop(0);
    throw thrown;
  }
  return { addresses: server.addresses(), live, stop };
}
