import { createAuthenticator } from '../auth/authenticate.js';
import type { Authenticator } from '../auth/authenticator.js';
import { createPasswords } from '../auth/passwords.js';
import { parseScrypt } from '../auth/scrypt-phc.js';
import { composeServer, type ComposedServer, type ServerParts } from '../composition.js';
import { Fault } from '../fault.js';
import type { LiveSessions } from '../live.js';
import type { Events } from '../observe/events.js';
import { lineOf } from '../quota/line.js';
import { noPeers } from '../quota/no-peers.js';
import { createQuotas } from '../quota/quotas.js';
import { loadHostKeys } from '../ssh/host-key-files.js';
import { hostKeysOf, newHostKey, type HostKeys } from '../ssh/host-keys.js';
import type { AccountStore } from '../store/accounts.js';
import { memoryStore } from '../store/memory-store.js';
import { OpenInodes } from '../vfs/open-inodes.js';
import { pathThreads } from '../vfs/path-threads.js';
import { askingAuthenticator } from './asking-authenticator.js';
import { ChosenFiles } from './chosen-files.js';
import { foldersOf, readyFolders } from './folders.js';
import { GrantedAccounts } from './granted-accounts.js';
import { KeyedPasswords } from './keyed-passwords.js';
import { MadeHomes } from './made-homes.js';
import type { ServerPlan } from './server-plan.js';
import { version } from './version.js';

/** Where the testing kit stands in between. */
export interface Seams {
  /** @param own the keys of the options */
  readonly hostKeys?: (own: HostKeys) => () => HostKeys;
  readonly authenticator?: (own: Authenticator) => Authenticator;
  readonly different?: ServerParts['different'];
}

/** What an embedded server consists of once it begins. */
export interface Running {
  readonly server: ComposedServer;
  readonly hostKeys: () => HostKeys;
}

/** Builds an embedded server out of the same parts as the program's own, without its database, log and folders. */
export async function start(
  plan: ServerPlan,
  seams: Seams,
  events: Events,
  live: LiveSessions,
): Promise<Running> {
  const { settings, homes } = plan;
  await readyFolders(plan);
  const own = await ownHostKeys(plan);
  const hostKeys = seams.hostKeys?.(own) ?? (() => own);
  const threads = pathThreads(settings['path.threads']);
  const made = new MadeHomes();
  const files = new ChosenFiles({
    disk: { threads, inodes: new OpenInodes(), umask: parseInt(settings.umask, 8) },
    made,
    homes,
    apart: foldersOf(plan).all,
    vfs: plan.vfs,
  });
  const passwords = passwordsOf(plan);
  const { accounts, usage } = memoryStore();
  await fill(accounts, plan, files, passwords);

  const clock = (): Date => new Date();
  const granted = new GrantedAccounts({
    ...{ accounts, files, live },
    warn: (message) => events.emit('server.warning', { message }),
  });
  const fixed = createAuthenticator({ accounts, passwords, anonymous: null, clock });
  const quotas = createQuotas({
    usage: made.usage(usage),
    homeById: (id) => made.homeById(id, accounts),
    version: () => accounts.version(),
    lineOf: (home) => lineOf(home, settings),
    open: (home) => files.openHome(home),
    peers: noPeers(),
    warn: (message) => events.emit('server.warning', { message }),
  });
  const authenticator = withAuthenticate(plan, fixed, granted, passwords);
  const server = composeServer({
    settings,
    events,
    accounts,
    anonymous: null,
    authenticator: seams.authenticator?.(authenticator) ?? authenticator,
    files,
    quotas,
    live: telling(live, (accountId) => granted.left(accountId)),
    hostKeys,
    version,
    ident: plan.ident ?? `Plimsoll_${version}`,
    ...(seams.different && { different: seams.different }),
    clock,
    release: async (graceMs) => {
      await Promise.all([passwords.close(), threads.close(graceMs)]);
    },
  });
  return { server, hostKeys };
}

async function ownHostKeys({ hostKeys, keys }: ServerPlan): Promise<HostKeys> {
  if (hostKeys) return hostKeys;
  return keys === null ? hostKeysOf([newHostKey()]) : loadHostKeys(keys);
}

function passwordsOf({ accounts }: ServerPlan): KeyedPasswords {
  const costs = accounts.flatMap(({ passwordHash }) => parseScrypt(passwordHash ?? '')?.ln ?? []);
  return new KeyedPasswords(costs.length === 0 ? null : createPasswords({ cost: Math.max(...costs) }));
}

async function fill(
  accounts: AccountStore,
  plan: ServerPlan,
  files: ChosenFiles,
  passwords: KeyedPasswords,
): Promise<void> {
  for (const { name, password, passwordHash, keys, readOnly, expires, lines, source } of plan.accounts) {
    const home = files.sourceOf(name, source);
    if (!home) throw new Fault('invalid', `the account '${name}' has no files`);
    const account = await accounts.add({
      name,
      role: 'user',
      homePath: files.pathOf(name, home),
      readOnly,
      expires,
      passwordHash: password === null ? passwordHash : passwords.keep(password),
      keys,
    });
    files.keep(account, home);
    if (Object.keys(lines).length > 0) await accounts.setLines(account.home.id, lines);
  }
}

function withAuthenticate(
  { accounts, authenticate }: ServerPlan,
  fixed: Authenticator,
  granted: GrantedAccounts,
  passwords: KeyedPasswords,
): Authenticator {
  if (!authenticate) return fixed;
  const names = new Set(accounts.map(({ name }) => name.toLowerCase()));
  return askingAuthenticator({
    fixed,
    isFixed: (name) => names.has(name.toLowerCase()),
    authenticate,
    granted,
    spend: (password, peer) => passwords.verify(password, null, peer),
  });
}

function telling(live: LiveSessions, left: (accountId: number) => void): LiveSessions {
  return {
    ...live,
    remove: (session) => {
      live.remove(session);
      left(session.accountId);
    },
  };
}
