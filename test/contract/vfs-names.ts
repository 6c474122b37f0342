import { expect, test } from 'vitest';
import type { FaultCode } from '../../src/fault.js';
import { everyRequest, rejects } from './vfs-requests.js';
import type { VfsWork } from './vfs-work.js';

/** Links, renames, symlinks, and what a name may be. */
export function nameContract(work: VfsWork): void {
  const { at, put, get, names, exists } = work;

  test('links: one inode with several names, freed with the last', async () => {
    await put('/f', 'hello');
    expect(await work.vfs.link(at('/f'), at('/g'))).toMatchObject({
      created: false,
      linksLeft: 2,
      bytesAfter: 5,
    });
    expect((await work.vfs.stat(at('/g'), { follow: true })).ino).toBe(
      (await work.vfs.stat(at('/f'), { follow: true })).ino,
    );
    await rejects(work.vfs.link(at('/f'), at('/g')), 'exists');
    await rejects(work.vfs.link(at('/none'), at('/h')), 'not-found');
    await work.vfs.mkdir(at('/d'), 0o755);
    await rejects(work.vfs.link(at('/d'), at('/h')), 'is-a-folder');
    await work.vfs.symlink(at('/l'), 'f');
    await rejects(work.vfs.link(at('/l'), at('/h')), 'not-a-file');
    expect(await work.vfs.remove(at('/f'))).toMatchObject({ linksLeft: 1, bytesBefore: 5 });
    expect(await work.vfs.remove(at('/g'))).toMatchObject({ linksLeft: 0, bytesBefore: 5 });
  });

  test('rename without replace never touches what is there', async () => {
    await put('/a', 'A');
    await put('/b', 'B');
    await work.vfs.mkdir(at('/d'), 0o750);
    await work.vfs.mkdir(at('/e'), 0o755);
    await put('/d/x', 'X');
    const keep = { replace: false };
    await rejects(work.vfs.rename(at('/a'), at('/b'), keep), 'exists');
    await rejects(work.vfs.rename(at('/d'), at('/e'), keep), 'exists');
    await rejects(work.vfs.rename(at('/a'), at('/e'), keep), 'exists');
    await rejects(work.vfs.rename(at('/d'), at('/b'), keep), 'exists');
    await rejects(work.vfs.rename(at('/none'), at('/c'), keep), 'not-found');
    await rejects(work.vfs.rename(at('/a'), at('/none/c'), keep), 'not-found');
    expect(await get('/b')).toBe('B');
    const { ino } = await work.vfs.stat(at('/a'), { follow: true });
    const moved = await work.vfs.rename(at('/a'), at('/e/a'), keep);
    expect(moved).toMatchObject({ ino, linksLeft: 1, bytesBefore: 1, bytesAfter: 1, created: false });
    expect(moved.replaced).toBeUndefined();
    expect(await get('/e/a')).toBe('A');
    expect(await exists('/a')).toBe(false);
    await work.vfs.rename(at('/d'), at('/e/d'), keep);
    expect(await get('/e/d/x')).toBe('X');
    expect((await work.vfs.stat(at('/e/d'), { follow: true })).mode).toBe(0o750);
    await work.vfs.symlink(at('/l'), 'nowhere');
    await work.vfs.rename(at('/l'), at('/m'), keep);
    expect(await work.vfs.readlink(at('/m'))).toBe('nowhere');
  });

  test('rename with replace tells what was replaced', async () => {
    await put('/a', 'A');
    await put('/b', 'BB');
    const { ino } = await work.vfs.stat(at('/b'), { follow: true });
    const over = { replace: true };
    const moved = await work.vfs.rename(at('/a'), at('/b'), over);
    expect(moved.replaced).toMatchObject({ ino, kind: 'file', bytesBefore: 2, linksLeft: 0 });
    expect(await get('/b')).toBe('A');
    expect((await work.vfs.rename(at('/b'), at('/c'), over)).replaced).toBeUndefined();
    await work.vfs.mkdir(at('/d'), 0o755);
    await work.vfs.mkdir(at('/e'), 0o755);
    await rejects(work.vfs.rename(at('/c'), at('/d'), over), 'is-a-folder');
    await rejects(work.vfs.rename(at('/d'), at('/c'), over), 'not-a-folder');
    expect((await work.vfs.rename(at('/d'), at('/e'), over)).replaced).toMatchObject({
      kind: 'folder',
      linksLeft: 0,
    });
    await put('/e/x', 'x');
    await work.vfs.mkdir(at('/d'), 0o755);
    await rejects(work.vfs.rename(at('/d'), at('/e'), over), 'not-empty');
  });

  test('rename onto itself succeeds and does nothing; two names of one inode stay', async () => {
    await put('/a', 'A');
    await work.vfs.mkdir(at('/d'), 0o755);
    for (const replace of [false, true]) {
      const change = await work.vfs.rename(at('/a'), at('/d/../a'), { replace });
      expect(change).toMatchObject({ bytesBefore: 1, bytesAfter: 1, linksLeft: 1 });
      await work.vfs.rename(at('/d'), at('/d'), { replace });
    }
    await work.vfs.link(at('/a'), at('/b'));
    await rejects(work.vfs.rename(at('/a'), at('/b'), { replace: false }), 'exists');
    const change = await work.vfs.rename(at('/a'), at('/b'), { replace: true });
    expect(change.replaced).toBeUndefined();
    expect(change.linksLeft).toBe(2);
    expect(await names('/')).toEqual(['a', 'b', 'd']);
  });

  test('a folder is not moved into itself, and nothing is left of the try', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await work.vfs.mkdir(at('/d/e'), 0o755);
    for (const replace of [false, true]) {
      await rejects(work.vfs.rename(at('/d'), at('/d/f'), { replace }), 'invalid');
      await rejects(work.vfs.rename(at('/d'), at('/d/e/f'), { replace }), 'invalid');
    }
    expect(await names('/d')).toEqual(['e']);
    expect(await names('/d/e')).toEqual([]);
  });

  test("the home itself, '.' and '..' are never changed by name", async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await put('/a', 'A');
    for (const replace of [false, true]) {
      await rejects(work.vfs.rename(at('/d/.'), at('/x'), { replace }), 'invalid');
      await rejects(work.vfs.rename(at('/d/..'), at('/x'), { replace }), 'invalid', 'denied');
      await rejects(work.vfs.rename(at('/'), at('/x'), { replace }), 'denied');
      await rejects(work.vfs.rename(at(''), at('/x'), { replace }), 'denied');
      await rejects(work.vfs.rename(at('/a'), at('/'), { replace }), 'denied');
      await rejects(work.vfs.rename(at('/a'), at('/d/..'), { replace }), 'invalid', 'denied');
    }
    await rejects(work.vfs.rmdir(at('/')), 'denied');
    await rejects(work.vfs.rmdir(at('/d/.')), 'invalid');
    await rejects(work.vfs.remove(at('/')), 'denied');
    await rejects(work.vfs.remove(at('/d/..')), 'invalid', 'denied');
    expect(await names('/')).toEqual(['a', 'd']);
  });

  test('symlinks: stored as text, followed inside, absolute ones from the root', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await put('/d/f', 'F');
    expect(await work.vfs.symlink(at('/rel'), 'd/f')).toMatchObject({
      created: true,
      kind: 'symlink',
      bytesAfter: 0,
    });
    await work.vfs.symlink(at('/abs'), '/d/f');
    await work.vfs.symlink(at('/up'), '../../../d');
    await work.vfs.symlink(at('/d/back'), '../rel');
    for (const path of ['/rel', '/abs', '/up/f', '/d/back', '/up/back']) expect(await get(path)).toBe('F');
    expect(await work.vfs.readlink(at('/up'))).toBe('../../../d');
    expect(await work.vfs.stat(at('/abs'), { follow: false })).toMatchObject({ kind: 'symlink', size: 4 });
    expect(await work.vfs.stat(at('/abs'), { follow: true })).toMatchObject({ kind: 'file', size: 1 });
    await rejects(work.vfs.readlink(at('/d/f')), 'invalid');
    await rejects(work.vfs.readlink(at('/none')), 'not-found');
    await rejects(work.vfs.symlink(at('/rel'), 'x'), 'exists');
    await rejects(work.vfs.symlink(at('/s'), ''), 'invalid');
    await work.vfs.remove(at('/rel'));
    expect(await get('/d/f')).toBe('F');
    expect(await names('/up/')).toEqual(['back', 'f']);
  });

  test('create through a dangling symlink makes its target, exclusively it is refused', async () => {
    await work.vfs.symlink(at('/l'), '/target');
    await rejects(work.vfs.open(at('/l'), { write: true, create: true, exclusive: true }), 'exists');
    expect(await exists('/target')).toBe(false);
    await put('/l', 'through');
    expect(await get('/target')).toBe('through');
    expect((await work.vfs.stat(at('/l'), { follow: false })).kind).toBe('symlink');
  });

  test('an open that follows nothing refuses a symlink as the last name, and follows those before it', async () => {
    await put('/f', 'hello');
    await work.vfs.mkdir(at('/d'), 0o755);
    await put('/d/g', 'G');
    await work.vfs.symlink(at('/l'), 'f');
    await work.vfs.symlink(at('/dangling'), 'none');
    await work.vfs.symlink(at('/folder'), 'd');
    const truncating = { write: true, create: true, truncate: true, nofollow: true };
    await rejects(work.vfs.open(at('/l'), truncating), 'not-a-file');
    await rejects(work.vfs.open(at('/l'), { write: true, nofollow: true }), 'not-a-file');
    await rejects(work.vfs.open(at('/dangling'), truncating), 'not-a-file');
    expect(await get('/f')).toBe('hello');
    expect(await exists('/none')).toBe(false);
    for (const path of ['/f', '/folder/g', '/new']) {
      await work.using(path, truncating, async (handle) => {
        expect(handle.opened.bytesAfter).toBe(0);
        await handle.write([Buffer.from('x')], 0);
      });
      expect(await get(path)).toBe('x');
    }
  });

  test('40 symlinks in a row resolve, the 41st does not; loops end', async () => {
    await put('/l0', 'end');
    for (let index = 1; index <= 41; index++) await work.vfs.symlink(at(`/l${index}`), `l${index - 1}`);
    expect(await get('/l40')).toBe('end');
    await rejects(work.vfs.open(at('/l41'), { read: true }), 'loop');
    await work.vfs.symlink(at('/x'), 'y');
    await work.vfs.symlink(at('/y'), 'x');
    await work.vfs.symlink(at('/me'), 'me/me');
    for (const path of ['/x', '/me', '/x/y'])
      await rejects(work.vfs.stat(at(path), { follow: true }), 'loop');
  });

  test('realpath: absolute and without symlinks; the last name may be missing', async () => {
    await work.vfs.mkdir(at('/d'), 0o755);
    await work.vfs.symlink(at('/l'), 'd');
    await put('/d/f', 'F');
    const real = async (path: string): Promise<string> => work.vfs.realpath(at(path));
    expect(await real('')).toBe(work.prefix === '' ? '/' : work.prefix);
    expect(await real('/')).toBe(work.prefix === '' ? '/' : work.prefix);
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
    expect(await work.vfs.realpath(at(`/${every}`))).toBe(at(`/${every}`));
    await work.vfs.symlink(at('/l'), '\xff\xfe');
    expect(await work.vfs.readlink(at('/l'))).toBe('\xff\xfe');
  });

  test('NUL and over-long names are refused in every request', async () => {
    await put('/f', 'x');
    const bad: [string, FaultCode][] = [
      ['/a\0b', 'bad-name'],
      [`/${'n'.repeat(256)}`, 'name-too-long'],
      [`/${'n/'.repeat(2100)}`, 'name-too-long'],
    ];
    for (const [path, code] of bad) {
      for (const request of everyRequest(work.vfs, at(path), at('/f'))) await rejects(request(), code);
    }
    await rejects(work.vfs.symlink(at('/s'), 'a\0b'), 'bad-name');
    expect(await names('/')).toEqual(['f']);
  });

  test('space and stat of the root', async () => {
    expect((await work.vfs.stat(at('/'), { follow: true })).kind).toBe('folder');
    const space = await work.vfs.space(at('/'));
    expect(space.bytesFree).toBeGreaterThan(0);
    expect(space.bytesTotal).toBeGreaterThanOrEqual(space.bytesFree);
    expect(space).toMatchObject({ readOnly: false, nameMax: 255 });
    await rejects(work.vfs.space(at('/none')), 'not-found');
  });

  test('of many that create one name, or move to it without replace, exactly one wins', async () => {
    const count = 20;
    const fate = await Promise.allSettled(
      Array.from({ length: count }, () =>
        work.vfs.open(at('/one'), { write: true, create: true, exclusive: true }),
      ),
    );
    const won = fate.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(won).toHaveLength(1);
    for (const handle of won) await handle.close();

    for (let index = 0; index < count; index++) await put(`/f${index}`, `data ${index}`);
    const moves = await Promise.allSettled(
      Array.from({ length: count }, (_, index) =>
        work.vfs.rename(at(`/f${index}`), at('/target'), { replace: false }),
      ),
    );
    expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const left = await names('/');
    const contents = await Promise.all(left.filter((file) => file !== 'one').map((file) => get(`/${file}`)));
    expect(contents.sort()).toEqual(Array.from({ length: count }, (_, index) => `data ${index}`).sort());
  });
}
