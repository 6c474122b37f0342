import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/channel/budget.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { idsTo, nthHandle, recorded } from './recorded-channel.js';
import type { Asked } from './session-pair.js';
import { sessionPair } from './session-pair.js';
import { turns, until } from './turns.js';
import { Barrier, watchedVfs } from './watched-vfs.js';

const { read, write, create } = openFlags;

const write4 = (handle: string, offset: number, text: string): Asked => ({
  kind: 'write',
  handle,
  offset,
  data: [Buffer.from(text)],
  length: text.length,
});

/** Requests that are answered without waiting for anything, beside those that wait for the disk. */
const atOnce: readonly Asked[] = [
  { kind: 'limits@openssh.com' },
  { kind: 'home-directory', user: '' },
  { kind: 'home-directory', user: 'nobody' },
  { kind: 'users-groups-by-id@openssh.com', uids: [1001], gids: [0] },
];

describe('replies go out in request order [T1]', () => {
  it('also where what is answered at once had to wait for the room of what was slow', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('read') });
    // Room for one READ: whatever follows it has to wait until it is answered.
    const session = recorded({ vfs, output: new Budget(34_000) });
    const handle = nthHandle(1);
    session.start({ kind: 'open', path: '/f', flags: read | write | create, attrs: {} });
    await until(() => session.ids.length === 1);
    session.sent();
    const reading: Asked = { kind: 'read', handle, offset: 0, length: 32_768 };
    session.deliver(reading, ...atOnce, reading, ...atOnce);
    await until(() => barrier.waiting === 1);
    barrier.lift();
    for (let left = 10; left > 0; left--) {
      await turns();
      session.sent();
    }
    expect(session.ids).toEqual(idsTo(11));
  });

  it('also where the peer takes them as soon as they are sent', async () => {
    const pair = sessionPair({ output: new Budget(40_000) });
    await pair.init();
    const handle = await pair.open('/f', read | write | create);
    await pair.ask(write4(handle, 0, 'data'));
    const ids: number[] = [];
    for (let round = 0; round < 50; round++) {
      ids.push(pair.send({ kind: 'read', handle, offset: 0, length: 30_000 }));
      ids.push(pair.send({ kind: 'stat', path: '/f' }));
      for (const request of atOnce) ids.push(pair.send(request));
    }
    await pair.reply(ids.at(-1) ?? 0);
    expect(pair.order.slice(-ids.length)).toEqual(ids);
  });
});

describe('requests on one file are done in the order they came [filexfer-02 6.1]', () => {
  it('through two handles as well', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('write') });
    const pair = sessionPair({ vfs });
    await pair.init();
    const one = await pair.open('/f', read | write | create);
    const other = await pair.open('/f', read | write);
    pair.send(write4(one, 0, 'first'));
    const seen = pair.ask({ kind: 'read', handle: other, offset: 0, length: 10 });
    pair.send(write4(other, 0, 'later'));
    pair.send({ kind: 'close', handle: one });
    const size = pair.ask({ kind: 'fstat', handle: other });
    const last = pair.ask({ kind: 'read', handle: other, offset: 0, length: 10 });
    await turns(5);
    expect(barrier.waiting).toBe(1);
    barrier.lift();
    expect(await seen).toMatchObject({ data: [Buffer.from('first')] });
    expect(await size).toMatchObject({ attrs: { size: 5 } });
    expect(await last).toMatchObject({ data: [Buffer.from('later')] });
  });

  it('but do not wait for another file', async () => {
    const barrier = new Barrier();
    const { vfs, calls } = watchedVfs({ before: barrier.at('write') });
    const pair = sessionPair({ vfs });
    await pair.init();
    const one = await pair.open('/one', read | write | create);
    const other = await pair.open('/other', read | write | create);
    pair.send(write4(one, 0, 'x'));
    pair.send({ kind: 'read', handle: other, offset: 0, length: 1 });
    await until(() => calls.includes('read'));
    expect(barrier.waiting).toBe(1);
    barrier.lift();
  });

  it('by a handle that is guessed while its OPEN is on the way, too', async () => {
    const slow = new Barrier();
    const { vfs } = watchedVfs({ before: slow.at('open', 'write') });
    const session = recorded({ vfs });
    const handle = nthHandle(1);
    session.start(
      { kind: 'open', path: '/f', flags: read | write | create, attrs: {} },
      write4(handle, 0, 'aaaa'),
      write4(handle, 2, 'bbbb'),
      { kind: 'read', handle, offset: 0, length: 10 },
      { kind: 'close', handle },
      { kind: 'stat', path: '/f' },
    );
    await until(() => slow.waiting === 1);
    slow.lift();
    await until(() => session.ids.length === 6);
    expect(session.ids).toEqual(idsTo(6));
    expect(session.replies[3]?.data.map(String)).toEqual(['aabbbb']);
  });

  it('a handle is gone for what comes after its CLOSE, and its file is not touched', async () => {
    const { vfs, calls } = watchedVfs();
    const session = recorded({ vfs });
    const handle = nthHandle(1);
    session.start(
      { kind: 'open', path: '/f', flags: read | write | create, attrs: {} },
      { kind: 'close', handle },
      write4(handle, 0, 'late'),
      { kind: 'read', handle, offset: 0, length: 1 },
      { kind: 'fsetstat', handle, attrs: { size: 9 } },
      { kind: 'close', handle },
    );
    await until(() => session.ids.length === 6);
    expect(session.replies.map(({ type }) => type)).toEqual([102, 101, 101, 101, 101, 101]);
    expect(calls).toEqual(['open', 'close']);
  });
});
