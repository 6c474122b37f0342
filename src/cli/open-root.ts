import { userInfo } from 'node:os';
import { belowRoot, findRoot, makeRoot, otherOwner, type Root } from '../admin/root.js';
import { createService, type Service } from '../admin/service.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import { openAudit } from '../observe/audit.js';
import { createEvents } from '../observe/events.js';
import type { Store } from '../store/accounts.js';
import type { Surroundings } from './command.js';
import { lazyQuotas } from './lazy-quotas.js';

export interface Opened {
  readonly root: Root;
  readonly settings: Settings;
  readonly service: Service;
}

/**
 * Runs work on the root that the operator named, with all that it needs open, and closes it again. What it changes is
 * audited as what sessions do is.
 * @throws Fault `not-found` where the folder is no root, unless `make` says to make it one
 */
export async function withRoot<T>(
  { folder, env, printer }: Surroundings,
  work: (opened: Opened) => Promise<T>,
  options: { readonly make?: boolean } = {},
): Promise<T> {
  const root = options.make ? makeRoot(folder) : findRoot(folder);
  const { settings } = await loadSettings({ root: root.path, env });
  const events = createEvents();
  events.subscribe((name, event) => {
    if (name === 'server.warning') printer.warn((event as { readonly message: string }).message);
  });
  const audit = openAudit(belowRoot(root, settings['audit.file']), events);
  for (const warning of foreignRoot(root)) printer.warn(warning);
  const store = await openDatabase(root);
  const quotas = lazyQuotas({ root, settings, store, events });
  const service = createService({ root, settings, store, events, quotas: quotas.get, by: operator() });
  try {
    return await work({ root, settings, service });
  } finally {
    await quotas.close();
    await service.close();
    await store.close();
    await audit.close();
  }
}

/** @throws Fault naming the file, which the store itself does not (J2) */
export async function openDatabase({ database }: Root): Promise<Store> {
  try {
    // Whoever only asks for help, or gets the name of the root wrong, does not wait for it.
    const { openStore } = await import('../store/open-store.js');
    return await openStore(database);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new Fault(thrown.code, `${database}: ${thrown.message}`, { cause: thrown.cause });
  }
}

/** A warning where root works on somebody else's root. */
export function foreignRoot(root: Root): readonly string[] {
  const owner = otherOwner(root, process.geteuid?.());
  if (owner === null) return [];
  return [
    `${root.path} belongs to the user with uid ${owner}, who cannot open what root makes in it: ` +
      `run this as that user (sudo -u '#${owner}' ...)`,
  ];
}

/** Who types the command, for the audit. */
function operator(): string {
  try {
    const { username, uid } = userInfo();
    return `${username} (uid ${uid})`;
  } catch {
    // A uid without an entry in passwd, as containers have it.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
