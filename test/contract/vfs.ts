import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault, type FaultCode } from '../../src/fault.js';
import type { ByteString } from '../../src/names.js';
import type { Change, Handle, OpenOptions, Vfs } from '../../src/vfs/vfs.js';

export interface VfsUnderTest {
  readonly vfs: Vfs;
  /** Where in it the tests may work: empty, or a prefix like `/homes/alice`. Absolute symlinks count from there. */
  readonly prefix: ByteString;
  readonly close: () => Promise<void>;
}

/** What every filesystem of the product does alike, whatever it is made of. */
export function vfsContract(name: string, make: () => Promise<VfsUnderTest>): void {
  describe(`Vfs contract: ${name}`, () => {
    let under: VfsUnderTest;
    let vfs: Vfs;
    const at = (path: string): ByteString => `${under.prefix}${path}`;

    beforeEach(async () => {
      under = await make();
      vfs = under.vfs;
    });
    afterEach(() => under.close());

    async function using<T>(
      path: string,
      options: OpenOptions,
      use: (handle: Handle) => Promise<T>,
    ): Promise<T> {
      const handle = await vfs.open(at(path), options);
      try {
        return await use(handle);
      } finally {
        await handle.close();
      }
    }
    const put = (path: string, text: string): Promise<Change> =>
      using(path, { write: true, create: true, truncate: true }, (handle) =>
        handle.write([Buffer.from(text)], 0),
      );
    const get = (path: string): Promise<string> =>
      using(path, { read: true }, async (handle) => {
        const into = Buffer.alloc(1000);
        return into.toString('utf8', 0, await handle.read(into, 0));
      });
    async function names(path: string, count = 100): Promise<string[]> {
      const listing = await vfs.list(at(path));
      const all: string[] = [];
      for (;;) {
        const entries = await listing.next(count);
        if (entries.length === 0) break;
        expect(entries.length).toBeLessThanOrEqual(count);
        all.push(...entries.map((entry) => entry.name));
      }
      await listing.close();
      return all.sort();
    }
    const exists = (path: string): Promise<boolean> =>
      vfs.stat(at(path), { follow: false }).then(
        () => true,
        (thrown: unknown) => {
          expect(thrown).toMatchObject({ code: 'not-found' });
          return false;
        },
      );

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
      expect(await vfs.stat(at('/f'), { follow: true })).toMatchObject({ kind: 'file', size: 6 });
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
          [...'123456789'].map((digit) => handle.write([Buffer.from(digit)], 0)),
        );
        expect(changes.map(({ bytesBefore, bytesAfter }) => [bytesBefore, bytesAfter])).toEqual(
          changes.map((_, index) => [index + 1, index + 2]),
        );
      });
      expect(await get('/f')).toBe('0123456789');
    });

    test('changes of several handles on one inode add up to its size', async () => {
      const handles = await Promise.all(
        [1, 2, 3, 4].map(() => vfs.open(at('/f'), { write: true, create: true })),
      );
      const appending = await vfs.open(at('/f'), { append: true });
      const changes = await Promise.all([
        ...handles.flatMap((handle, index) =>
          Array.from({ length: 10 }, (_, turn) => handle.write([Buffer.alloc(100)], (turn * 4 + index) * 50)),
        ),
        ...Array.from({ length: 10 }, () => appending.write([Buffer.alloc(7)], 0)),
        vfs.set(at('/f'), { size: 30 }, { follow: true }),
        handles[0]?.set({ size: 1000 }),
      ]);
      const sum = changes.reduce(
        (all, change) => all + (change ? change.bytesAfter - change.bytesBefore : 0),
        0,
      );
      expect((await appending.stat()).size).toBe(sum);
      for (const handle of [...handles, appending]) await handle.close();
      expect((await vfs.stat(at('/f'), { follow: true })).size).toBe(sum);
    });

    test('open without create, with exclusive, with truncate', async () => {
      await rejects(vfs.open(at('/f'), { read: true }), 'not-found');
      await rejects(vfs.open(at('/no/f'), { write: true, create: true }), 'not-found');
      await put('/f', 'hello');
      await rejects(vfs.open(at('/f'), { write: true, create: true, exclusive: true }), 'exists');
      await using('/f', { write: true, create: true }, (handle) => {
        expect(handle.opened).toMatchObject({ created: false, bytesBefore: 5, bytesAfter: 5 });
        return Promise.resolve();
      });
      await using('/f', { write: true, truncate: true }, (handle) => {
        expect(handle.opened).toMatchObject({ created: false, bytesBefore: 5, bytesAfter: 0 });
        return Promise.resolve();
      });
      expect(await get('/f')).toBe('');
      await rejects(vfs.open(at('/f/x'), { read: true }), 'not-a-folder');
      await rejects(vfs.open(at('/f/'), { read: true }), 'not-a-folder');
      await rejects(vfs.open(at('/new/'), { write: true, create: true }), 'is-a-folder');
      await rejects(vfs.open(at('/'), { read: true }), 'is-a-folder');
    });

    test('a handle only does what it was opened for, and nothing once it is closed', async () => {
      await put('/f', 'hello');
      const reading = await vfs.open(at('/f'), { read: true });
      await rejects(reading.write([Buffer.from('x')], 0), 'denied');
      await rejects(reading.set({ size: 0 }), 'denied');
      const writing = await vfs.open(at('/f'), { write: true });
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
      await vfs.set(at('/f'), { mode: 0 }, { follow: true });
      expect((await vfs.stat(at('/f'), { follow: true })).mode).toBe(0o600);
      await vfs.mkdir(at('/d'), 0o7777);
      expect((await vfs.stat(at('/d'), { follow: true })).mode).toBe(0o755);
      await vfs.set(at('/d'), { mode: 0o1000 }, { follow: true });
      expect((await vfs.stat(at('/d'), { follow: true })).mode).toBe(0o700);
    });

    test('times are set to the second, also on a symlink itself', async () => {
      await put('/f', 'x');
      await vfs.symlink(at('/l'), 'f');
      await vfs.set(at('/l'), { times: { atime: 1, mtime: 4294967295 } }, { follow: true });
      expect(await vfs.stat(at('/f'), { follow: true })).toMatchObject({ atime: 1, mtime: 4294967295 });
      await vfs.set(at('/l'), { times: { atime: 7, mtime: 8 } }, { follow: false });
      expect(await vfs.stat(at('/l'), { follow: false })).toMatchObject({ kind: 'symlink', mtime: 8 });
      await using('/f', { write: true }, (handle) => handle.set({ times: { atime: 5, mtime: 6 } }));
      expect(await vfs.stat(at('/f'), { follow: true })).toMatchObject({ atime: 5, mtime: 6 });
      await rejects(vfs.set(at('/l'), { mode: 0o600 }, { follow: false }), 'unsupported');
      await rejects(vfs.set(at('/none'), { mode: 0o600 }, { follow: true }), 'not-found');
    });

    test('sizes are set by path and by handle, and told', async () => {
      await put('/f', 'hello');
      const options = { follow: true };
      expect(await vfs.set(at('/f'), { size: 2 }, options)).toMatchObject({ bytesBefore: 5, bytesAfter: 2 });
      expect(await vfs.set(at('/f'), { size: 4, mode: 0o600 }, options)).toMatchObject({
        bytesBefore: 2,
        bytesAfter: 4,
      });
      expect(await get('/f')).toBe('he\0\0');
      expect((await vfs.stat(at('/f'), options)).mode).toBe(0o600);
      await vfs.mkdir(at('/d'), 0o755);
      await rejects(vfs.set(at('/d'), { size: 0 }, options), 'is-a-folder');
      await vfs.symlink(at('/l'), 'f');
      await rejects(vfs.set(at('/l'), { size: 0 }, { follow: false }), 'not-a-file');
      expect(await vfs.set(at('/f'), {}, options)).toMatchObject({ bytesBefore: 4, bytesAfter: 4 });
    });

    test('folders are made, listed in batches, removed when empty', async () => {
      expect(await vfs.mkdir(at('/d'), 0o777)).toMatchObject({
        created: true,
        kind: 'folder',
        bytesAfter: 0,
      });
      await vfs.mkdir(at('/d/e/'), 0o777);
      await rejects(vfs.mkdir(at('/d'), 0o777), 'exists');
      await rejects(vfs.mkdir(at('/'), 0o777), 'exists');
      await rejects(vfs.mkdir(at('/no/d'), 0o777), 'not-found');
      const expected = Array.from({ length: 25 }, (_, index) => `f${String(index).padStart(2, '0')}`);
      for (const file of expected) await put(`/d/${file}`, file);
      expect(await names('/d', 7)).toEqual(['e', ...expected]);
      await rejects(vfs.rmdir(at('/d')), 'not-empty');
      await rejects(vfs.rmdir(at('/d/f00')), 'not-a-folder');
      await rejects(vfs.remove(at('/d/e')), 'is-a-folder');
      expect(await vfs.rmdir(at('/d/e'))).toMatchObject({ kind: 'folder', linksLeft: 0, created: false });
      await rejects(vfs.rmdir(at('/d/e')), 'not-found');
      await rejects(vfs.list(at('/d/f00')), 'not-a-folder');
      await rejects(vfs.list(at('/none')), 'not-found');
    });

    test('a listing ends once, and not before everything was seen', async () => {
      const listing = await vfs.list(at('/'));
      expect(await listing.next(10)).toEqual([]);
      expect(listing.path).toBe(at('/'));
      await listing.close();
      await rejects(listing.next(1), 'bad-handle');
    });

    test('remove tells what was freed, and an open file lives on without its name', async () => {
      await put('/f', 'hello');
      const handle = await vfs.open(at('/f'), { read: true, write: true });
      const { dev, ino } = handle.inode;
      expect(await vfs.remove(at('/f'))).toMatchObject({
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
      await rejects(vfs.remove(at('/f')), 'not-found');
    });

    test('links: one inode with several names, freed with the last', async () => {
      await put('/f', 'hello');
      expect(await vfs.link(at('/f'), at('/g'))).toMatchObject({
        created: false,
        linksLeft: 2,
        bytesAfter: 5,
      });
      expect((await vfs.stat(at('/g'), { follow: true })).ino).toBe(
        (await vfs.stat(at('/f'), { follow: true })).ino,
      );
      await rejects(vfs.link(at('/f'), at('/g')), 'exists');
      await rejects(vfs.link(at('/none'), at('/h')), 'not-found');
      await vfs.mkdir(at('/d'), 0o755);
      await rejects(vfs.link(at('/d'), at('/h')), 'is-a-folder');
      await vfs.symlink(at('/l'), 'f');
      await rejects(vfs.link(at('/l'), at('/h')), 'not-a-file');
      expect(await vfs.remove(at('/f'))).toMatchObject({ linksLeft: 1, bytesBefore: 5 });
      expect(await vfs.remove(at('/g'))).toMatchObject({ linksLeft: 0, bytesBefore: 5 });
    });

    test('rename without replace never touches what is there', async () => {
      await put('/a', 'A');
      await put('/b', 'B');
      await vfs.mkdir(at('/d'), 0o750);
      await vfs.mkdir(at('/e'), 0o755);
      await put('/d/x', 'X');
      const keep = { replace: false };
      await rejects(vfs.rename(at('/a'), at('/b'), keep), 'exists');
      await rejects(vfs.rename(at('/d'), at('/e'), keep), 'exists');
      await rejects(vfs.rename(at('/a'), at('/e'), keep), 'exists');
      await rejects(vfs.rename(at('/d'), at('/b'), keep), 'exists');
      await rejects(vfs.rename(at('/none'), at('/c'), keep), 'not-found');
      await rejects(vfs.rename(at('/a'), at('/none/c'), keep), 'not-found');
      expect(await get('/b')).toBe('B');
      const { ino } = await vfs.stat(at('/a'), { follow: true });
      const moved = await vfs.rename(at('/a'), at('/e/a'), keep);
      expect(moved).toMatchObject({ ino, linksLeft: 1, bytesBefore: 1, bytesAfter: 1, created: false });
      expect(moved.replaced).toBeUndefined();
      expect(await get('/e/a')).toBe('A');
      expect(await exists('/a')).toBe(false);
      await vfs.rename(at('/d'), at('/e/d'), keep);
      expect(await get('/e/d/x')).toBe('X');
      expect((await vfs.stat(at('/e/d'), { follow: true })).mode).toBe(0o750);
      await vfs.symlink(at('/l'), 'nowhere');
      await vfs.rename(at('/l'), at('/m'), keep);
      expect(await vfs.readlink(at('/m'))).toBe('nowhere');
    });

    test('rename with replace tells what was replaced', async () => {
      await put('/a', 'A');
      await put('/b', 'BB');
      const { ino } = await vfs.stat(at('/b'), { follow: true });
      const over = { replace: true };
      const moved = await vfs.rename(at('/a'), at('/b'), over);
      expect(moved.replaced).toMatchObject({ ino, kind: 'file', bytesBefore: 2, linksLeft: 0 });
      expect(await get('/b')).toBe('A');
      expect((await vfs.rename(at('/b'), at('/c'), over)).replaced).toBeUndefined();
      await vfs.mkdir(at('/d'), 0o755);
      await vfs.mkdir(at('/e'), 0o755);
      await rejects(vfs.rename(at('/c'), at('/d'), over), 'is-a-folder');
      await rejects(vfs.rename(at('/d'), at('/c'), over), 'not-a-folder');
      expect((await vfs.rename(at('/d'), at('/e'), over)).replaced).toMatchObject({
        kind: 'folder',
        linksLeft: 0,
      });
      await put('/e/x', 'x');
      await vfs.mkdir(at('/d'), 0o755);
      await rejects(vfs.rename(at('/d'), at('/e'), over), 'not-empty');
    });

    test('rename onto itself succeeds and does nothing; two names of one inode stay', async () => {
      await put('/a', 'A');
      await vfs.mkdir(at('/d'), 0o755);
      for (const replace of [false, true]) {
        const change = await vfs.rename(at('/a'), at('/d/../a'), { replace });
        expect(change).toMatchObject({ bytesBefore: 1, bytesAfter: 1, linksLeft: 1 });
        await vfs.rename(at('/d'), at('/d'), { replace });
      }
      await vfs.link(at('/a'), at('/b'));
      await rejects(vfs.rename(at('/a'), at('/b'), { replace: false }), 'exists');
      const change = await vfs.rename(at('/a'), at('/b'), { replace: true });
      expect(change.replaced).toBeUndefined();
      expect(change.linksLeft).toBe(2);
      expect(await names('/')).toEqual(['a', 'b', 'd']);
    });

    test('a folder is not moved into itself, and nothing is left of the try', async () => {
      await vfs.mkdir(at('/d'), 0o755);
      await vfs.mkdir(at('/d/e'), 0o755);
      for (const replace of [false, true]) {
        await rejects(vfs.rename(at('/d'), at('/d/f'), { replace }), 'invalid');
        await rejects(vfs.rename(at('/d'), at('/d/e/f'), { replace }), 'invalid');
      }
      expect(await names('/d')).toEqual(['e']);
      expect(await names('/d/e')).toEqual([]);
    });

    test("the home itself, '.' and '..' are never changed by name", async () => {
      await vfs.mkdir(at('/d'), 0o755);
      await put('/a', 'A');
      for (const replace of [false, true]) {
        await rejects(vfs.rename(at('/d/.'), at('/x'), { replace }), 'invalid');
        await rejects(vfs.rename(at('/d/..'), at('/x'), { replace }), 'invalid', 'denied');
        await rejects(vfs.rename(at('/'), at('/x'), { replace }), 'denied');
        await rejects(vfs.rename(at(''), at('/x'), { replace }), 'denied');
        await rejects(vfs.rename(at('/a'), at('/'), { replace }), 'denied');
        await rejects(vfs.rename(at('/a'), at('/d/..'), { replace }), 'invalid', 'denied');
      }
      await rejects(vfs.rmdir(at('/')), 'denied');
      await rejects(vfs.rmdir(at('/d/.')), 'invalid');
      await rejects(vfs.remove(at('/')), 'denied');
      await rejects(vfs.remove(at('/d/..')), 'invalid', 'denied');
      expect(await names('/')).toEqual(['a', 'd']);
    });

    test('symlinks: stored as text, followed inside, absolute ones from the root', async () => {
      await vfs.mkdir(at('/d'), 0o755);
      await put('/d/f', 'F');
      expect(await vfs.symlink(at('/rel'), 'd/f')).toMatchObject({
        created: true,
        kind: 'symlink',
        bytesAfter: 0,
      });
      await vfs.symlink(at('/abs'), '/d/f');
      await vfs.symlink(at('/up'), '../../../d');
      await vfs.symlink(at('/d/back'), '../rel');
      for (const path of ['/rel', '/abs', '/up/f', '/d/back', '/up/back']) expect(await get(path)).toBe('F');
      expect(await vfs.readlink(at('/up'))).toBe('../../../d');
      expect(await vfs.stat(at('/abs'), { follow: false })).toMatchObject({ kind: 'symlink', size: 4 });
      expect(await vfs.stat(at('/abs'), { follow: true })).toMatchObject({ kind: 'file', size: 1 });
      await rejects(vfs.readlink(at('/d/f')), 'invalid');
      await rejects(vfs.readlink(at('/none')), 'not-found');
      await rejects(vfs.symlink(at('/rel'), 'x'), 'exists');
      await rejects(vfs.symlink(at('/s'), ''), 'invalid');
      await vfs.remove(at('/rel'));
      expect(await get('/d/f')).toBe('F');
      expect(await names('/up/')).toEqual(['back', 'f']);
    });

    test('create through a dangling symlink makes its target, exclusively it is refused', async () => {
      await vfs.symlink(at('/l'), '/target');
      await rejects(vfs.open(at('/l'), { write: true, create: true, exclusive: true }), 'exists');
      expect(await exists('/target')).toBe(false);
      await put('/l', 'through');
      expect(await get('/target')).toBe('through');
      expect((await vfs.stat(at('/l'), { follow: false })).kind).toBe('symlink');
    });

    test('40 symlinks in a row resolve, the 41st does not; loops end', async () => {
      await put('/l0', 'end');
      for (let index = 1; index <= 41; index++) await vfs.symlink(at(`/l${index}`), `l${index - 1}`);
      expect(await get('/l40')).toBe('end');
      await rejects(vfs.open(at('/l41'), { read: true }), 'loop');
      await vfs.symlink(at('/x'), 'y');
      await vfs.symlink(at('/y'), 'x');
      await vfs.symlink(at('/me'), 'me/me');
      for (const path of ['/x', '/me', '/x/y']) await rejects(vfs.stat(at(path), { follow: true }), 'loop');
    });

    test('realpath: absolute and without symlinks; the last name may be missing', async () => {
      await vfs.mkdir(at('/d'), 0o755);
      await vfs.symlink(at('/l'), 'd');
      await put('/d/f', 'F');
      const real = async (path: string): Promise<string> => vfs.realpath(at(path));
      expect(await real('')).toBe(under.prefix === '' ? '/' : under.prefix);
      expect(await real('/')).toBe(under.prefix === '' ? '/' : under.prefix);
      expect(await real('/l')).toBe(at('/d'));
      expect(await real('/l/./../l//f')).toBe(at('/d/f'));
      expect(await real('/l/none')).toBe(at('/d/none'));
      await rejects(real('/none/none'), 'not-found');
      await rejects(real('/d/f/x'), 'not-a-folder');
    });

    test('names are bytes: not UTF-8, with every byte but NUL and slash, up to 255 of them (J3)', async () => {
      const every = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1))
        .filter((char) => char !== '/')
        .join('');
      const odd = ['\xff\xfe', '\xc0\xae\xc0\xae', '-rf', '~', '\\', '..\\..', 'a\nb', ' ', '...', every];
      for (const name of odd) await put(`/${name}`, name);
      expect(await names('/')).toEqual([...odd].sort());
      for (const name of odd) expect(await get(`/${name}`)).toBe(name);
      expect(await vfs.realpath(at(`/${every}`))).toBe(at(`/${every}`));
      await vfs.symlink(at('/l'), '\xff\xfe');
      expect(await vfs.readlink(at('/l'))).toBe('\xff\xfe');
    });

    test('NUL and over-long names are refused in every request', async () => {
      await put('/f', 'x');
      const bad: [string, FaultCode][] = [
        ['/a\0b', 'bad-name'],
        [`/${'n'.repeat(256)}`, 'name-too-long'],
        [`/${'n/'.repeat(2100)}`, 'name-too-long'],
      ];
      for (const [path, code] of bad) {
        for (const request of everyRequest(vfs, at(path), at('/f'))) await rejects(request(), code);
      }
      await rejects(vfs.symlink(at('/s'), 'a\0b'), 'bad-name');
      expect(await names('/')).toEqual(['f']);
    });

    test('space and stat of the root', async () => {
      expect((await vfs.stat(at('/'), { follow: true })).kind).toBe('folder');
      const space = await vfs.space(at('/'));
      expect(space.bytesFree).toBeGreaterThan(0);
      expect(space.bytesTotal).toBeGreaterThanOrEqual(space.bytesFree);
      expect(space).toMatchObject({ readOnly: false, nameMax: 255 });
      await rejects(vfs.space(at('/none')), 'not-found');
    });

    test('of many that create one name, or move to it without replace, exactly one wins', async () => {
      const count = 20;
      const fate = await Promise.allSettled(
        Array.from({ length: count }, () =>
          vfs.open(at('/one'), { write: true, create: true, exclusive: true }),
        ),
      );
      const won = fate.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(won).toHaveLength(1);
      for (const handle of won) await handle.close();

      for (let index = 0; index < count; index++) await put(`/f${index}`, `data ${index}`);
      const moves = await Promise.allSettled(
        Array.from({ length: count }, (_, index) =>
          vfs.rename(at(`/f${index}`), at('/target'), { replace: false }),
        ),
      );
      expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const left = await names('/');
      const contents = await Promise.all(
        left.filter((file) => file !== 'one').map((file) => get(`/${file}`)),
      );
      expect(contents.sort()).toEqual(Array.from({ length: count }, (_, index) => `data ${index}`).sort());
    });
  });
}

