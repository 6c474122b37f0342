import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getManyWith, type GetFile } from '../../src/client/get-many.js';
import type { Link } from '../../src/client/link.js';
import { localFromText } from '../../src/client/local-path.js';
import type { Remote, RemoteEntry } from '../../src/client/remote.js';
import { Fault } from '../../src/fault.js';
import { scale } from '../scale.js';
import { manyOptions } from './linked.js';

const place = { windows: false };
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-get-many-'));
});
afterEach(() => {
  rmSync(work, { recursive: true });
});

/** A link to a server of which only listings and kinds are asked. */
function linkTo(remote: Pick<Remote, 'list' | 'stat'>): Link {
  return {
    remote: () => Promise.resolve(remote as Remote),
    use: (use) => use(remote as Remote, { number: 0, progress: () => undefined }),
    end: () => Promise.resolve(),
  };
}

const entry = (name: string, size = 10): RemoteEntry => ({
  name,
  longname: name,
  stat: { kind: 'file', size, mode: 0o644 },
});

/** Moves nothing, and says that it did. */
const moved: GetFile = (_link, item) =>
  Promise.resolve({
    ...item,
    direction: 'get',
    outcome: 'transferred',
    size: 10,
    moved: 10,
    resumedAt: 0,
    verified: null,
    took: 0,
  });

describe('getManyWith', () => {
  it('gets files in the order they were named, in whatever order the server answers', async () => {
    const late = new Map([
      ['/a', 4],
      ['/c', 2],
    ]);
    const link = linkTo({
      stat: async (path) => {
        for (let turns = late.get(path) ?? 0; turns > 0; turns--) await settled();
        if (path === '/b') throw new Fault('not-found');
        return { kind: 'file', size: 10 };
      },
      list: () => expect.unreachable(),
    });
    const names: string[] = [];
    const getFile: GetFile = (...all) => {
      names.push(all[1].remote);
      return moved(...all);
    };
    const items = ['/a', '/b', '/c', '/d', '/e'].map((remote) => ({
      remote,
      local: localFromText(join(work, remote)),
    }));
    const { failed } = await getManyWith(getFile, link, items, manyOptions({ jobs: 1 }).options, place);
    expect(names).toEqual(['/a', '/c', '/d', '/e']);
    expect(failed.map(({ remote }) => remote)).toEqual(['/b']);
  });

  it('never has many names of a large folder, and knows the total long before its end', async () => {
    const files = scale('walkedFiles');
    /** Names given by each listing: the one that moves, and the one that counts. */
    const listed: number[] = [];
    let done = 0;
    let farthest = 0;
    let doneAtTotal = NaN;
    const link = linkTo({
      stat: () => Promise.resolve({ kind: 'folder' }),
      list: async function* () {
        const number = listed.push(0) - 1;
        for (let at = 0; at < files; at += 100) {
          await settled();
          yield Array.from({ length: Math.min(100, files - at) }, (_, index) => entry(`file-${at + index}`));
          listed[number] = at;
          if (number === 0) farthest = Math.max(farthest, at - done);
        }
      },
    });
    const { options, told } = manyOptions({ jobs: 8 });
    const getFile: GetFile = async (...all) => {
      await settled();
      done++;
      return moved(...all);
    };
    const watcher = {
      total: (bytes: number, count: number) => {
        told.totals.push([bytes, count]);
        doneAtTotal = done;
      },
    };
    const item = { remote: 'many', local: localFromText(join(work, 'many')) };
    const { results } = await getManyWith(getFile, link, [item], { ...options, watcher }, place);
    expect(results).toHaveLength(files);
    expect(told.totals).toEqual([[files * 10, files]]);
    expect(listed).toHaveLength(2);
    expect(farthest).toBeLessThan(1500);
    expect(doneAtTotal).toBeLessThan(files * 0.9);
  });

  it('does not count on when it has ended early', async () => {
    let listings = 0;
    let counted = 0;
    let ended = false;
    let after = 0;
    const link = linkTo({
      stat: () => Promise.resolve({ kind: 'folder' }),
      list: async function* () {
        const counts = ++listings === 2;
        for (let at = 0; ; at += 100) {
          await settled();
          if (counts) counted++;
          if (counts && ended && ++after > 100) throw new Error('it counts on');
          yield Array.from({ length: 100 }, (_, index) => entry(`file-${at + index}`));
        }
      },
    });
    const getFile: GetFile = async () => {
      while (counted === 0) await settled();
      throw new Fault('no-space');
    };
    const item = { remote: 'endless', local: localFromText(join(work, 'endless')) };
    await getManyWith(getFile, link, [item], manyOptions({ jobs: 1 }).options, place);
    ended = true;
    for (let turn = 0; turn < 200; turn++) await settled();
    expect(after).toBeLessThan(2);
  });

  it('lists a large folder once more after the connection broke, and moves each file once', async () => {
    let listings = 0;
    const remote: Pick<Remote, 'list' | 'stat'> = {
      stat: () => Promise.resolve({ kind: 'folder' }),
      list: async function* () {
        const first = ++listings === 1;
        await settled();
        yield ['a', 'b', 'c'].map((name) => entry(name));
        if (first) throw new Fault('no-connection');
        yield ['d', 'a'].map((name) => entry(name));
      },
    };
    const link: Link = {
      ...linkTo(remote),
      use: async (use) => {
        for (let number = 0; ; number++) {
          try {
            return await use(remote as Remote, { number, progress: () => undefined });
          } catch (thrown) {
            if (!(thrown instanceof Fault) || thrown.code !== 'no-connection' || number > 0) throw thrown;
          }
        }
      },
    };
    const { options } = manyOptions();
    const item = { remote: 'folder', local: localFromText(join(work, 'folder')) };
    const result = await getManyWith(moved, link, [item], options, place);
    expect(result.results.map(({ remote: path }) => path).sort()).toEqual([
      'folder/a',
      'folder/b',
      'folder/c',
      'folder/d',
    ]);
    expect(result.failed).toEqual([]);
  });

  it('refuses what the local disk has no room for, and begins nothing else', async () => {
    const link = linkTo({
      stat: () => Promise.resolve({ kind: 'folder' }),
      list: async function* () {
        await settled();
        yield [entry('huge', 2 ** 52), entry('small')];
      },
    });
    const item = { remote: 'folder', local: localFromText(join(work, 'folder')) };
    const refused = await getManyWith(moved, link, [item], manyOptions().options, place);
    expect(refused.results).toEqual([]);
    expect(refused.failed.map(({ remote, fault }) => [remote, fault.code])).toEqual([
      ['folder/huge', 'no-space'],
    ]);
    expect(refused.failed[0]?.fault.message).toMatch(/^needs 4\.5 PB, .* free of .* on the local disk$/);
    const unchecked = await getManyWith(
      moved,
      link,
      [item],
      manyOptions({ checkRoom: false }).options,
      place,
    );
    expect(unchecked.results).toHaveLength(2);
  });
});
