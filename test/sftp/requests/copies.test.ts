import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import { memoryVfs } from '../../../src/vfs/memory.js';
import type { Vfs } from '../../../src/vfs/vfs.js';
import { openFlags } from '../../../src/wire/open-flags.js';
import { statusCodes } from '../../../src/wire/status.js';
import { turns, until } from '../turns.js';
import { Barrier, watchedVfs, type WatchedVfs } from '../watched-vfs.js';
import { contents, place, put, started, writing } from './asking.js';

const { read, write, create, append } = openFlags;
const failure = { kind: 'status', code: statusCodes.failure };
const ok = { kind: 'status', code: statusCodes.ok };

/** A disk that is full from the second write on. */
function filling(inner: Vfs): WatchedVfs {
  let writes = 0;
  return watchedVfs({
    inner,
    before: (call) => (call === 'write' && ++writes > 1 ? Promise.reject(new Fault('no-space')) : undefined),
  });
}

const large = Buffer.alloc(600_000, 'l');

describe('copy-file', () => {
  it('removes what it could not copy whole', async () => {
    const inner = memoryVfs();
    await place(inner, '/from', large);
    const { vfs, open } = filling(inner);
    const pair = await started({ vfs });
    const asked = { kind: 'copy-file', from: '/from', to: '/to', overwrite: false } as const;
    expect(await pair.ask(asked)).toMatchObject({ ...failure, message: "no space on the server's disk" });
    await expect(vfs.stat('/to', { follow: false })).rejects.toMatchObject({ code: 'not-found' });
    expect(open.size).toBe(0);
  });

  it('removes it too where the name is a symbolic link to what was made', async () => {
    const inner = memoryVfs();
    await place(inner, '/from', large);
    await inner.symlink('/link', 'made');
    const { vfs, open } = filling(inner);
    const pair = await started({ vfs });
    const asked = { kind: 'copy-file', from: '/from', to: '/link', overwrite: true } as const;
    expect(await pair.ask(asked)).toMatchObject({ ...failure, message: "no space on the server's disk" });
    await expect(vfs.stat('/made', { follow: false })).rejects.toMatchObject({ code: 'not-found' });
    expect(await vfs.readlink('/link')).toBe('made');
    expect(open.size).toBe(0);
  });

  it("never removes somebody else's file that has taken the name meanwhile", async () => {
    const inner = memoryVfs();
    await place(inner, '/from', large);
    let writes = 0;
    const { vfs, open } = watchedVfs({
      inner,
      before: async (call) => {
        if (call !== 'write' || ++writes < 2) return;
        await place(inner, '/other', 'precious');
        await inner.rename('/other', '/to', { replace: true });
        throw new Fault('no-space');
      },
    });
    const pair = await started({ vfs });
    const asked = { kind: 'copy-file', from: '/from', to: '/to', overwrite: false } as const;
    expect(await pair.ask(asked)).toMatchObject(failure);
    expect(await contents(inner, '/to')).toBe('precious');
    expect(open.size).toBe(0);
  });

  it('keeps what it began to overwrite, though only in part', async () => {
    const inner = memoryVfs();
    await place(inner, '/from', large);
    await place(inner, '/to', '');
    const pair = await started(filling(inner));
    expect(await pair.ask({ kind: 'copy-file', from: '/from', to: '/to', overwrite: true })).toMatchObject(
      failure,
    );
    expect((await inner.stat('/to', { follow: false })).size).toBeGreaterThan(0);
  });

  it('stops with its session, and leaves nothing of a new file [T7]', async () => {
    const barrier = new Barrier();
    const inner = memoryVfs();
    const source = await inner.open('/from', { write: true, create: true });
    await source.set({ size: 2 ** 45 });
    await source.close();
    const { vfs, open } = watchedVfs({ inner, before: barrier.at('write') });
    const pair = await started({ vfs });
    pair.send({ kind: 'copy-file', from: '/from', to: '/to', overwrite: false });
    await until(() => barrier.waiting === 1);
    pair.cut();
    await turns(5);
    barrier.lift();
    await pair.ended;
    expect(open.size).toBe(0);
    await expect(inner.stat('/to', { follow: false })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('copy-data', () => {
  it('ends where the source ended when it began, though that grows with each byte copied', async () => {
    const inner = memoryVfs();
    const { vfs } = watchedVfs({
      inner,
      before: async (call) => {
        if (call !== 'write') return;
        const source = await inner.open('/from', { append: true });
        await source.write([Buffer.alloc(300_000)], 0);
        await source.close();
      },
    });
    await place(inner, '/from', large);
    const pair = await started({ vfs });
    const [from, to] = [await pair.open('/from', read), await pair.open('/to', write | create)];
    const copy = { kind: 'copy-data', from, fromOffset: 0, length: 0, to, toOffset: 0 } as const;
    expect(await pair.ask(copy)).toMatchObject(ok);
    expect((await inner.stat('/to', { follow: true })).size).toBe(large.length);
    expect(await pair.ask({ ...copy, fromOffset: 2 ** 40 })).toMatchObject(ok);
    expect((await inner.stat('/to', { follow: true })).size).toBe(large.length);
  });

  it('goes to the end of a file opened with APPEND, whatever the offset says [T2]', async () => {
    const pair = await started();
    await put(pair, '/from', 'new');
    await put(pair, '/to', 'old,');
    const [from, to] = [await pair.open('/from', read), await pair.open('/to', append)];
    expect(
      await pair.ask({ kind: 'copy-data', from, fromOffset: 0, length: 0, to, toOffset: 0 }),
    ).toMatchObject(ok);
    expect(await contents(pair.vfs, '/to')).toBe('old,new');
  });

  it('and what is asked after it is done after it', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('read') });
    const pair = await started({ vfs });
    await put(pair, '/from', 'copied');
    const [from, to] = [await pair.open('/from', read), await pair.open('/to', write | create)];
    pair.send({ kind: 'copy-data', from, fromOffset: 0, length: 0, to, toOffset: 0 });
    pair.send(writing(to, 0, 'C'));
    const size = pair.ask({ kind: 'stat', path: '/to' });
    await until(() => barrier.waiting === 1);
    barrier.lift();
    expect(await size).toMatchObject({ attrs: { size: 6 } });
    expect(await contents(vfs, '/to')).toBe('Copied');
  });
});
