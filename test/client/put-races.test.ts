import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import { putStream } from '../../src/client/put-stream.js';
import type { Remote, RemoteHandle } from '../../src/client/remote.js';
import { Fault, toFault } from '../../src/fault.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, keyedAccounts, linkTo, md5, rig } from './transfer-rig.js';

const data = randomBytes(900_000);

let work: string;
let server: TestServer;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-races-'));
  server = await startTestServer({ accounts: keyedAccounts });
  link = linkTo(server);
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await link.end();
  await server.close();
  rmSync(work, { recursive: true });
});

function local(name: string, bytes: string | Uint8Array): string {
  writeFileSync(join(work, name), bytes);
  return fromText(join(work, name));
}

/** The real server but for what is changed in one attempt or another, and what happens between two. */
function changedLink(
  change: (remote: Remote, attempt: number) => Partial<Remote>,
  between: () => Promise<void> = () => Promise.resolve(),
): Link {
  const changed = (remote: Remote, attempt: number): Remote => {
    const changes = change(remote, attempt);
    return new Proxy(remote, {
      get: (target, key) => {
        if (Object.hasOwn(changes, key)) return Reflect.get(changes, key) as unknown;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  return {
    remote: async () => changed(await link.remote(), 0),
    use: async (work) => {
      const remote = await link.remote();
      for (let number = 0; ; number++) {
        try {
          return await work(changed(remote, number), { number, progress: () => undefined });
        } catch (thrown) {
          if (toFault(thrown).code !== 'no-connection' || number > 3) throw thrown;
          await between();
        }
      }
    },
    end: () => Promise.resolve(),
  };
}

/** The first connection breaks after so many writes. */
function breaking(writes: number, between: () => Promise<void>): Link {
  return changedLink(
    (remote, attempt) =>
      attempt > 0
        ? {}
        : { open: async (path, mode) => breakingHandle(await remote.open(path, mode), writes) },
    between,
  );
}

function breakingHandle(handle: RemoteHandle, writes: number): RemoteHandle {
  let left = writes;
  return {
    read: (offset, length) => handle.read(offset, length),
    write: (offset, bytes) =>
      left-- > 0 ? handle.write(offset, bytes) : Promise.reject(new Fault('no-connection')),
    stat: () => handle.stat(),
    setStat: (changes) => handle.setStat(changes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

describe('a target that appears while little is sent slowly', () => {
  it('is not replaced at a server whose RENAME might', async () => {
    const slow = new PassThrough();
    slow.write('a little');
    let passed = 0;
    const real = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() + passed);
    const careless = changedLink((remote) => ({ facts: { ...remote.facts, renameKeeps: false } }));
    const onMoved = (): void => {
      passed = 60_000;
      void server.write('/late', 'somebody else').then(() => slow.end());
    };
    const fault = await faultOf(putStream(careless, slow, 'late', rig({ onMoved }).options));
    expect(fault.code).toBe('exists');
    expect((await server.read('/late')).toString()).toBe('somebody else');
    expect((await server.read('/late.filepart')).toString()).toBe('a little');
  });
});

describe('a part that is not there any more after a broken connection', () => {
  it('is not taken to have been renamed, where the name has what it had before', async () => {
    await server.write('/same', 'old');
    const cut = changedLink((remote, attempt) => ({
      rename: async (from, to, how) => {
        if (attempt > 0) return remote.rename(from, to, how);
        await remote.remove(from);
        throw new Fault('no-connection');
      },
    }));
    const { options } = rig({ collision: 'overwrite' });
    const fault = await faultOf(putFile(cut, { remote: 'same', local: local('same', 'new') }, options));
    expect(fault.code).toBe('not-found');
  });
});

describe('a part that was changed while there was no connection, with nothing to be verified', () => {
  it('is sent again from the beginning', async () => {
    const path = '/changed.filepart';
    const spoil = async (): Promise<void> =>
      server.write(path, randomBytes((await server.read(path)).length));
    const { options, told } = rig({ verify: null });
    const item = { remote: 'changed', local: local('changed', data) };
    await putFile(breaking(2, spoil), item, options);
    expect(md5(await server.read('/changed'))).toBe(md5(data));
    expect(told.notes).toEqual([expect.stringContaining('sent again from the beginning')]);
  });

  it('loses what it has behind the end', async () => {
    const extend = (): Promise<void> =>
      server.write('/long.filepart', Buffer.concat([data, Buffer.from('x')]));
    const item = { remote: 'long', local: local('long', data) };
    await putFile(breaking(2, extend), item, rig({ verify: null }).options);
    expect(md5(await server.read('/long'))).toBe(md5(data));
  });
});

describe('a server that loses what it said it had written', () => {
  it('is found out by the size, where nothing is hashed', async () => {
    await server.write('/lossy', 'before');
    const lossy = changedLink((remote) => ({
      open: async (path, mode) => {
        const handle = await remote.open(path, mode);
        return {
          ...breakingHandle(handle, Infinity),
          write: (offset, bytes) => (offset > 300_000 ? Promise.resolve() : handle.write(offset, bytes)),
        };
      },
    }));
    const { options } = rig({ verify: null, collision: 'overwrite' });
    const fault = await faultOf(putFile(lossy, { remote: 'lossy', local: local('lossy', data) }, options));
    expect(fault.code).toBe('verification-failed');
    expect(fault.message).toContain('lossy.filepart has ');
    expect((await server.read('/lossy')).toString()).toBe('before');
  });
});
