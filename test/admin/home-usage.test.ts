import { describe, expect, it } from 'vitest';
import { HomeUsages } from '../../src/admin/home-usage.js';
import { Fault } from '../../src/fault.js';
import type { Home } from '../../src/store/accounts.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { toldQuotas, type Answers } from './told-quotas.js';

const figures = (bytes: number, files: number) => ({
  counted: true,
  bytes,
  files,
  bytesCeiling: bytes,
  filesCeiling: files,
});

async function homesNamed(names: readonly string[], answers: Answers = {}) {
  const { accounts, usage: rows } = memoryStore();
  const homes: Home[] = [];
  for (const name of names) {
    const { home } = await accounts.add({
      name,
      homePath: `/homes/${name}`,
      role: 'user',
      readOnly: false,
      expires: null,
      passwordHash: null,
      keys: [],
    });
    homes.push(home);
  }
  const { asked, quotas, measure } = toldQuotas(answers);
  return { accounts, rows, homes, asked, usages: new HomeUsages({ rows, quotas, measure }) };
}

/** A home whose ledger was handed back with these figures. */
async function atRest(rows: Awaited<ReturnType<typeof homesNamed>>['rows'], id: number, bytes: number) {
  await rows.take(id, 0, 'once');
  await rows.release(id, 1, figures(bytes, 1));
}

const [a, b] = [1, 2] as const;

describe('what a home uses', () => {
  it('is its row while nobody keeps its ledger: nobody is asked', async () => {
    const { rows, homes, usages, asked } = await homesNamed(['a']);
    await atRest(rows, a, 42);
    for (const home of homes) {
      expect(await usages.of(home)).toEqual({ bytes: 42, files: 1, counted: true });
    }
    expect(asked).toEqual([]);
  });

  it('is what the owner of its ledger says: the row is behind', async () => {
    const { rows, homes, usages, asked } = await homesNamed(['a'], {
      usage: () => Promise.resolve({ bytes: 43, files: 2, counted: true }),
    });
    await atRest(rows, a, 42);
    await rows.take(a, 1, 'server');
    expect((await usages.ofAll(homes)).get(a)).toMatchObject({ bytes: 43, files: 2, counted: true });
    expect(asked).toEqual(['usage 1']);
  });

  it('is looked at where nobody has ever used it, and noted nowhere', async () => {
    const { rows, homes, usages, asked } = await homesNamed(['a'], {
      measure: () => Promise.resolve({ bytes: 7, files: 3 }),
    });
    expect((await usages.ofAll(homes)).get(a)).toEqual({ bytes: 7, files: 3, counted: true });
    expect(asked).toEqual(['measure /homes/a']);
    expect(await rows.get(a)).toMatchObject({ counted: false, epoch: 0 });
  });

  it('is counted anew where its owner died, and the onlooker sees how far that is', async () => {
    const seen: unknown[] = [];
    const { rows, homes, usages, asked } = await homesNamed(['a'], {
      usage: async () => {
        await rows.take(a, 1, 'the one who asks');
        return { bytes: 50, files: 5, counted: false };
      },
      scan: (_home, { progress }) => {
        progress?.(1000);
        return Promise.resolve({ ledger: { bytes: 50, files: 5 }, disk: { bytes: 7, files: 3 } });
      },
    });
    await rows.take(a, 0, 'dead');
    const found = await usages.ofAll(homes, { progress: ({ path }, entries) => seen.push([path, entries]) });
    expect(found.get(a)).toEqual({ bytes: 7, files: 3, counted: true });
    expect(asked).toEqual(['usage 1', 'scan 1']);
    expect(seen).toEqual([['/homes/a', 1000]]);
  });

  it('is the most it can be while its owner counts it, and counted here where the owner was dead', async () => {
    const { rows, homes, usages, asked } = await homesNamed(['a', 'b'], {
      usage: async ({ id }) => {
        // Whoever asks about a dead owner's home becomes its owner.
        if (id === b) await rows.take(b, 1, 'the one who asks');
        return { bytes: 50, files: 5, counted: false };
      },
      scan: () => Promise.resolve({ ledger: { bytes: 50, files: 5 }, disk: { bytes: 40, files: 4 } }),
    });
    await rows.take(a, 0, 'a server that came back');
    await rows.take(b, 0, 'dead');
    const found = await usages.ofAll(homes);
    expect(found.get(a)).toMatchObject({ bytes: 50, files: 5, counted: false });
    expect(found.get(b)).toEqual({ bytes: 40, files: 4, counted: true });
    expect([...asked].sort()).toEqual(['scan 2', 'usage 1', 'usage 2']);
  });

  it('is not known where its owner is silent; the others are, and it is waited for once', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    let waits = 0;
    const { rows, homes, usages } = await homesNamed(['a', ...names], {
      usage: async () => {
        waits++;
        await new Promise(setImmediate);
        throw new Fault('busy');
      },
    });
    await atRest(rows, a, 42);
    for (const { id } of homes) if (id !== a) await rows.take(id, 0, 'a server that hangs');
    const found = await usages.ofAll(homes);
    expect(found.get(a)).toMatchObject({ bytes: 42 });
    expect([...found.values()].filter((one) => one instanceof Fault && one.code === 'busy')).toHaveLength(40);
    expect(waits).toBeLessThanOrEqual(8);
  });

  it('is not looked for any more once the onlooker has enough', async () => {
    const stop = new AbortController();
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    const { homes, usages, asked } = await homesNamed(names, {
      measure: () => {
        stop.abort();
        return Promise.reject(new Fault('cancelled'));
      },
    });
    await expect(usages.ofAll(homes, { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked.length).toBeLessThanOrEqual(8);
  });

  it('is nothing where the home was removed meanwhile', async () => {
    const { accounts, homes, usages } = await homesNamed(['a']);
    await accounts.remove(a);
    expect((await usages.ofAll(homes)).get(a)).toMatchObject({ code: 'not-found' });
    for (const home of homes) await expect(usages.of(home)).rejects.toMatchObject({ code: 'not-found' });
  });
});
