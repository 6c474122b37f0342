import { afterAll } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { newAccount } from '../contract/account-store.js';
import { vfsContract, type VfsUnderTest } from '../contract/vfs.js';
import { homeFolder } from '../vfs/home-folder.js';
import { memoryPeers } from './memory-peers.js';
import { quotasOf } from './store-quotas.js';

const threads = pathThreads(4);
afterAll(() => threads.close());

/** The same files again, which a count closes without harm to the others. */
class Again extends DelegatingVfs {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

async function limited(files: Vfs, close: () => Promise<void>): Promise<VfsUnderTest> {
  const store = memoryStore();
  const { home } = await store.accounts.add(newAccount('alice', { homePath: '/homes/alice' }));
  const quotas = quotasOf(store, () => Promise.resolve(new Again(files)));
  const vfs = quotas.limited(home, new Again(files));
  return {
    vfs,
    prefix: '',
    close: async () => {
      await vfs.close();
      await quotas.close();
      await close();
    },
  };
}

/** A process that is not the home's owner, beside the one that is. */
async function beside(files: Vfs, close: () => Promise<void>): Promise<VfsUnderTest> {
  const store = memoryStore();
  const { home } = await store.accounts.add(newAccount('alice', { homePath: '/homes/alice' }));
  const peers = memoryPeers();
  const open = (): Promise<Vfs> => Promise.resolve(new Again(files));
  const [owner, other] = [quotasOf(store, open, peers.peer()), quotasOf(store, open, peers.peer())];
  const first = owner.limited(home, new Again(files));
  await first.mkdir('/first', 0o755);
  await first.rmdir('/first');
  const vfs = other.limited(home, new Again(files));
  return {
    vfs,
    prefix: '',
    close: async () => {
      await vfs.close();
      await first.close();
      await other.close();
      await owner.close();
      await close();
    },
  };
}

async function onDisk(wrap: typeof limited): Promise<VfsUnderTest> {
  const home = await homeFolder({ threads });
  return wrap(home.vfs, home.close);
}

vfsContract('limited(memory)', () => limited(memoryVfs(), () => Promise.resolve()));
vfsContract('limited(disk)', () => onDisk(limited));
vfsContract('limited(memory), owned by a peer', () => beside(memoryVfs(), () => Promise.resolve()));
vfsContract('limited(disk), owned by a peer', () => onDisk(beside));
