import { expect, test } from 'vitest';
import { rejects } from './vfs-requests.js';
import type { VfsWork } from './vfs-work.js';

/** Files, their sizes and attributes, and folders. */
export function fileContract(work: VfsWork): void {
  const { at, using, put, get, names, exists } = work;

  test('a new file is made empty, written at any position, read back, and its holes are zero (T2)', async () => {
    await using('/f', { read: true, write: true, create: true }, async (handle) => {
      expect(handle.opened).toMatchObject({ created: true, kind: 'file', bytesBefore: 0, bytesAfter: 0 });
      expect(handle.path).toBe(at('/f'));
      expect(await handle.write([Buffer.from('de'), Buffer.alloc(0), Buffer.from('f')], 3)).toMatchObject({
        bytesBefore: 0,
        bytesAfter: 6,
        created: false,
        linksLeft: 1,
        dev: handle.inode.dev,
        ino: handle.inode.ino,
      });
      expect(await handle.write([Buffer.from('ab')], 0)).toMatchObject({ bytesBefore: 6, bytesAfter: 6 });
      const into = Buffer.alloc(10, 0xff);
      expect(await handle.read(into, 0)).toBe(6);
      expect(into.subarray(0, 6).toString('latin1')).toBe('ab\0def');
      expect(await handle.read(into, 5)).toBe(1);
      expect(await handle.read(into, 6)).toBe(0);
      expect(await handle.read(into, 2 ** 40)).toBe(0);
      expect(await handle.stat()).toMatchObject({ kind: 'file', size: 6, mode: 0o644, nlink: 1 });
    });
    expect(await work.vfs.stat(at('/f'), { follow: true })).toMatchObject({ kind: 'file', size: 6 });
  });

  test('writing nothing changes nothing, wherever it is', async () => {
    await using('/f', { write: true, create: true }, async (handle) => {
      expect(await handle.write([], 100)).toMatchObject({ bytesBefore: 0, bytesAfter: 0 });
      expect(await handle.write([Buffer.alloc(0)], 100)).toMatchObject({ bytesBefore: 0, bytesAfter: 0 });
    });
  });

  test('one byte at 2^40 makes a sparse file of that size', async () => {
    await using('/sparse', { read: true, write: true, create: true }, async (handle) => {
      expect(await handle.write([Buffer.from('x')], 2 ** 40)).toMatchObject({ bytesAfter: 2 ** 40 + 1 });
      const into = Buffer.alloc(4, 1);
      expect(await handle.read(into, 2 ** 40 - 3)).toBe(4);
      expect(into.toString('latin1')).toBe('\0\0\0x');
    });
  });

  test('a position beyond 2^53-1 is refused (T6)', async () => {
    await using('/f', { read: true, write: true, create: true }, async (handle) => {
      await rejects(handle.write([Buffer.from('x')], Number.MAX_SAFE_INTEGER), 'invalid');
      await rejects(handle.read(Buffer.alloc(2), Number.MAX_SAFE_INTEGER), 'invalid');
      await rejects(handle.set({ size: 2 ** 53 }), 'invalid');
    });
  });

  test('append goes to the end whatever the position says, in order (T2)', async () => {
    await put('/f', '0');
    await using('/f', { write: true, append: true }, async (handle) => {
      const changes = await Promise.all(
        Array.from({ length: 9 }, (_, index) => String(index + 1)).map((digit) =>
          handle.write([Buffer.from(digit)], 0),
        ),
      );
      expect(changes.map(({ bytesBefore, bytesAfter }) => [bytesBefore, bytesAfter])).toEqual(
        changes.map((_, index) => [index + 1, index + 2]),
      );
    });
    expect(await get('/f')).toBe('0123456789');
  });

  test('changes of several handles on one inode add up to its size', async () => {
    const handles = await Promise.all(
      [1, 2, 3, 4].map(() => work.vfs.open(at('/f'), { write: true, create: true })),
    );
    const appending = await work.vfs.open(at('/f'), { append: true });
    const changes = await Promise.all([
      ...handles.flatMap((handle, index) =>
        Array.from({ length: 10 }, (_, turn) => handle.write([Buffer.alloc(100)], (turn * 4 + index) * 50)),
      ),
      ...Array.from({ length: 10 }, () => appending.write([Buffer.alloc(7)], 0)),
      work.vfs.set(at('/f'), { size: 30 }, { follow: true }),
      handles[0]?.set({ size: 1000 }),
    ]);
    const sum = changes.reduce(
      (all, change) => all + (change ? change.bytesAfter - change.bytesBefore : 0),
      0,
    );
    expect((await appending.stat()).size).toBe(sum);
    for (const handle of [...handles, appending]) await handle.close();
    expect((await work.vfs.stat(at('/f'), { follow: true })).size).toBe(sum);
  });

  test('open without create, with exclusive, with truncate', async () => {
    await rejects(work.vfs.open(at('/f'), { read: true }), 'not-found');
    await rejects(work.vfs.open(at('/no/f'), { write: true, create: true }), 'not-found');
    await put('/f', 'hello');
    await rejects(work.vfs.open(at('/f'), { write: true, create: true, exclusive: true }), 'exists');
    await using('/f', { write: true, create: true }, (handle) => {
      expect(handle.opened).toMatchObject({ created: false, bytesBefore: 5, bytesAfter: 5 });
      return Promise.resolve();
    });
    await using('/f', { write: true, truncate: true }, (handle) => {
      expect(handle.opened).toMatchObject({ created: false, bytesBefore: 5, bytesAfter: 0 });
      return Promise.resolve();
    });
    expect(await get('/f')).toBe('');
    await rejects(work.vfs.open(at('/f/x'), { read: true }), 'not-a-folder');
    await rejects(work.vfs.open(at('/f/'), { read: true }), 'not-a-folder');
    await rejects(work.vfs.open(at('/new/'), { write: true, create: true }), 'is-a-folder');
    await rejects(work.vfs.open(at('/'), { read: true }), 'is-a-folder');
  });

  test('a handle only does what it was opened for, and nothing once it is closed', async () => {
    await put('/f', 'hello');
    const reading = await work.vfs.open(at('/f'), { read: true });
    await rejects(reading.write([Buffer.from('x')], 0), 'denied');
    await rejects(reading.set({ size: 0 }), 'denied');
    const writing = await work.vfs.open(at('/f'), { write: true });
    await rejects(writing.read(Buffer.alloc(1), 0), 'denied');
    await writing.sync();
    expect((await writing.space()).nameMax).toBe(255);
    await reading.close();
    await writing.close();
    await rejects(reading.read(Buffer.alloc(1), 0), 'bad-handle');
    await rejects(writing.write([Buffer.from('x')], 0), 'bad-handle');
    await rejects(reading.close(), 'bad-handle');
  });

  test('modes: setuid, setgid and sticky are dropped, the service keeps its own access (J6)', async () => {
    await using('/f', { write: true, create: true, mode: 0o7777 }, async (handle) => {
      expect((await handle.stat()).mode).toBe(0o755);
      await handle.set({ mode: 0o4040 });
      expect((await handle.stat()).mode).toBe(0o640);
    });
    await work.vfs.set(at('/f'), { mode: 0 }, { follow: true });
    expect((await work.vfs.stat(at('/f'), { follow: true })).mode).toBe(0o600);
    await work.vfs.mkdir(at('/d'), 0o7777);
    expect((await work.vfs.stat(at('/d'), { follow: true })).mode).toBe(0o755);
    await work.vfs.set(at('/d'), { mode: 0o1000 }, { follow: true });
    expect((await work.vfs.stat(at('/d'), { follow: true })).mode).toBe(0o700);
  });

  test('times are set to the second, also on a symlink itself', async () => {
    await put('/f', 'x');
    await work.vfs.symlink(at('/l'), 'f');
    await work.vfs.set(at('/l'), { times: { atime: 1, mtime: 4294967295 } }, { follow: true });
    expect(await work.vfs.stat(at('/f'), { follow: true })).toMatchObject({ atime: 1, mtime: 4294967295 });
    await work.vfs.set(at('/l'), { times: { atime: 7, mtime: 8 } }, { follow: false });
    expect(await work.vfs.stat(at('/l'), { follow: false })).toMatchObject({ kind: 'symlink', mtime: 8 });
    await using('/f', { write: true }, (handle) => handle.set({ times: { atime: 5, mtime: 6 } }));
    expect(await work.vfs.stat(at('/f'), { follow: true })).toMatchObject({ atime: 5, mtime: 6 });
    await rejects(work.vfs.set(at('/l'), { mode: 0o600 }, { follow: false }), 'unsupported');
    await rejects(work.vfs.set(at('/none'), { mode: 0o600 }, { follow: true }), 'not-found');
  });

  test('sizes are set by path and by handle, and told', async () => {
    await put('/f', 'hello');
    const options = { follow: true };
    expect(await work.vfs.set(at('/f'), { size: 2 }, options)).toMatchObject({
      bytesBefore: 5,
      bytesAfter: 2,
    });
    expect(await work.vfs.set(at('/f'), { size: 4, mode: 0o600 }, options)).toMatchObject({
      bytesBefore: 2,
      bytesAfter: 4,
    });
    expect(await get('/f')).toBe('he\0\0');
    expect((await work.vfs.stat(at('/f'), options)).mode).toBe(0o600);
    await work.vfs.mkdir(at('/d'), 0o755);
    await rejects(work.vfs.set(at('/d'), { size: 0 }, options), 'is-a-folder');
    await work.vfs.symlink(at('/l'), 'f');
    await rejects(work.vfs.set(at('/l'), { size: 0 }, { follow: false }), 'not-a-file');
    expect(await work.vfs.set(at('/f'), {}, options)).toMatchObject({ bytesBefore: 4, bytesAfter: 4 });
  });

  test('folders are made, listed in batches, removed when empty', async () => {
    expect(await work.vfs.mkdir(at('/d'), 0o777)).toMatchObject({
      created: true,
      kind: 'folder',
      bytesAfter: 0,
    });
    await work.vfs.mkdir(at('/d/e/'), 0o777);
    await rejects(work.vfs.mkdir(at('/d'), 0o777), 'exists');
    await rejects(work.vfs.mkdir(at('/'), 0o777), 'exists');
    await rejects(work.vfs.mkdir(at('/no/d'), 0o777), 'not-found');
    const expected = Array.from({ length: 25 }, (_, index) => `f${String(index).padStart(2, '0')}`);
    for (const file of expected) await put(`/d/${file}`, file);
    expect(await names('/d', 7)).toEqual(['e', ...expected]);
    await rejects(work.vfs.rmdir(at('/d')), 'not-empty');
    await rejects(work.vfs.rmdir(at('/d/f00')), 'not-a-folder');
    await rejects(work.vfs.remove(at('/d/e')), 'is-a-folder');
    expect(await work.vfs.rmdir(at('/d/e'))).toMatchObject({ kind: 'folder', linksLeft: 0, created: false });
    await rejects(work.vfs.rmdir(at('/d/e')), 'not-found');
    await rejects(work.vfs.list(at('/d/f00')), 'not-a-folder');
    await rejects(work.vfs.list(at('/none')), 'not-found');
  });

  test('a listing ends once, and not before everything was seen', async () => {
    const listing = await work.vfs.list(at('/'));
    expect(await listing.next(10)).toEqual([]);
    expect(listing.path).toBe(at('/'));
    await listing.close();
    await rejects(listing.next(1), 'bad-handle');
  });

  test('remove tells what was freed, and an open file lives on without its name', async () => {
    await put('/f', 'hello');
    const handle = await work.vfs.open(at('/f'), { read: true, write: true });
    const { dev, ino } = handle.inode;
    expect(await work.vfs.remove(at('/f'))).toMatchObject({
      dev,
      ino,
      kind: 'file',
      bytesBefore: 5,
      linksLeft: 0,
    });
    expect(await exists('/f')).toBe(false);
    expect(await handle.write([Buffer.from('!')], 5)).toMatchObject({ bytesAfter: 6, linksLeft: 0 });
    expect((await handle.stat()).nlink).toBe(0);
    await handle.close();
    await rejects(work.vfs.remove(at('/f')), 'not-found');
  });
}
