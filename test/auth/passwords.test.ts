import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createPasswords, type Deriver, type Passwords } from '../../src/auth/passwords.js';
import { Fault } from '../../src/fault.js';
import { countingDeriver, stalledDeriver } from './counting-deriver.js';

let passwords: Passwords;
afterEach(() => passwords.close());

describe('passwords in their thread', () => {
  it('are hashed and verified', async () => {
    passwords = createPasswords({ cost: 10 });
    const phc = await passwords.hash('correct horse');
    expect(phc).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await passwords.verify('correct horse', phc)).toBe(true);
    expect(await passwords.verify('correct horsf', phc)).toBe(false);
    expect(await passwords.hash('correct horse')).not.toBe(phc);
  });

  it('run at the lowest priority, and lower nobody else (A4)', async () => {
    passwords = createPasswords({ cost: 10 });
    const nices = (): readonly number[] =>
      readdirSync('/proc/self/task').map((task) => {
        const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
      });
    const before = nices().filter((nice) => nice === 19).length;
    await passwords.hash('x');
    const after = nices();
    expect(after.filter((nice) => nice === 19).length).toBe(before + 1);
    expect(after.filter((nice) => nice !== 19).length).toBeGreaterThan(5);
  });

  it('do not stop the event loop', async () => {
    passwords = createPasswords({ cost: 15 });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    await passwords.hash('x');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('passwords', () => {
  it('costs the same without a hash or with one that cannot be read, and says no (A2)', async () => {
    const deriver = countingDeriver();
    passwords = createPasswords({ cost: 10, derivers: [deriver] });
    const phc = await passwords.hash('right');
    deriver.asked.length = 0;
    expect(await passwords.verify('wrong', phc)).toBe(false);
    expect(await passwords.verify('right', null)).toBe(false);
    expect(await passwords.verify('right', 'garbage')).toBe(false);
    expect(await passwords.verify('right', phc.replace('ln=10', 'ln=31'))).toBe(false);
    const costs = deriver.asked.map(({ ln, r, p, salt, length }) => [ln, r, p, salt.length, length]);
    expect(costs).toEqual(Array.from({ length: 4 }, () => [10, 8, 1, 16, 32]));
  });

  it('verifies hashes of another cost and length', async () => {
    passwords = createPasswords({ cost: 10, derivers: [countingDeriver()] });
    const older = createPasswords({ cost: 12, derivers: [countingDeriver()] });
    expect(await passwords.verify('right', await older.hash('right'))).toBe(true);
  });

  it.each([
    ['the password is empty', ''],
    ['longer than 1024 bytes', 'x'.repeat(1025)],
    ['longer than 1024 bytes', '\u00e9'.repeat(513)],
    ['line end', 'secret\n'],
    ['control character', 'sec\0ret'],
  ])('refuses with "%s", and never takes it', async (sentence, text) => {
    const deriver = countingDeriver();
    passwords = createPasswords({ cost: 10, derivers: [deriver] });
    await expect(passwords.hash(text)).rejects.toThrow(sentence);
    expect(await passwords.verify(text, null)).toBe(false);
  });

  it('hashes nothing for a password that no account can have', async () => {
    const deriver = countingDeriver();
    passwords = createPasswords({ cost: 10, derivers: [deriver] });
    await passwords.verify('', null);
    await passwords.verify('x'.repeat(1025), null);
    await passwords.verify('x\0', null);
    expect(deriver.asked).toEqual([]);
    expect(await passwords.verify('x'.repeat(1024), await passwords.hash('x'.repeat(1024)))).toBe(true);
  });

  it.each([
    ['a letter and its accent', 'e\u0301t\u00e9', '\u00e9te\u0301'],
    ['a no-break space', 'a\u00a0b', 'a b'],
    ['an ideographic space', 'a\u3000b', 'a b'],
  ])('takes %s in either form [RFC 8265 4.2.2]', async (_what, stored, typed) => {
    passwords = createPasswords({ cost: 10, derivers: [countingDeriver()] });
    expect(await passwords.verify(typed, await passwords.hash(stored))).toBe(true);
  });

  it.each([
    ['case', 'Secret', 'secret'],
    ['a space at the end', 'secret ', 'secret'],
    ['a ligature, which NFKC would fold', 'o\ufb03ce', 'office'],
    ['what follows NUL, which HMAC cannot', 'secret', 'secret\0'],
  ])('tells apart %s', async (_what, stored, typed) => {
    passwords = createPasswords({ cost: 10, derivers: [countingDeriver()] });
    expect(await passwords.verify(typed, await passwords.hash(stored))).toBe(false);
  });

  it('lets only so many wait, whoever they are, and keeps every thread at work', async () => {
    const [one, two] = [stalledDeriver(), stalledDeriver()];
    passwords = createPasswords({ cost: 10, derivers: [one, two], limit: 3 });
    const waiting = Array.from({ length: 5 }, () => passwords.verify('x', null));
    expect([one.asked, two.asked]).toEqual([1, 1]);
    await expect(passwords.verify('x', null)).rejects.toMatchObject({ code: 'busy' });
    one.finish();
    await waiting[1];
    await turn();
    expect([one.asked, two.asked]).toEqual([2, 1]);
    for (let round = 0; round < 3; round += 1) {
      one.finish();
      two.finish();
      await turn();
    }
    expect(await Promise.all(waiting)).toEqual([false, false, false, false, false]);
    expect(one.asked + two.asked).toBe(5);
  });

  it('lets the sources take turns: who sends many keeps only themselves waiting', async () => {
    const deriver = stalledDeriver();
    passwords = createPasswords({ cost: 10, derivers: [deriver] });
    const order: string[] = [];
    const ask = (source: string): Promise<unknown> =>
      passwords.verify('x', null, { source, gone: here.signal }).then(() => order.push(source));
    const here = new AbortController();
    const all = ['storm', 'storm', 'storm', 'storm', 'storm', 'alice', 'bob', 'alice'].map(ask);
    for (let done = 0; done < all.length; done += 1) {
      deriver.finish();
      await turn();
    }
    await Promise.all(all);
    expect(order).toEqual(['storm', 'storm', 'alice', 'bob', 'storm', 'alice', 'storm', 'storm']);
  });

  it('does no work for who left before their turn, and gives their place to others', async () => {
    const deriver = stalledDeriver();
    passwords = createPasswords({ cost: 10, derivers: [deriver], limit: 2 });
    const [staying, leaving] = [new AbortController(), new AbortController()];
    const asking = (gone: AbortController): { source: string; gone: AbortSignal } => ({
      source: 'x',
      gone: gone.signal,
    });
    const first = passwords.verify('x', null, asking(leaving));
    const second = passwords.verify('x', null, asking(leaving));
    const third = passwords.verify('x', null, asking(staying));
    await expect(passwords.verify('x', null)).rejects.toMatchObject({ code: 'busy' });
    leaving.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await expect(passwords.verify('x', null, asking(leaving))).rejects.toMatchObject({ code: 'cancelled' });
    const fourth = passwords.verify('x', null, asking(staying));
    // What was begun is finished: a thread cannot be interrupted.
    for (const answer of [first, third, fourth]) {
      deriver.finish();
      expect(await answer).toBe(false);
      await turn();
    }
    expect(deriver.asked).toBe(3);
  });

  it('goes on after a thread that died, and gives up what waits when it closes', async () => {
    let calls = 0;
    const dying: Deriver = {
      call: () => {
        calls += 1;
        if (calls === 2) throw new Fault('failure', 'no thread can be started');
        return calls === 1 ? Promise.reject(new Fault('failure')) : new Promise(() => undefined);
      },
      close: () => Promise.resolve(),
    };
    passwords = createPasswords({ cost: 10, derivers: [dying] });
    const lost = [passwords.verify('x', null), passwords.verify('x', null)];
    void passwords.verify('x', null);
    const waiting = passwords.verify('x', null);
    for (const one of lost) await expect(one).rejects.toMatchObject({ code: 'failure' });
    await turn();
    expect(calls).toBe(3);
    const given = expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await passwords.close();
    await given;
    expect(calls).toBe(3);
  });
});

/** Everything that is only waiting for promises has happened. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
