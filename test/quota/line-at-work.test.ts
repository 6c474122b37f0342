import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { DelegatingHandle, DelegatingVfs } from '../../src/vfs/delegating.js';
import type { Change, Handle, OpenOptions, Vfs } from '../../src/vfs/vfs.js';
import { Fleet } from './fleet.js';

const create = { write: true, create: true } as const;
const none = { bytes: null, files: null } as const;

async function full(vfs: Vfs, path: string, size: number): Promise<Handle> {
  const handle = await vfs.open(path, create);
  await handle.write([Buffer.alloc(size)], 0);
  return handle;
}

async function refusal(doing: Promise<unknown>): Promise<Fault> {
  const thrown = await doing.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (thrown instanceof Fault) return thrown;
  throw thrown instanceof Error ? thrown : new Error(String(thrown));
}

describe('a home at its line', () => {
  it('gives the last byte to whoever needs it: what others hold and do not use is called back [L2]', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 1000, files: null } });
    const [first, second, third] = [fleet.ship().session(), fleet.ship().session(), fleet.ship().session()];
    const handles = [await full(first, '/a', 1), await full(second, '/b', 1), await full(third, '/c', 1)];
    await handles[1]?.write([Buffer.alloc(996)], 1);
    await handles[2]?.write([Buffer.alloc(1)], 1);
    expect(
      (await refusal(handles[0]?.write([Buffer.alloc(1)], 1) ?? Promise.reject(new Error()))).message,
    ).toBe('quota exceeded: 1 KB of 1 KB used, 1 B more needed');
    expect(fleet.tree.used).toEqual({ bytes: 1000, files: 3 });
    for (const handle of handles) await handle.close();
    for (const vfs of [first, second, third]) await vfs.close();
    await fleet.settled();
    await fleet.end();
  });

  it('leaves what OPEN with TRUNC has freed to its handle until that is closed [L2]', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 1000, files: null } });
    const [mine, other] = [fleet.ship().session(), fleet.ship().session()];
    await (await full(mine, '/a', 1000)).close();
    const again = await mine.open('/a', { write: true, truncate: true });
    const thief = await other.open('/b', create);
    expect((await refusal(thief.write([Buffer.alloc(1)], 0))).code).toBe('quota');
    await again.write([Buffer.alloc(400)], 0);
    await again.close();
    await thief.write([Buffer.alloc(600)], 0);
    await thief.close();
    for (const vfs of [mine, other]) await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 1000, files: 2 });
    await fleet.end();
  });

  it('waits 5 s for a process that hangs, once; what that holds is a small part of the room [L2]', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 8000, files: null }, haste: 20 });
    const ships = [fleet.ship(), fleet.ship()] as const;
    const [mine, hung] = [ships[0].session(), ships[1].session()];
    const handle = await full(mine, '/a', 1);
    const other = await full(hung, '/b', 1);
    ships[1].hang();
    await handle.write([Buffer.alloc(6000)], 0);
    const from = performance.now();
    expect((await refusal(handle.write([Buffer.alloc(7999)], 0))).code).toBe('busy');
    const waited = (performance.now() - from) * fleet.haste;
    expect(waited).toBeGreaterThanOrEqual(4900);
    // Again and again: it is known to hang, and nobody waits another time.
    const since = performance.now();
    for (let n = 0; n < 20; n++)
      expect((await refusal(handle.write([Buffer.alloc(7999)], 0))).code).toBe('busy');
    expect((performance.now() - since) * fleet.haste).toBeLessThan(20 * 2500);
    ships[1].resume();
    await expect
      .poll(() => handle.write([Buffer.alloc(7999)], 0).then(() => 'written', String))
      .toBe('written');
    await handle.close();
    await other.close();
    for (const vfs of [mine, hung]) await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 8000, files: 2 });
    await fleet.end();
  });

  it('calls back what a process held that gave up waiting for the owner, and holds nothing any more [L2]', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 8000, files: null }, haste: 50 });
    const [owner, peer] = [fleet.ship(), fleet.ship()];
    const [mine, other] = [owner.session(), peer.session()];
    await mine.mkdir('/d', 0o755);
    const handle = await full(other, '/b', 1);
    owner.hang();
    expect((await refusal(handle.write([Buffer.alloc(7000)], 0))).code).toBe('busy');
    await handle.close();
    owner.resume();
    const all = await full(mine, '/a', 7999);
    await all.close();
    for (const vfs of [mine, other]) await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 8000, files: 3 });
    await fleet.end();
  });

  it('lets growth that seems not to fit wait for the count after a crash; then it fits [L2, L4]', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 1_000_000, files: null } });
    const dead = fleet.ship();
    await full(dead.session(), '/a', 10);
    expect(fleet.row?.bytesCeiling).toBe(1_000_000);
    await dead.kill();
    const vfs = fleet.ship().session();
    const handle = await full(vfs, '/b', 999_990);
    expect((await refusal(handle.write([Buffer.alloc(1)], 999_990))).code).toBe('quota');
    await handle.close();
    await vfs.close();
    await fleet.settled();
    await fleet.end();
  });

  it('gives back what was written to a file while the news of its removal was on the way [L3]', async () => {
    const fleet = await Fleet.launch({ line: none });
    const ship = fleet.ship();
    const late = new LateNews(fleet.tree);
    const [vfs, remover] = [ship.session(), ship.quotas.limited(fleet.home, late)];
    const handle = await full(vfs, '/a', 10);
    const removing = remover.remove('/a');
    await late.done;
    await handle.write([Buffer.alloc(13)], 10);
    await handle.close();
    late.tell();
    await removing;
    expect(await fleet.settled()).toEqual({ bytes: 0, files: 0 });
    for (const one of [vfs, remover]) await one.close();
    await fleet.end();
  });

  it('writes to the store less than 100 times for an upload of 1 GiB', async () => {
    const fleet = await Fleet.launch({ line: { bytes: 2 ** 30, files: null } });
    const ship = fleet.ship();
    const vfs = ship.quotas.limited(fleet.home, new Hollow(fleet.tree));
    const before = fleet.saves;
    const handle = await vfs.open('/large', create);
    const piece = Buffer.alloc(256 * 1024);
    for (let at = 0; at < 2 ** 30; at += piece.length) await handle.write([piece], at);
    await handle.close();
    expect(fleet.saves - before).toBeLessThan(100);
    await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 2 ** 30, files: 1 });
    await fleet.end();
  });

  it('gives back what a process that dies had open, whoever wrote last', async () => {
    const fleet = await Fleet.launch({ line: none });
    const [owner, writer, reader] = [fleet.ship(), fleet.ship(), fleet.ship()];
    const first = owner.session();
    await first.mkdir('/d', 0o755);
    const seen = reader.session();
    await seen.mkdir('/e', 0o755);
    const handle = await writer.session().open('/f', create);
    await handle.write([Buffer.alloc(1)], 0);
    // It sees the file as it is now, and cannot know what comes before it writes itself.
    const late = await seen.open('/f', { write: true });
    await handle.write([Buffer.alloc(100)], 0);
    await writer.kill();
    await fleet.settled();
    await late.write([Buffer.alloc(100)], 50);
    expect((await owner.quotas.usage(fleet.home)).bytes).toBe(150);
    await late.close();
    for (const vfs of [first, seen]) await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 150, files: 3 });
    await fleet.end();
  });

  it('looks again at a file that the owner wrote to until it died, before it is written [L4]', async () => {
    const fleet = await Fleet.launch({ line: none });
    const [owner, other] = [fleet.ship(), fleet.ship()];
    const first = await owner.session().open('/f', create);
    await first.write([Buffer.alloc(100)], 0);
    const vfs = other.session();
    await vfs.mkdir('/e', 0o755);
    const handle = await vfs.open('/f', { write: true });
    await first.write([Buffer.alloc(100)], 100);
    owner.hang();
    const writing = handle.write([Buffer.alloc(50)], 0);
    await owner.kill();
    await writing;
    await handle.close();
    expect(await fleet.settled()).toEqual({ bytes: 200, files: 2 });
    await vfs.close();
    await fleet.settled();
    await fleet.end();
  });

  it('takes a home with the ceilings that its owner had raised just before it died [L4]', async () => {
    const fleet = await Fleet.launch({ line: none });
    const owner = fleet.ship();
    const session = owner.session();
    // It owns the home from now on, and has written nothing yet.
    await session.space('/');
    const { usage } = fleet.store;
    let looks = 0;
    const next = fleet.ship({
      ...usage,
      get: async (homeId) => {
        const row = await usage.get(homeId);
        if (looks++ === 0) {
          await full(session, '/a', 10);
          await owner.kill();
        }
        return row;
      },
    });
    const vfs = next.session();
    await vfs.mkdir('/e', 0o755);
    expect(await fleet.settled()).toEqual({ bytes: 10, files: 2 });
    await vfs.close();
    await fleet.end();
    fleet.assertSound();
  });

  it('keeps a claim that it was to give up to an owner that died before its writes had ended [L4, L6]', async () => {
    // Just enough: what grows waits for the count, which hears nothing of it.
    const fleet = await Fleet.launch({ line: { bytes: 200_000_010, files: null } });
    const [owner, other] = [fleet.ship(), fleet.ship()];
    const first = await owner.session().open('/f', create);
    const vfs = other.session();
    const handle = await vfs.open('/f', { write: true });
    await handle.write([Buffer.alloc(10)], 0);
    const growing = handle.set({ size: 200_000_000 });
    first.write([Buffer.alloc(10)], 0).catch(() => undefined);
    // Both have asked the other one by now; the owner gets no further.
    for (let jobs = 0; jobs < 100; jobs++) await Promise.resolve();
    owner.hang();
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    await owner.kill();
    await growing;
    await handle.set({ size: 200_000_010 });
    expect((await other.quotas.usage(fleet.home)).bytes).toBe(200_000_010);
    await handle.close();
    await vfs.close();
    expect(await fleet.settled()).toEqual({ bytes: 200_000_010, files: 1 });
    await fleet.end();
  });

  it.each(['busy', 'no-space'] as const)(
    'refuses what a store that says %s cannot note, and loses nothing',
    async (code) => {
      const fleet = await Fleet.launch({ line: { bytes: 500_000_000, files: null } });
      const vfs = fleet.ship().session();
      const handle = await full(vfs, '/a', 1);
      fleet.ill = new Fault(code);
      expect((await refusal(handle.set({ size: 200_000_000 }))).code).toBe(code);
      expect((await refusal(filled(vfs))).code).toBe(code);
      // What is there is opened, written within its size, renamed and removed all the same.
      const again = await vfs.open('/a', create);
      await again.write([Buffer.alloc(1)], 0);
      await again.close();
      await vfs.rename('/a', '/b', { replace: true });
      fleet.ill = null;
      await handle.set({ size: 200_000_000 });
      await handle.close();
      expect(await vfs.space('/')).toMatchObject({ bytesFree: 300_000_000 });
      await vfs.close();
      await fleet.settled();
      await fleet.end();
      fleet.assertSound();
    },
  );

  it('counts by itself what is in doubt since the store could not note a link', async () => {
    const fleet = await Fleet.launch({ line: none });
    const ship = fleet.ship();
    const vfs = ship.session();
    await (await full(vfs, '/a', 10)).close();
    fleet.ill = new Fault('busy');
    await vfs.link('/a', '/b');
    fleet.ill = null;
    expect(await ship.quotas.usage(fleet.home)).toMatchObject({ counted: false });
    await expect.poll(() => ship.quotas.usage(fleet.home)).toMatchObject({ counted: true });
    await vfs.remove('/a');
    await vfs.remove('/b');
    expect(await fleet.settled()).toEqual({ bytes: 0, files: 0 });
    await vfs.close();
    await fleet.end();
  });

  it('never goes below 0, and says that it has drifted until a scan [L5]', async () => {
    const fleet = await Fleet.launch({ line: none });
    const ship = fleet.ship();
    const vfs = ship.session();
    await (await full(vfs, '/a', 10)).close();
    // Behind the server's back.
    const behind = await fleet.tree.open('/a', { write: true });
    await behind.set({ size: 1000 });
    await behind.close();
    expect(await ship.quotas.usage(fleet.home)).toMatchObject({ bytes: 10, files: 1 });
    await vfs.remove('/a');
    expect(await ship.quotas.usage(fleet.home)).toMatchObject({ bytes: 0, files: 0, drift: true });
    await expect
      .poll(() => ship.warnings)
      .toEqual([
        "the home /homes/alice: it was changed behind the server's back: 'plimsoll quota scan' finds out what it holds",
      ]);
    await ship.quotas.scan(fleet.home, { check: false });
    expect(await ship.quotas.usage(fleet.home)).not.toHaveProperty('drift');
    await vfs.close();
    await fleet.end();
  });
});

/** Makes files until something is said against it. */
async function filled(vfs: Vfs): Promise<void> {
  for (let n = 0; n < 1000; n++) await (await vfs.open(`/new-${n}`, create)).close();
}

/** Removes at once, and says so when it is told to. */
class LateNews extends DelegatingVfs {
  #removed: () => void = () => undefined;
  readonly done = new Promise<void>((resolve) => (this.#removed = resolve));
  tell: () => void = () => undefined;
  readonly #told = new Promise<void>((resolve) => (this.tell = resolve));

  override async remove(path: string): Promise<Change> {
    const change = await super.remove(path);
    this.#removed();
    await this.#told;
    return change;
  }
}

/** Files without content: of what is written only the length counts. */
class Hollow extends DelegatingVfs {
  override async open(path: string, options: OpenOptions): Promise<Handle> {
    return new HollowHandle(await super.open(path, options));
  }
}

class HollowHandle extends DelegatingHandle {
  override async write(slices: readonly Buffer[], position: number): Promise<Change> {
    const length = slices.reduce((sum, slice) => sum + slice.length, 0);
    const { size } = await this.inner.stat();
    return this.inner.set({ size: Math.max(size, position + length) });
  }
}
