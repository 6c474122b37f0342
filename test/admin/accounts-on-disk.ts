import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../src/admin/accounts.js';
import { planApply, type Step } from '../../src/admin/apply.js';
import { parseApplyFile } from '../../src/admin/apply-file.js';
import { diskHomes } from '../../src/admin/disk-homes.js';
import { HomeUsages } from '../../src/admin/home-usage.js';
import { makeRoot } from '../../src/admin/root.js';
import type { Passwords } from '../../src/auth/passwords.js';
import { lazyQuotas } from '../../src/cli/lazy-quotas.js';
import { settingsOf } from '../../src/config/load-settings.js';
import { createEvents } from '../../src/observe/events.js';
import { memoryStore } from '../../src/store/memory-store.js';

/** A hash that costs nothing, in the layout of the real ones. */
export function cheapHash(password: string): string {
  const text = (password + '0'.repeat(32)).slice(0, 32);
  return `$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$${Buffer.from(text).toString('base64').replace(/=+$/, '')}`;
}

const passwords: Passwords = {
  hash: (password) => Promise.resolve(cheapHash(password)),
  verify: (password, phc) => Promise.resolve(phc === cheapHash(password)),
  readable: () => true,
  close: () => Promise.resolve(),
};

/** The use cases on accounts in memory and homes on the real disk. */
export function accountsOnDisk(
  now: () => Date = () => new Date(),
  env: Readonly<Record<string, string>> = {},
) {
  const root = makeRoot(join(realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-admin-'))), 'root'));
  const { settings } = settingsOf({}, { root: root.path, env });
  const store = memoryStore();
  const events = createEvents();
  const changes: string[] = [];
  events.subscribe((name, event) => {
    if (name !== 'account.changed') return;
    const { account, change, by } = event as { account: string; change: string; by: string };
    changes.push(`${by}: ${account} ${change}`);
  });
  const homes = diskHomes(root, settings);
  const quotas = lazyQuotas({ root, settings, store, events });
  const usages = new HomeUsages({
    rows: store.usage,
    quotas: quotas.get,
    measure: (path, signal) => homes.usage(path, signal),
  });
  const accounts = new Accounts({ store, settings, passwords, homes, usages, events, by: 'test', now });
  const plan = (content: string, prune = false): Promise<readonly Step[]> =>
    planApply(parseApplyFile(content), { prune }, { accounts, store: store.accounts, homes });
  return {
    root,
    store: store.accounts,
    accounts,
    changes,
    plan,
    /** Applies a file; the differences, one text each. */
    apply: async (content: string, prune = false): Promise<string[]> => {
      const steps = await plan(content, prune);
      for (const step of steps) await step.carryOut();
      return steps.map(({ account, action, changes: words }) => [action, account, ...words].join(' '));
    },
  };
}
