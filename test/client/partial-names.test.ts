import { describe, expect, it } from 'vitest';
import { filepartOf, freeName, newName, partOf } from '../../src/client/partial-names.js';
import { formatPart, StoppedTransfer } from '../../src/client/stopped-transfer.js';
import { Fault } from '../../src/fault.js';
import { fromText, nameMax, toBytes } from '../../src/names.js';

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

describe('partial names', () => {
  it('are those that other clients use', () => {
    expect(partOf('a/b.txt')).toBe('a/b.txt.part');
    expect(filepartOf('/b')).toBe('/b.filepart');
    expect([newName('x', 1), newName('x', 2), newName('x', 3)]).toEqual(['x.new', 'x.new.2', 'x.new.3']);
  });

  it('fit, stay apart, and are the same each time, however long the name', () => {
    for (const length of [245, 246, 247, 249, 250, 251, 254, 255]) {
      for (const make of [partOf, filepartOf, (path: string) => newName(path, 12)]) {
        const [one, other] = ['x', 'y'].map((last) => make(`folder/${'n'.repeat(length - 1)}${last}`));
        expect(nameIn(one ?? '').length).toBeLessThanOrEqual(nameMax);
        expect(one).not.toBe(other);
        expect(make(`folder/${'n'.repeat(length - 1)}x`)).toBe(one);
      }
    }
  });

  it('are cut between characters', () => {
    for (const text of ['ü'.repeat(127), '€'.repeat(85), '😀'.repeat(63) + 'abc', 'a' + '😀'.repeat(63)]) {
      const name = partOf(fromText(text));
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(toBytes(name))).not.toThrow();
    }
    // What is no UTF-8 is cut somewhere.
    expect(partOf('\x80'.repeat(255)).length).toBe(nameMax);
  });

  it('are not tried without end', async () => {
    await expect(freeName('n', () => Promise.resolve(true))).rejects.toMatchObject({ code: 'exists' });
  });

  it('tries one free name after the other', async () => {
    const taken = new Set(['n.new', 'n.new.2']);
    expect(await freeName('n', (name) => Promise.resolve(taken.has(name)))).toBe('n.new.3');
  });
});

describe('how far a stopped transfer came', () => {
  it('names a unit once where both have it', () => {
    expect(formatPart(18_800_000_000, 20_000_000_000)).toBe('18.8 of 20 GB');
    expect(formatPart(750_000, 20_000_000_000)).toBe('750 KB of 20 GB');
    expect(formatPart(0, 9)).toBe('0 of 9 B');
    expect(formatPart(1_500, null)).toBe('1.5 KB');
  });

  it('stands behind the reason, and is resumable only with something to resume', () => {
    const subject = { direction: 'put', remote: 'r', local: 'l' } as const;
    const stopped = new StoppedTransfer(new Fault('quota', 'full'), subject, {
      there: 5,
      total: 9,
      resumable: true,
    });
    expect(stopped).toMatchObject({
      code: 'quota',
      message: 'full; received 5 of 9 B',
      there: 5,
      resumable: true,
    });
    const nothing = new StoppedTransfer(new Fault('quota'), subject, { there: 0, total: 9, resumable: true });
    expect(nothing.resumable).toBe(false);
  });
});
