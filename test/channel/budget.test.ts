import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/channel/budget.js';
import { Share } from '../../src/channel/share.js';

describe('a budget [T3]', () => {
  it('takes what fits, one thing of any size while it is empty, and nothing more while it is full', () => {
    const budget = new Budget(10);
    expect(budget.take(25)).toBe(true);
    expect(budget.full).toBe(true);
    expect(budget.take(1)).toBe(false);
    budget.give(25);
    expect([budget.take(4), budget.take(6), budget.take(1)]).toEqual([true, true, false]);
  });

  it("takes nothing that its parent has no room for, and counts in the parent's", () => {
    const parent = new Budget(10);
    const [one, other] = [new Budget(10, parent), new Budget(10, parent)];
    expect(one.take(8)).toBe(true);
    expect(other.take(3)).toBe(false);
    expect([other.taken, parent.taken]).toEqual([0, 8]);
    one.give(8);
    expect(other.take(3)).toBe(true);
  });

  it('wakes those who wait once, when somebody gives back', () => {
    const budget = new Budget(10);
    const woken: string[] = [];
    const forgotten = (): void => void woken.push('forgotten');
    budget.charge(10);
    budget.whenGiven(() => woken.push('waiting'));
    budget.whenGiven(forgotten);
    budget.forget(forgotten);
    expect(woken).toEqual([]);
    budget.give(5);
    budget.give(5);
    expect(woken).toEqual(['waiting']);
  });
});

describe('a share of a budget', () => {
  it('is never refused while it holds nothing, or two could wait for each other for ever', () => {
    const budget = new Budget(10);
    budget.charge(10);
    const share = new Share(budget, () => undefined);
    expect(share.take(5)).toBe(true);
    expect(share.take(1)).toBe(false);
  });

  it('is woken when others give back after it was refused', () => {
    const budget = new Budget(10);
    let woken = 0;
    const share = new Share(budget, () => woken++);
    share.take(5);
    budget.charge(5);
    expect(share.take(1)).toBe(false);
    budget.give(5);
    expect(woken).toBe(1);
    expect(share.take(1)).toBe(true);
  });

  it('gives back no more than it took, all of it when it is closed, and is not woken after that', () => {
    const budget = new Budget(10);
    let woken = 0;
    const share = new Share(budget, () => woken++);
    share.charge(4);
    share.give(9);
    expect(budget.taken).toBe(0);
    share.charge(12);
    share.whenGiven();
    share.close();
    expect([budget.taken, woken]).toEqual([0, 0]);
  });
});
