import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import type { Channel, Peers } from '../../src/quota/peers.js';

/**
 * What every `Peers` does, whatever it is made of.
 * @param open begins a root whose processes wait for so many milliseconds unless told; what it returns joins it
 */
export function peersContract(name: string, open: (patience: number) => () => Promise<Peers>): void {
  describe(`${name} keeps the contract of Peers`, () => {
    let a: Peers;
    let b: Peers;
    let join: () => Promise<Peers>;
    beforeEach(async () => {
      join = open(5000);
      a = await join();
      b = await join();
    });
    afterEach(async () => {
      await a.close();
      await b.close();
    });

    /** `b` answers with what the function returns; gives the channel of `a` to it. */
    const toB = (answer: (question: string, argument: unknown, channel: Channel) => unknown) => {
      b.answer(
        (channel, question, argument) =>
          new Promise((resolve) => resolve(answer(question, argument, channel))),
      );
      return a.connect(b.self);
    };

    it('knows the others by name', async () => {
      expect(a.self).toMatch(/^[0-9a-f]{12}$/);
      expect(b.self).not.toBe(a.self);
      const c = await join();
      expect([...(await a.others())].sort()).toEqual([b.self, c.self].sort());
      await c.close();
      expect(await a.others()).toEqual([b.self]);
    });

    it('asks and answers, both ways on one channel', async () => {
      a.answer((channel, question, argument) => Promise.resolve([channel.peer, question, argument]));
      const channel = await toB(async (question, argument, back) => [
        question,
        argument,
        back.peer,
        await back.ask('back', 2),
      ]);
      expect(channel.peer).toBe(b.self);
      expect(await channel.ask('there', 1)).toEqual(['there', 1, a.self, [b.self, 'back', 2]]);
    });

    it('has one channel to a peer for as long as it lasts', async () => {
      const channels = await Promise.all([a.connect(b.self), a.connect(b.self)]);
      expect(channels[0]).toBe(channels[1]);
      expect(await a.connect(b.self)).toBe(channels[0]);
    });

    it('begins questions in their order and waits for no answer', async () => {
      const begun: unknown[] = [];
      let answerFirst = (): void => undefined;
      const channel = await toB((_, argument) => {
        begun.push(argument);
        return argument === 0 ? new Promise<void>((resolve) => (answerFirst = resolve)) : argument;
      });
      const ended: unknown[] = [];
      const asks = Array.from({ length: 50 }, (_, at) => channel.ask('n', at).then(() => ended.push(at)));
      await Promise.all(asks.slice(1));
      expect(begun).toEqual(Array.from({ length: 50 }, (_, at) => at));
      expect(ended).not.toContain(0);
      answerFirst();
      await asks[0];
    });

    it('acts on a reply before it looks at what came after it', async () => {
      const seen: string[] = [];
      const log = async (what: string): Promise<void> => {
        seen.push(`${what} begins`);
        for (let jobs = 0; jobs < 100; jobs++) await Promise.resolve();
        seen.push(`${what} ends`);
      };
      a.answer((_, question) => {
        seen.push(question);
        return Promise.resolve();
      });
      const held: (() => void)[] = [];
      let asked: Promise<unknown> | undefined;
      const channel = await toB((question, _, back) => {
        if (question === 'hold') return new Promise<void>((resolve) => held.push(resolve));
        // Three replies and a question, one right behind the other.
        for (const resolve of held) resolve();
        asked = (async () => {
          for (let jobs = 0; jobs < 20; jobs++) await Promise.resolve();
          await back.ask('question', null);
        })();
        return null;
      });
      await Promise.all([
        channel.ask('hold', 1).then(() => log('first')),
        channel.ask('hold', 2).then(() => log('second')),
        channel.ask('go', 3).then(() => log('third')),
      ]);
      await asked;
      const pairs = seen.slice(0, 6).map((line) => line.replace(/ .*/, ''));
      expect(seen[6]).toBe('question');
      expect(new Set(pairs).size).toBe(3);
      for (const at of [0, 2, 4]) expect(pairs[at], seen.join()).toBe(pairs[at + 1]);
    });

    it('carries a fault as its code and message, and nothing of any other error', async () => {
      const channel = await toB((question) => {
        if (question === 'fault') throw new Fault('quota', 'quota exceeded: 1 of 1', { cause: 'secret' });
        throw new Error('secret /etc/path');
      });
      const fault = await channel.ask('fault', null).catch((thrown: unknown) => thrown);
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: 'quota', message: 'quota exceeded: 1 of 1' });
      const other = await channel.ask('error', null).catch((thrown: unknown) => thrown);
      expect(other).toMatchObject({ code: 'failure', message: 'failure' });
      for (const { cause } of [fault, other] as Fault[]) expect(cause).toBeUndefined();
    });

    it('carries what JSON has, as a copy, byte strings included', async () => {
      const kept: { list: unknown[] }[] = [];
      const channel = await toB((_, argument) => {
        kept.push(argument as { list: unknown[] });
        return argument;
      });
      const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at));
      const sent = { list: [1, 'x'], bytes, nothing: undefined, no: null, big: 2 ** 53 - 1, more: '\u2028€' };
      const reply = channel.ask('copy', sent);
      sent.list.push('later');
      expect(await reply).toStrictEqual({
        list: [1, 'x'],
        bytes,
        no: null,
        big: 2 ** 53 - 1,
        more: '\u2028€',
      });
      kept[0]?.list.push('later');
      expect(await channel.ask('copy', undefined)).toBeUndefined();
    });

    it('fails with busy when the reply takes too long, and drops it when it comes', async () => {
      await Promise.all([a.close(), b.close()]);
      join = open(100);
      a = await join();
      b = await join();
      const held: (() => void)[] = [];
      const connect = (): Promise<Channel> =>
        toB((question, argument) =>
          question === 'hold'
            ? new Promise((resolve) => held.push(() => resolve(argument)))
            : [question, argument],
        ).catch(connect);
      const channel = await connect();
      const patient = channel.ask('hold', 'patient', null);
      const short = channel.ask('hold', 'short', 5);
      const usual = channel.ask('hold', 'usual');
      await expect(short).rejects.toMatchObject({ code: 'busy', message: 'busy, try again' });
      await expect(usual).rejects.toMatchObject({ code: 'busy' });
      for (const resolve of held) resolve();
      expect(await patient).toBe('patient');
      expect(await channel.ask('next', 1, null)).toEqual(['next', 1]);
    });

    it('is busy while nobody answers yet', async () => {
      const channel = await a.connect(b.self);
      await expect(channel.ask('what', null)).rejects.toMatchObject({ code: 'busy' });
    });

    it('fails what was asked with cancelled when the other one ends', async () => {
      let there: Channel | undefined;
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const channel = await toB((_, __, back) => {
        there = back;
        begin();
        return new Promise(() => undefined);
      });
      const asked = [channel.ask('a', null, null), channel.ask('b', null)];
      await begun;
      await b.close();
      for (const ask of asked) await expect(ask).rejects.toMatchObject({ code: 'cancelled' });
      await channel.gone;
      await there?.gone;
      await expect(channel.ask('c', null)).rejects.toMatchObject({ code: 'cancelled' });
      await expect(there?.ask('d', null)).rejects.toMatchObject({ code: 'cancelled' });
      await expect(a.connect(b.self)).rejects.toMatchObject({ code: 'not-found' });
    });

    it('fails what it asked itself with cancelled when it ends, and asks no more', async () => {
      const channel = await toB(() => new Promise(() => undefined));
      const asked = channel.ask('a', null, null);
      await a.close();
      await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
      await channel.gone;
      await expect(a.connect(b.self)).rejects.toMatchObject({ code: 'cancelled' });
      expect(await b.others()).toEqual([]);
    });

    it('has no channel to itself, nor to what is no name', async () => {
      await expect(a.connect(a.self)).rejects.toMatchObject({ code: 'invalid' });
      for (const peer of [
        '000000000000',
        '',
        '..',
        '../x',
        'x\0',
        '/etc/passwd',
        b.self.toUpperCase() + 'A',
      ]) {
        await expect(a.connect(peer), peer).rejects.toMatchObject({ code: 'not-found' });
      }
    });

    it('gives each of many replies to its own question, asked both ways at once', async () => {
      a.answer((_, __, argument) => Promise.resolve(-(argument as number)));
      const channel = await toB(async (_, argument, back) => {
        for (let jobs = 0; jobs < (argument as number) % 7; jobs++) await Promise.resolve();
        return [argument, await back.ask('back', argument, null)];
      });
      const asks = Array.from({ length: 1000 }, (_, at) => channel.ask('n', at + 1, null));
      expect(await Promise.all(asks)).toEqual(Array.from({ length: 1000 }, (_, at) => [at + 1, -at - 1]));
    });

    it('refuses a message that is too long, and goes on', async () => {
      const channel = await toB((question, argument) =>
        question === 'long' ? 'x'.repeat(2 ** 20) : argument,
      );
      const long = { code: 'invalid', message: expect.stringContaining('1048576 bytes at most') as string };
      await expect(channel.ask('short', 'x'.repeat(2 ** 20), null)).rejects.toMatchObject(long);
      await expect(channel.ask('long', null, null)).rejects.toMatchObject(long);
      const longest = 'é'.repeat(2 ** 19 - 100);
      expect(await channel.ask('short', longest, null)).toBe(longest);
    });
  });
}
