import { anonymousId } from './auth/anonymous.js';
import type { Settings } from './config/settings.js';
import type { ByteString } from './names.js';
import { fromText } from './names.js';
import type { Actor, Events } from './observe/events.js';
import type { Person } from './sftp/context.js';
import type { Account, AccountStore } from './store/accounts.js';
import { diskVfs } from './vfs/disk.js';
import { mounted } from './vfs/mounted.js';
import { observed } from './vfs/observed.js';
import type { OpenInodes } from './vfs/open-inodes.js';
import { owned } from './vfs/owned.js';
import type { PathThreads } from './vfs/path-threads.js';
import { permitted, type Permissions } from './vfs/permitted.js';
import type { Vfs } from './vfs/vfs.js';
import { Fault } from './fault.js';

/** What the homes of one process share. */
export interface HomeParts {
  readonly settings: Settings;
  readonly threads: PathThreads;
  readonly inodes: OpenInodes;
  readonly accounts: Pick<AccountStore, 'list' | 'byName' | 'version'>;
  readonly events: Events;
}

export interface HomeRequest {
  readonly account: Account;
  readonly view: 'own' | 'homes';
  readonly actor: Actor;
  /** Asked at each request, so that an operator's change acts at once (A3). */
  readonly permissions: () => Permissions;
}

/** The first virtual user and group id; each account has its own, counted from here (J6). */
const firstId = 1000;

export function personOf(account: Account): Person {
  const id = firstId + account.id;
  // No account has the id of anonymous sessions.
  return { name: account.id === anonymousId ? 'anonymous' : account.name, uid: id, gid: id };
}

/**
 * An account's filesystem: the one place that orders the wrappers, outermost first.
 * @throws Fault when the home cannot be opened
 */
export async function homeOf(parts: HomeParts, request: HomeRequest): Promise<Vfs> {
  const { settings, events } = parts;
  const { uid, gid } = personOf(request.account);
  const files = request.view === 'homes' ? everyHome(parts) : await diskHome(parts, request.account);
  // It stands next to the files, so that whatever is above it judges and shows virtual owners only.
  const shown = owned(files, { uid, gid, ignoreChown: settings['chown.ignore'] });
  // Before anything that would have to be undone when the account may not do it.
  const allowed = permitted(shown, request.permissions);
  // Last, so that it sees refusals as the client does.
  return observed(allowed, { events, actor: request.actor });
}

/** The account's home itself, without any rule; also what its usage is counted on. */
export function diskHome({ settings, threads, inodes }: HomeParts, account: Account): Promise<Vfs> {
  return diskVfs({ root: account.home.path, umask: parseInt(settings.umask, 8), threads, inodes });
}

/** What an admin sees as `NAME+admin`: `/homes/NAME` for every account. */
function everyHome(parts: HomeParts): Vfs {
  const { accounts } = parts;
  return mounted({
    homes: {
      list: async (): Promise<readonly ByteString[]> =>
        (await accounts.list()).map(({ name }) => fromText(name)),
      open: async (name) => {
        const account = await accounts.byName(name);
        if (account?.name !== name) throw new Fault('not-found');
        return diskHome(parts, account);
      },
      version: () => accounts.version(),
    },
  });
}
