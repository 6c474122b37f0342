import { anonymousId } from './auth/anonymous.js';
import type { Settings } from './config/settings.js';
import { Fault } from './fault.js';
import type { HomeFiles } from './home-files.js';
import type { ByteString } from './names.js';
import { fromText } from './names.js';
import type { Actor, Events } from './observe/events.js';
import type { Person } from './sftp/context.js';
import type { Quotas } from './quota/quotas.js';
import type { Account, AccountStore, Home } from './store/accounts.js';
import { mounted } from './vfs/mounted.js';
import { observed } from './vfs/observed.js';
import { owned } from './vfs/owned.js';
import { permitted, type Permissions } from './vfs/permitted.js';
import type { Vfs } from './vfs/vfs.js';

/** What the homes of one process share. */
export interface HomeParts {
  readonly settings: Pick<Settings, 'chown.ignore'>;
  readonly files: HomeFiles;
  readonly quotas: Quotas;
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

export interface OpenedHome {
  /** What is served. */
  readonly vfs: Vfs;
  /** The home whose line is in force, and whose ledger tells what is used. */
  readonly home: Home;
}

/** The first virtual user and group id; each account has its own, counted from here (J6). */
const firstId = 1000;

export function personOf(account: Account): Person {
  const id = firstId + account.id;
  // No account has the id of anonymous sessions.
  return { name: account.id === anonymousId ? 'anonymous' : account.name, uid: id, gid: id };
}

/** @throws Fault when the home cannot be opened */
export async function homeOf(parts: HomeParts, request: HomeRequest): Promise<OpenedHome> {
  const { settings, events } = parts;
  const { account, view, actor, permissions } = request;
  const [files, home] =
    view === 'homes' ? [everyHome(parts), account.home] : await lined(parts, account, true);
  const vfs = ruled(files, {
    person: personOf(account),
    ignoreChown: settings['chown.ignore'],
    permissions,
    events,
    actor,
  });
  return { vfs, home };
}

/** An account's files with the line of their home: whatever comes to them, by whichever way, is charged there. */
async function lined(
  { files, quotas }: Pick<HomeParts, 'files' | 'quotas'>,
  account: Account,
  make: boolean,
): Promise<[Vfs, Home]> {
  const opened = await files.open(account, make);
  const home = files.ledgerOf?.(account, opened) ?? account.home;
  return [quotas.limited(home, opened), home];
}

export interface Rules {
  readonly person: Person;
  /** Whether a chown to somebody else is answered with success, doing nothing. */
  readonly ignoreChown: boolean;
  readonly permissions: () => Permissions;
  readonly events: Events;
  readonly actor: Actor;
}

/**
 * Files as an account may see and use them, innermost first. Below all of these, right around the files, stands the line
 * (`lined`): what a rule refuses costs nothing, and what a rule lets through is charged as it is carried out.
 */
export function ruled(files: Vfs, { person, ignoreChown, permissions, events, actor }: Rules): Vfs {
  // It stands next to the files, so that whatever is above it judges and shows virtual owners only.
  const shown = owned(files, { uid: person.uid, gid: person.gid, ignoreChown });
  // Before anything that would have to be undone when the account may not do it.
  const allowed = permitted(shown, permissions);
  // Last, so that it sees refusals as the client does.
  return observed(allowed, { events, actor });
}

/** What an admin sees as `NAME+admin`: `/homes/NAME` for every account. */
function everyHome({ accounts, files, quotas }: HomeParts): Vfs {
  return mounted({
    homes: {
      list: async (): Promise<readonly ByteString[]> =>
        (await accounts.list()).map(({ name }) => fromText(name)),
      open: async (name) => {
        const account = await accounts.byName(name);
        if (account?.name !== name) throw new Fault('not-found');
        return (await lined({ files, quotas }, account, false))[0];
      },
      version: () => accounts.version(),
    },
  });
}
