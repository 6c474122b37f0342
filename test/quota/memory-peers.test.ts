import { expect, it } from 'vitest';
import { peersContract } from '../contract/peers.js';
import { memoryPeers } from './memory-peers.js';

peersContract('memoryPeers', (patience) => {
  const root = memoryPeers({ patience });
  return () => Promise.resolve(root.peer());
});

it('breaks the channels of one that is killed, refuses it, and lets its own code see nothing', async () => {
  const root = memoryPeers({ patience: 60 });
  const [a, b] = [root.peer(), root.peer()];
  a.answer(() => new Promise(() => undefined));
  b.answer(() => new Promise(() => undefined));
  const there = await a.connect(b.self);
  const back = await b.connect(a.self);
  const seen: string[] = [];
  const see = (what: string) => (): unknown => seen.push(what);
  back.ask('x', null).then(see('reply'), see('fault'));
  void back.gone.then(see('gone'));
  const asked = there.ask('x', null, null);
  b.kill();
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  await there.gone;
  expect(await a.others()).toEqual([b.self]);
  await expect(a.connect(b.self)).rejects.toMatchObject({ code: 'not-found' });
  expect(await a.others()).toEqual([]);
  await expect(there.ask('x', null)).rejects.toMatchObject({ code: 'cancelled' });
  // Longer than what the dead one asked could have waited for.
  await expect(
    root
      .peer()
      .connect(a.self)
      .then((channel) => channel.ask('x', null)),
  ).rejects.toMatchObject({
    code: 'busy',
  });
  expect(seen).toEqual([]);
});

it('answers nothing while it hangs, is not dead, and goes on in order', async () => {
  const root = memoryPeers({ patience: 60 });
  const [a, b, c] = [root.peer(), root.peer(), root.peer()];
  const begun: unknown[] = [];
  b.answer((_, __, argument) => {
    begun.push(argument);
    return Promise.resolve(argument);
  });
  const channel = await a.connect(b.self);
  b.hang();
  const first = channel.ask('x', 1);
  const second = channel.ask('x', 2, null);
  await expect(first).rejects.toMatchObject({ code: 'busy' });
  await expect(c.connect(b.self)).rejects.toMatchObject({ code: 'busy' });
  expect(begun).toEqual([]);
  b.resume();
  expect(await second).toBe(2);
  expect(begun).toEqual([1, 2]);
  await expect(c.connect(b.self)).resolves.toMatchObject({ peer: b.self });
});
