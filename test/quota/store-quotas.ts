import { noPeers } from '../../src/quota/no-peers.js';
import type { Peers } from '../../src/quota/peers.js';
import { createQuotas, type Quotas } from '../../src/quota/quotas.js';
import { lineOf } from '../../src/quota/line.js';
import type { Home, Store } from '../../src/store/accounts.js';
import type { Vfs } from '../../src/vfs/vfs.js';

/** The lines of the homes in a store; a home without one has none, as the settings of tests say. */
export function quotasOf(
  store: Pick<Store, 'accounts' | 'usage'>,
  open: (home: Home) => Promise<Vfs>,
  peers: Peers = noPeers(),
  warn: (message: string) => void = unheard,
): Quotas {
  return createQuotas({
    usage: store.usage,
    homeById: (id) => store.accounts.homeById(id),
    version: () => store.accounts.version(),
    lineOf: (home) => lineOf(home, { 'quota.bytes': null, 'quota.files': 'none' }),
    open,
    peers,
    warn,
  });
}

function unheard(message: string): never {
  throw new Error(message);
}
