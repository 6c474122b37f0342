import { describe, expect, it } from 'vitest';
import { KeptRow } from '../../src/quota/kept-row.js';
import { Ledger } from '../../src/quota/ledger.js';
import type { UsageFigures, UsageStore } from '../../src/store/usage.js';

const row = {
  homeId: 1,
  owner: null,
  epoch: 0,
  counted: true,
  bytes: 0,
  files: 0,
  bytesCeiling: 0,
  filesCeiling: 0,
} as const;
const noLine = { bytes: null, files: null };

/** A store that writes when it is told to, and what it was asked to write. */
function slowStore() {
  const saved: UsageFigures[] = [];
  const waiting: (() => void)[] = [];
  const save: UsageStore['save'] = (_home, _epoch, figures) =>
    new Promise((resolve) => {
      waiting.push(() => {
        saved.push(figures);
        resolve(true);
      });
    });
  const write = async (): Promise<void> => {
    do {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    } while (waiting.length > 0);
  };
  return { saved, write, store: { save } as unknown as UsageStore };
}

function keptRow(store: UsageStore, ledger: Ledger): KeptRow {
  const counting = { state: 'counted' } as const;
  return new KeptRow({ row, epoch: 1, store, ledger, counting, deposed: () => undefined });
}

describe('the row of a home [L4]', () => {
  it('keeps the one ceiling when the other is raised at the same time', async () => {
    const { saved, write, store } = slowStore();
    const kept = keptRow(store, new Ledger(0, 0));
    const both = Promise.all([kept.raise(1000, 0, noLine), kept.raise(0, 1, noLine)]);
    await write();
    await both;
    const last = saved.at(-1);
    expect(last?.bytesCeiling).toBeGreaterThanOrEqual(1000);
    expect(last?.filesCeiling).toBeGreaterThanOrEqual(1);
  });

  it('is never lower than what is lent by the time that it is written', async () => {
    const { saved, write, store } = slowStore();
    const ledger = new Ledger(10, 1);
    const kept = keptRow(store, ledger);
    const first = kept.raise(0, 1, noLine);
    const rest = kept.noteRest();
    ledger.lend('a', 500);
    await write();
    await Promise.all([first, rest]);
    expect(saved.at(-1)?.bytesCeiling).toBe(510);
  });

  it('says that the home is lost once nothing can be written for it', async () => {
    const store = { save: () => Promise.resolve(false) } as unknown as UsageStore;
    let deposed = 0;
    const kept = new KeptRow({
      row,
      epoch: 1,
      store,
      ledger: new Ledger(0, 0),
      counting: { state: 'counted' },
      deposed: () => deposed++,
    });
    await expect(kept.raise(1, 0, noLine)).rejects.toMatchObject({ code: 'cancelled' });
    expect(deposed).toBe(1);
  });
});
