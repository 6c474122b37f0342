import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import type { SessionContext } from '../../../src/sftp/context.js';
import { BlockPool } from '../../../src/sftp/block-pool.js';
import { Gate } from '../../../src/channel/gate.js';
import { Handles } from '../../../src/sftp/handles.js';
import { HashPool } from '../../../src/hash/hash-pool.js';
import { memoryVfs } from '../../../src/vfs/memory.js';
import type { Listing, Stats } from '../../../src/vfs/vfs.js';
import { readdir } from '../../../src/sftp/requests/folders.js';
import { statusCodes } from '../../../src/wire/status.js';
import { scale } from '../../scale.js';
import { sessionOptions } from '../session-options.js';
import { watchedVfs } from '../watched-vfs.js';
import { started } from './asking.js';

/** A folder of so many entries, each made when it is asked for. */
function folderOf(
  nameOf: (index: number) => string,
  count = Infinity,
): { readonly listing: Listing; readonly asked: readonly number[] } {
  const asked: number[] = [];
  let next = 0;
  const listing: Listing = {
    path: '/',
    next: (most) => {
      asked.push(most);
      const names = Array.from({ length: Math.max(0, Math.min(most, count - next)) }, () => nameOf(next++));
      return Promise.resolve(names.map((name) => ({ name, stats })));
    },
    close: () => Promise.resolve(),
  };
  return { listing, asked };
}

const stats: Stats = {
  ...{
    kind: 'file',
    size: 2 ** 50,
    mode: 0o644,
    uid: 1,
    gid: 1,
    atime: 0,
    mtime: 0,
    nlink: 1,
    dev: 1,
    ino: 1,
  },
};

function contextOf(handles: Handles): SessionContext {
  const whole = sessionOptions({});
  return {
    ...whole,
    ...{ handles, hashes: new HashPool(), blocks: new BlockPool(0), gate: new Gate(2) },
    signal: new AbortController().signal,
  };
}

describe('READDIR [PROTOCOL 3.7]', () => {
  it('fills its replies, whatever the length of the names', async () => {
    for (const length of [5, 30, 120, 255]) {
      const handles = new Handles(10);
      const folder = folderOf((index) => `${index}`.padStart(length, 'n'));
      const handle = await handles.openFolder(() => Promise.resolve(folder.listing));
      const sizes: number[] = [];
      for (let round = 0; round < 10; round++) {
        sizes.push((await readdir({ kind: 'readdir', id: round, handle }, contextOf(handles))).length);
      }
      expect(Math.max(...sizes)).toBeLessThanOrEqual(32_768);
      expect(Math.min(...sizes)).toBeGreaterThan(30_000);
      expect(folder.asked.length).toBeLessThan(30);
    }
  });

  it('of hundreds of folders at once keeps few entries in memory', async () => {
    const handles = new Handles(1000);
    const context = contextOf(handles);
    for (let index = 0; index < 1000; index++) {
      // Short names first, so that many are asked for, and then the longest there are.
      const folder = folderOf((entry) => 'n'.repeat(entry < 250 ? 3 : 255));
      const handle = await handles.openFolder(() => Promise.resolve(folder.listing));
      for (let round = 0; round < 2; round++) await readdir({ kind: 'readdir', id: 1, handle }, context);
    }
    expect(handles.pendingEntries).toBeLessThan(2000);
    await handles.closeAll();
    expect(handles.pendingEntries).toBe(0);
  });

  it('gives what it had when the disk fails in the middle, and then says so', async () => {
    let calls = 0;
    const inner = memoryVfs();
    for (let index = 0; index < 300; index++) await inner.mkdir(`/${index}`, 0o755);
    const { vfs } = watchedVfs({
      inner,
      before: (call) =>
        call === 'next' && ++calls > 1 ? Promise.reject(new Fault('failure', 'the disk is gone')) : undefined,
    });
    const pair = await started({ vfs });
    const opened = await pair.ask({ kind: 'opendir', path: '/' });
    const handle = opened.kind === 'handle' ? opened.handle : '';
    const first = await pair.ask({ kind: 'readdir', handle });
    expect(first.kind === 'name' && first.entries.length).toBeGreaterThan(100);
    expect(await pair.ask({ kind: 'readdir', handle })).toMatchObject({
      kind: 'status',
      code: statusCodes.failure,
    });
  });

  it('lists very many entries, each once', async () => {
    const count = scale('listedEntries');
    const { listing } = folderOf((index) => `entry-${index}`, count);
    const inner = memoryVfs();
    const vfs = new Proxy(inner, {
      get: (target, key) =>
        key === 'list'
          ? () => Promise.resolve(listing)
          : (Reflect.get(target, key, target) as (...args: unknown[]) => unknown).bind(target),
    });
    const pair = await started({ vfs });
    const opened = await pair.ask({ kind: 'opendir', path: '/' });
    const handle = opened.kind === 'handle' ? opened.handle : '';
    const seen = new Set<string>();
    let replies = 0;
    for (;;) {
      const reply = await pair.ask({ kind: 'readdir', handle });
      if (reply.kind !== 'name') break;
      replies++;
      for (const { name } of reply.entries) seen.add(name);
    }
    expect(seen.size).toBe(count + 2);
    expect(replies).toBeLessThan(count / 200);
  });
});
