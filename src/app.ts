import { join } from 'node:path';
import { anonymousMode } from './auth/anonymous.js';
import { createAuthenticator } from './auth/authenticate.js';
import { createPasswords } from './auth/passwords.js';
import { composeServer } from './composition.js';
import { parseAddress } from './config/address.js';
import type { Settings } from './config/settings.js';
import { Fault } from './fault.js';
import { diskFiles } from './home-files.js';
import { liveSessions, type LiveSessions } from './live.js';
import type { Events } from './observe/events.js';
import { openPeers } from './peers/socket-peers.js';
import { lineOf } from './quota/line.js';
import { createQuotas } from './quota/quotas.js';
import type { HostKeys } from './ssh/host-keys.js';
import type { Store } from './store/accounts.js';
import { diskVfs } from './vfs/disk.js';
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

/**
 * Builds the server that `plimsoll serve` runs, and listens.
 * @throws Fault with a sentence, when an address cannot be listened on or the jail does not work on this host
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { root, settings, events, store, hostKeys, version } = options;
  const { accounts } = store;
  const folder = join(root, 'homes');
  await makeHome(folder);
  assertJailWorks(folder);

  const clock = (): Date => new Date();
  const live = liveSessions();
  const anonymous = anonymousMode({ accounts, settings, root });
  const passwords = createPasswords({ cost: settings['password.cost'] });
  const threads = pathThreads(settings['path.threads']);
  const umask = parseInt(settings.umask, 8);
  const inodes = new OpenInodes();
  const peers = await openPeers({ folder: join(root, 'var', 'peers') });
  const quotas = createQuotas({
    usage: store.usage,
    homeById: (id) => accounts.homeById(id),
    version: () => accounts.version(),
    lineOf: (home) => lineOf(home, settings),
    open: ({ path }) => diskVfs({ root: path, umask, threads, inodes }),
    peers,
    warn: (message) => events.emit('server.warning', { message }),
  });
  const server = composeServer({
    settings,
    events,
    accounts,
    anonymous,
    authenticator: createAuthenticator({ accounts, passwords, anonymous, clock }),
    files: diskFiles({ threads, inodes, umask, folder }),
    quotas,
    live,
    hostKeys: () => hostKeys,
    version,
    ident: `Plimsoll_${version}`,
    clock,
    release: async (graceMs) => {
      await Promise.all([passwords.close(), threads.close(graceMs)]);
    },
  });
  try {
    // Transfers need not wait for it: until a home is counted it may grow as far as is certain to fit.
    void accounts.homes().then(
      (homes) => quotas.recover(homes),
      () => undefined,
    );
    for (const address of settings.listen) {
      const parsed = parseAddress(address);
      if (!parsed) throw new Fault('invalid', `'${address}' is not an address: write HOST:PORT`);
      await server.listen(parsed);
    }
  } catch (thrown) {
    await server.stop(0);
    throw thrown;
  }
  return { addresses: server.addresses(), live, stop: (graceMs) => server.stop(graceMs) };
}
