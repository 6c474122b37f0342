import { expect, it } from 'vitest';
import { Ledger } from '../../src/quota/ledger.js';
import { NameBooks } from '../../src/quota/name-books.js';
import { Recount } from '../../src/quota/recount.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { memoryVfs } from '../../src/vfs/memory.js';

it('a folder that moves is moved, though the count that has to look into it was called off', async () => {
  const vfs = memoryVfs();
  const stopped = new AbortController();
  const pause = (): Promise<void> => Promise.resolve();
  const ledger = new Ledger(0, 0);
  const current = new Recount({ vfs, pause, signal: stopped.signal }, ledger.open);
  await current.run();
  const books = new NameBooks({
    homeId: 1,
    store: memoryStore().usage,
    ledger,
    counting: { current, state: 'counted', doubt: () => undefined },
  });
  await vfs.mkdir('/made-behind-its-back', 0o755);
  stopped.abort();
  const request = { kind: 'rename', path: '/made-behind-its-back', to: '/moved', replace: true } as const;
  const change = await vfs.rename(request.path, request.to, { replace: true });
  await books.book(request, change, vfs);
  // What the count says now lacks what is in that folder: it must not be believed.
  expect(current.unsure).toBe(true);
});
