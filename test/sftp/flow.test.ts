import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/channel/budget.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import { scale } from '../scale.js';
import { nthHandle, recorded } from './recorded-channel.js';
import { sessionPair, type Asked } from './session-pair.js';
import { turns, until } from './turns.js';
import { Barrier, watchedVfs } from './watched-vfs.js';

const { read, write, create } = openFlags;
const ok = { kind: 'status', code: statusCodes.ok };

const writing = (handle: string, offset: number, data: Buffer): Asked => ({
  kind: 'write',
  handle,
  offset,
  data: [data],
  length: data.length,
});
const reading = (handle: string, length: number): Asked => ({ kind: 'read', handle, offset: 0, length });
const opening = (path: string): Asked => ({ kind: 'open', path, flags: read | write | create, attrs: {} });

describe('a peer that reads nothing [T3]', () => {
  it('costs no more than the budget, and gets every byte once it reads on', async () => {
    const block = 64 * 1024;
    const count = Math.min(scale('unreadReads'), 10_000);
    const output = new Budget(1 << 20);
    const pair = sessionPair({ output, unread: true });
    const file = await pair.vfs.open('/f', { write: true, create: true });
    await file.write([Buffer.alloc(block, 'r')], 0);
    await file.close();
    void pair.init();
    pair.send({ kind: 'open', path: '/f', flags: read, attrs: {} });
    for (let index = 0; index < count; index++) pair.send(reading(nthHandle(1), block));
    await turns(100);
    expect(output.taken).toBeLessThanOrEqual(2 << 20);
    expect(output.taken).toBeGreaterThan(block);

    let received = 0;
    pair.client.on('data', (chunk: Buffer) => (received += chunk.length));
    await until(() => received >= count * (block + 13));
    await until(() => output.taken === 0);
  });

  it('never makes a reply wait that is larger than the whole budget', async () => {
    const session = recorded({ output: new Budget(10_000) });
    const ids = Array.from({ length: 4096 }, () => 1001);
    session.start();
    session.sent();
    session.deliver({ kind: 'users-groups-by-id@openssh.com', uids: ids, gids: [] }, opening('/f'));
    session.deliver(reading(nthHandle(1), 261_120), { kind: 'limits@openssh.com' });
    for (let round = 0; session.ids.length < 4; round++) {
      expect(round).toBeLessThan(100);
      await turns();
      session.sent();
    }
    session.sent();
    expect(session.output.taken).toBe(0);
  });

  it('does not keep another session of its connection from being answered', async () => {
    const output = new Budget(1 << 20);
    const block = 128 * 1024;
    const unread = recorded({ output });
    unread.start(opening('/f'));
    await until(() => unread.ids.length === 1);
    unread.deliver(writing(nthHandle(1), 0, Buffer.alloc(block)));
    for (let index = 0; index < 20; index++) unread.deliver(reading(nthHandle(1), block));
    await turns(20);
    expect(output.taken).toBeGreaterThan((1 << 20) - 2 * block);

    const other = recorded({ output });
    other.start(opening('/g'), { kind: 'stat', path: '/' });
    other.deliver(reading(nthHandle(1), 261_120), reading(nthHandle(1), 261_120), {
      kind: 'stat',
      path: '/g',
    });
    for (let round = 0; other.ids.length < 5; round++) {
      expect(round).toBeLessThan(100);
      await turns();
      other.sent();
    }
    expect(output.taken).toBeLessThan((1 << 20) + 300_000);
  });

  it('of two sessions, the one with the larger replies is not passed over for ever', async () => {
    const output = new Budget(300_000);
    const many = recorded({ output });
    const large = recorded({ output });
    for (const session of [many, large]) {
      session.start(opening('/f'), { kind: 'fsetstat', handle: nthHandle(1), attrs: { size: 300_000 } });
      await until(() => session.ids.length === 2);
      session.sent();
    }
    large.deliver(reading(nthHandle(1), 100_000));
    many.deliver(...Array.from({ length: 100 }, () => reading(nthHandle(1), 90_000)));
    large.deliver(reading(nthHandle(1), 261_120));
    for (let round = 0; large.ids.length < 4; round++) {
      expect(many.ids.length).toBeLessThan(50);
      await turns();
      large.sent();
      many.sent(Math.min(many.unsent(), 30_000));
    }
  });
});

