import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Root } from '../admin/root.js';
import type { Settings } from '../config/settings.js';
import { Fault } from '../fault.js';
import type { Events } from '../observe/events.js';
import { systemWords } from '../observe/system-words.js';
import { lineOf } from '../quota/line.js';
import type { Peers } from '../quota/peers.js';
import type { Quotas } from '../quota/quotas.js';
import type { Store } from '../store/accounts.js';
import { diskVfs } from '../vfs/disk.js';
import { makeHome } from '../vfs/forbidden-homes.js';
import { OpenInodes } from '../vfs/open-inodes.js';
import { pathThreads } from '../vfs/path-threads.js';

export interface LazyQuotas {
  /** This process as one of those that keep the root's ledgers, from now on. */
  readonly get: () => Promise<Quotas>;
  /** Hands back the ledgers that it took. */
  close(): Promise<void>;
}

export interface LazyQuotasParts {
  readonly root: Root;
  readonly settings: Settings;
  readonly store: Store;
  readonly events: Events;
}

/** The lines of a root for a command, which mostly needs no ledger: nothing is loaded, or opened, before it does. */
export function lazyQuotas(parts: LazyQuotasParts): LazyQuotas {
  let opened: Promise<{ readonly quotas: Quotas; close(): Promise<void> }> | null = null;
  return {
    get: async () => (await (opened ??= openQuotas(parts))).quotas,
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}

async function openQuotas({ root, settings, store, events }: LazyQuotasParts) {
  const { createQuotas } = await import('../quota/quotas.js');
  const peers = await peersOf(root);
  const threads = pathThreads(settings['path.threads']);
  // Of the whole process: a peer may have us change what another count looks at.
  const inodes = new OpenInodes();
  const umask = parseInt(settings.umask, 8);
  let closing = false;
  const quotas = createQuotas({
    usage: store.usage,
    homeById: (id) => store.accounts.homeById(id),
    version: () => store.accounts.version(),
    lineOf: (home) => lineOf(home, settings),
    open: async ({ path }) => {
      // As a login does: one elsewhere that is missing may be a disk that is not mounted.
      if (path.startsWith(join(root.homes, '/')) && !existsSync(path)) await makeHome(path);
      return diskVfs({ root: path, umask, threads, inodes });
    },
    peers,
    warn: (message) => {
      // Until then somebody waits for each home that is asked about, and is told of it.
      if (closing) events.emit('server.warning', { message });
    },
  });
  return {
    quotas,
    close: async () => {
      closing = true;
      await quotas.close();
      await threads.close();
    },
  };
}

async function peersOf(root: Root): Promise<Peers> {
  const { openPeers } = await import('../peers/socket-peers.js');
  const folder = join(root.var, 'peers');
  try {
    return await openPeers({ folder });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'denied' : 'failure';
    throw new Fault(code, `${folder} cannot be used: ${systemWords(cause)}`, { cause });
  }
}