/** Each request that takes a path, with `path` in each of its places. */
export function everyRequest(
  vfs: Vfs,
  path: ByteString,
  other: ByteString,
): readonly (() => Promise<unknown>)[] {
  return [
    () => opened(vfs, path, { read: true }),
    () => opened(vfs, path, { write: true }),
    () => opened(vfs, path, { write: true, create: true, truncate: true }),
    () => opened(vfs, path, { append: true, create: true, exclusive: true }),
    async () => {
      const listing = await vfs.list(path);
      const entries = await listing.next(1000).finally(() => listing.close());
      return entries;
    },
    () => vfs.stat(path, { follow: true }),
    () => vfs.stat(path, { follow: false }),
    () => vfs.set(path, { mode: 0o640, times: { atime: 1, mtime: 2 } }, { follow: true }),
    () => vfs.set(path, { times: { atime: 1, mtime: 2 } }, { follow: false }),
    () => vfs.set(path, { size: 3 }, { follow: true }),
    () => vfs.readlink(path),
    () => vfs.realpath(path),
    () => vfs.space(path),
    () => vfs.link(path, `${other}.link`),
    () => vfs.link(other, path),
    () => vfs.symlink(path, 'target'),
    () => vfs.mkdir(path, 0o755),
    () => vfs.rename(path, `${other}.moved`, { replace: false }),
    () => vfs.rename(other, path, { replace: false }),
    () => vfs.rename(path, `${other}.moved`, { replace: true }),
    () => vfs.rename(other, path, { replace: true }),
    () => vfs.rmdir(path),
    () => vfs.remove(path),
  ];
}

/** Opens, reads what is there, writes a mark where it may, closes; what was read. */
async function opened(vfs: Vfs, path: ByteString, options: OpenOptions): Promise<string> {
  const handle = await vfs.open(path, options);
  try {
    if (options.write || options.append) await handle.write([Buffer.from('written by the client')], 0);
    if (!options.read) return '';
    const into = Buffer.alloc(4096);
    return into.toString('latin1', 0, await handle.read(into, 0));
  } finally {
    await handle.close();
  }
}

/** Fails unless the promise is rejected with a fault of one of these codes. */
export async function rejects(promise: Promise<unknown>, ...codes: readonly FaultCode[]): Promise<void> {
  const thrown = await promise.then(
    () => 'nothing was thrown',
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(Fault);
  expect(codes).toContain((thrown as Fault).code);
}
