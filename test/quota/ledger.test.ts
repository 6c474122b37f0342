import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/quota/ledger.js';

describe('the ledger', () => {
  it('pays for a file without a name until its last opener has closed it [L3]', () => {
    const ledger = new Ledger(10, 1);
    ledger.entered(7, 'a', 10);
    ledger.entered(7, 'b', null);
    ledger.unnamed(7, 10);
    expect(ledger.left(7, 'a')).toBeNull();
    const ticket = ledger.left(7, 'b') ?? 0;
    expect(ledger).toMatchObject({ bytes: 10, files: 1, isOpen: true });
    ledger.closed(ticket);
    expect(ledger).toMatchObject({ bytes: 0, files: 0, isOpen: false });
    ledger.closed(ticket);
    expect(ledger).toMatchObject({ bytes: 0, files: 0, drifted: false });
  });

  it('gives back what the file had in the end, though one that had it open before is still closing it', () => {
    const ledger = new Ledger(0, 1);
    ledger.entered(7, 'a', 0);
    const ticket = ledger.left(7, 'a') ?? 0;
    ledger.entered(7, 'b', 0);
    ledger.settle('b', [7, 0, 100]);
    ledger.closed(ledger.left(7, 'b') ?? 0);
    ledger.unnamed(7, 100);
    expect(ledger.bytes).toBe(100);
    ledger.closed(ticket);
    expect(ledger).toMatchObject({ bytes: 0, files: 0, drifted: false });
  });

  it('gives back what was written to a file after its removal was measured, and before that was booked [L3]', async () => {
    const ledger = new Ledger(10, 1);
    ledger.entered(7, 'a', 10);
    await ledger.whileChanging(async () => {
      ledger.settle('a', [7, 10, 23]);
      ledger.closed(ledger.left(7, 'a') ?? 0);
      ledger.unnamed(7, 10);
      await Promise.resolve();
    });
    expect(ledger).toMatchObject({ bytes: 0, files: 0, drifted: false });
  });

  it('knows what was written to a file before the making of it was booked', async () => {
    const ledger = new Ledger(0, 0);
    await ledger.whileChanging(async () => {
      ledger.entered(7, 'b', null).size = 0;
      ledger.settle('b', [7, 0, 13]);
      ledger.closed(ledger.left(7, 'b') ?? 0);
      ledger.add(0, 1);
      expect(ledger.entered(7, 'a', 0).size).toBe(13);
      await Promise.resolve();
    });
    expect(ledger).toMatchObject({ bytes: 13, files: 1 });
  });

  it('does not take a file for the one that had its number before, however quickly that came free', async () => {
    const ledger = new Ledger(10, 1);
    ledger.entered(7, 'a', 10);
    ledger.unnamed(7, 10);
    await ledger.whileChanging(async () => {
      ledger.closed(ledger.left(7, 'a') ?? 0);
      expect(ledger.entered(7, 'a', 0).size).toBe(0);
      await Promise.resolve();
    });
    expect(ledger).toMatchObject({ bytes: 0, files: 0 });
  });

  it('books what is told of one file in whichever order it comes', () => {
    const ledger = new Ledger(100, 1);
    ledger.lend('a', 300);
    ledger.entered(7, 'a', 0);
    ledger.settle('a', [7, 100, 50]);
    ledger.settle('a', [7, 0, 100]);
    expect(ledger).toMatchObject({ bytes: 150, leased: 250 });
    expect(ledger.open.get(7)?.size).toBe(50);
  });

  it('never goes below 0, and says once that it has drifted, until a scan [L5]', () => {
    let told = 0;
    const ledger = new Ledger(10, 1, () => told++);
    ledger.add(-11, -1);
    ledger.add(-1, -1);
    expect(ledger).toMatchObject({ bytes: 0, files: 0, drifted: true });
    expect(told).toBe(1);
    ledger.replace(5, 1);
    expect(ledger).toMatchObject({ bytes: 5, files: 1, drifted: false });
  });
});
