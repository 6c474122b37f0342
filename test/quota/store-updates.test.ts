import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lineOf } from '../../src/quota/line.js';
import { noPeers } from '../../src/quota/no-peers.js';
import { createQuotas } from '../../src/quota/quotas.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { UsageStore } from '../../src/store/usage.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { newAccount } from '../contract/account-store.js';

/** Bytes of one WRITE, as limits@openssh.com allows. */
const block = 261_120;
const gibibyte = 2 ** 30;

/** Time that passes when it is told to. */
class Clock {
  #now = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  readonly now = (): number => this.#now;

  readonly after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  };

  /** Whatever that sets off is done before the next thing happens. */
  async pass(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
    await nextTurn();
  }
}

const counted = ['take', 'save', 'release', 'setLinks', 'replaceLinks'] satisfies (keyof UsageStore)[];

/** The same store; every call that writes adds one to `updates`. */
function watched(usage: UsageStore): UsageStore & { updates: number } {
  const watching = { ...usage, updates: 0 };
  for (const name of counted) {
    watching[name] = (...details: never[]) => {
      watching.updates++;
      return (usage[name] as (...details: never[]) => Promise<never>)(...details);
    };
  }
  return watching;
}

interface Case {
  readonly name: string;
  /** Seconds that the upload takes. */
  readonly seconds: number;
  readonly line: number | null;
  /** What another session does after each second. */
  readonly beside?: (vfs: Vfs) => Promise<void>;
}

const cases: readonly Case[] = [
  { name: 'that is fast', seconds: 2, line: null },
  { name: 'that takes 100 seconds', seconds: 100, line: null },
  { name: 'up to its line', seconds: 100, line: gibibyte },
  {
    name: 'beside somebody who makes and removes a folder every second',
    seconds: 100,
    line: gibibyte + 2 ** 20,
    beside: async (vfs) => {
      await vfs.mkdir('/folder', 0o755);
      await vfs.rmdir('/folder');
    },
  },
];

test.each(cases)('an upload of 1 GiB $name updates the store fewer than 100 times', async (one) => {
  const { accounts, usage } = memoryStore();
  const store = watched(usage);
  const { home } = await accounts.add(newAccount('alice', { homePath: '/homes/alice' }));
  await accounts.setLines(home.id, { bytesLimit: one.line, filesLimit: null });
  const clock = new Clock();
  const files = memoryVfs();
  const quotas = createQuotas({
    usage: store,
    homeById: (id) => accounts.homeById(id),
    version: () => accounts.version(),
    lineOf: (home) => lineOf(home, { 'quota.bytes': null, 'quota.files': 'none' }),
    open: () => Promise.resolve(files),
    peers: noPeers(),
    warn: (message) => expect.unreachable(message),
    now: clock.now,
    after: clock.after,
  });
  const [uploading, beside] = [quotas.limited(home, files), quotas.limited(home, files)];
  const handle = await uploading.open('/upload', { write: true, create: true, truncate: true });
  let second = 0;
  for (let end = 0; end < gibibyte;) {
    const next = Math.min(end + block, gibibyte);
    // Its last byte alone is written, and all of it charged.
    await handle.write([Buffer.alloc(1)], next - 1);
    await clock.pass(((next - end) / gibibyte) * one.seconds * 1000);
    end = next;
    for (; second < Math.floor(clock.now() / 1000); second++) await one.beside?.(beside);
  }
  await handle.close();
  expect(await quotas.usage(home)).toMatchObject({ bytes: gibibyte, files: 1 });
  await uploading.close();
  await beside.close();
  await quotas.close();
  expect(store.updates).toBeGreaterThan(5);
  expect(store.updates).toBeLessThan(100);
});