describe('what waits for the disk [T3]', () => {
  it('stops the window when it is WRITEs, and all are done when the disk goes on', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('write') });
    const input = new Budget(1 << 20);
    const pair = sessionPair({ vfs, input });
    await pair.init();
    const handle = await pair.open('/f', write | create);
    const data = Buffer.alloc(32_768, 'w');
    const ids = Array.from({ length: 400 }, (_, index) =>
      pair.send(writing(handle, index * data.length, data)),
    );
    await turns(50);
    expect(input.taken).toBeLessThanOrEqual((1 << 20) + 128 * 1024);
    expect(input.full).toBe(true);
    barrier.lift();
    for (const id of ids) expect(await pair.reply(id)).toMatchObject(ok);
    await until(() => input.taken === 0);
    expect(await pair.ask({ kind: 'fstat', handle })).toMatchObject({ attrs: { size: 400 * data.length } });
  });

  it('stops it when it is anything else of size, which is kept until it is answered', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('mkdir') });
    const input = new Budget(1 << 20);
    const pair = sessionPair({ vfs, input });
    await pair.init();
    pair.send({ kind: 'mkdir', path: '/slow', attrs: {} });
    const quickCheck = Buffer.alloc(200_000);
    const last = Array.from({ length: 100 }, () =>
      pair.send({ kind: 'md5-hash', path: '/none', start: 0, length: 0, quickCheck }),
    ).at(-1);
    await turns(100);
    expect(input.full).toBe(true);
    expect(input.taken).toBeLessThan((1 << 20) + 300_000);
    expect(pair.client.writableLength).toBeGreaterThan(15_000_000);
    barrier.lift();
    await pair.reply(last ?? 0);
    await until(() => input.taken === 0);
  });

  it('of one session does not stop another that holds only the beginning of a packet', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('write') });
    const input = new Budget(100_000);
    const [stalled, begun] = [recorded({ vfs, input }), recorded({ vfs, input })];
    stalled.start(opening('/f'));
    begun.start(opening('/g'));
    await until(() => begun.ids.length === 1 && stalled.ids.length === 1);
    expect(stalled.deliver(writing(nthHandle(1), 0, Buffer.alloc(150_000)))).toBe(false);
    expect(begun.sink.data(Buffer.from([0, 0, 0, 5, 99]))).toBe(true);
    expect(begun.sink.data(Buffer.from([0, 0, 0, 9]))).toBe(true);
    await until(() => begun.ids.length === 2);
    barrier.lift();
    await until(() => stalled.ids.length === 2);
    expect(input.taken).toBe(0);
  });
});

describe('a flood', () => {
  it('of requests that are done at once leaves other sessions their turns [P1]', async () => {
    const flood = 20_000;
    const session = recorded();
    const unknown = Buffer.alloc(flood * 9);
    for (let index = 0; index < flood; index++) {
      unknown.writeUInt32BE(5, index * 9);
      unknown.writeUInt8(99, index * 9 + 4);
      unknown.writeUInt32BE(index, index * 9 + 5);
    }
    session.start();
    session.sink.data(unknown);
    expect(session.ids.length).toBeLessThan(1000);
    let most = 0;
    let before = session.ids.length;
    while (session.ids.length < flood) {
      await turns();
      session.sent();
      most = Math.max(most, session.ids.length - before);
      before = session.ids.length;
    }
    expect(most).toBeLessThan(1000);
    expect(session.ids).toEqual(Array.from({ length: flood }, (_, index) => index));
    expect([session.input.taken, session.output.taken]).toEqual([0, 0]);
  });

  it('is answered whole when the peer ends behind it', async () => {
    const session = recorded();
    session.start(...Array.from({ length: 5000 }, (): Asked => ({ kind: 'limits@openssh.com' })));
    session.sink.end();
    expect(session.exitStatus()).toBeNull();
    await until(() => session.exitStatus() !== null);
    expect(session.ids).toHaveLength(5000);
    expect(session.exitStatus()).toBe(0);
  });

  it('of OPENs without CLOSE ends at the limit, and gives everything back [CVE-2025-48041]', async () => {
    const { vfs, open } = watchedVfs();
    const pair = sessionPair({ vfs, maxHandles: 256 });
    await pair.init();
    await pair.vfs.mkdir('/d', 0o755);
    const count = scale('unreadReads');
    let [given, refused] = [0, 0];
    for (let sent = 0; sent < count; sent += 100) {
      const ids = Array.from({ length: 100 }, (_, index) =>
        pair.send(index % 2 === 0 ? opening('/f') : { kind: 'opendir', path: '/d' }),
      );
      for (const id of ids) {
        const reply = await pair.reply(id);
        if (reply.kind === 'handle') given++;
        else if (reply.kind === 'status' && reply.code === statusCodes.failure) refused++;
      }
    }
    expect([given, refused]).toEqual([256, count - 256]);
    expect(open.size).toBe(256);
    pair.cut();
    await pair.ended;
    expect(open.size).toBe(0);
  });
});
