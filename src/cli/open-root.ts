import { userInfo } from 'node:os';
import { belowRoot, findRoot, makeRoot, type Root } from '../admin/root.js';
import { createService, type Service } from '../admin/service.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { openAudit } from '../observe/audit.js';
import { createEvents } from '../observe/events.js';
import { openStore } from '../store/open-store.js';
import type { Surroundings } from './command.js';

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
  const { settings } = loadSettings({ root: root.path, env });
  const events = createEvents();
  events.subscribe((name, event) => {
    if (name === 'server.warning') printer.warn((event as { readonly message: string }).message);
  });
  const audit = openAudit(belowRoot(root, settings['audit.file']), events);
  const store = await openStore(root.database);
  const service = createService({ root, settings, store, events, by: operator() });
  try {
    return await work({ root, settings, service });
  } finally {
    await service.close();
    await store.close();
    await audit.close();
  }
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
