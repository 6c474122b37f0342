import { describe, expect, it, vi } from 'vitest';
import { ChosenFiles } from '../../src/embed/chosen-files.js';
import { GrantedAccounts } from '../../src/embed/granted-accounts.js';
import { MadeHomes } from '../../src/embed/made-homes.js';
import { Fault, memory } from '../../src/index.js';
import { liveSessions } from '../../src/live.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { OpenInodes } from '../../src/vfs/open-inodes.js';
import { pathThreads } from '../../src/vfs/path-threads.js';

/** What is told when the account of a login that came to nothing cannot be removed. */
async function toldOf(thrown: Error): Promise<readonly string[]> {
  const { accounts } = memoryStore();
  const remove = vi.spyOn(accounts, 'remove').mockRejectedValue(thrown);
  const told: string[] = [];
  const granted = new GrantedAccounts({
    accounts,
    files: new ChosenFiles({
      disk: { threads: pathThreads(1), inodes: new OpenInodes(), umask: 0o022 },
      made: new MadeHomes(),
      homes: null,
      apart: [],
      vfs: { kind: 'shared', vfs: memory() },
    }),
    live: liveSessions(),
    warn: (message) => void told.push(message),
  });
  const login = new AbortController();
  await granted.admit({ name: 'alice', readOnly: false, lines: {}, source: null }, null, login.signal);
  login.abort();
  await vi.waitFor(() => {
    expect(remove).toHaveBeenCalledOnce();
  });
  await new Promise((resolve) => setImmediate(resolve));
  return told;
}

describe('an account that was granted and is used no more', () => {
  it('may be gone already', async () => {
    expect(await toldOf(new Fault('not-found'))).toEqual([]);
  });

  it('is told of where it cannot be removed', async () => {
    expect(await toldOf(new Error('the store is broken'))).toEqual([
      'a granted account that is used no more could not be removed: Error: the store is broken',
    ]);
  });
});
