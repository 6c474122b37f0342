import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import { putStream } from '../../src/client/put-stream.js';
import { StoppedTransfer } from '../../src/client/stopped-transfer.js';
import { fromText } from '../../src/names.js';
import { Readable } from 'node:stream';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, linkTo, md5, rig, keyedAccounts } from './transfer-rig.js';

let work: string;
let server: TestServer;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-in-place-'));
  server = await startTestServer({
    accounts: {
      alice: { ...keyedAccounts.alice, quota: '1MB' },
      reader: { password: 'secret', readOnly: true, quota: '1MB' },
    },
  });
});
// What a link has learnt of its account is not for the next test.
beforeEach(() => void (link = linkTo(server)));
afterEach(async () => {
  server.faults.clear();
  const remote = await link.remote();
  for (const name of await server.list('/')) await remote.remove(name);
  await link.end();
  server.requests.clear();
});
afterAll(async () => {
  await server.close();
  rmSync(work, { recursive: true });
});

function local(name: string, data: string | Uint8Array): string {
  writeFileSync(join(work, name), data);
  return fromText(join(work, name));
}

/** Through the server, so that it counts. */
async function seed(name: string, data: string | Buffer): Promise<void> {
  const handle = await (await link.remote()).open(name, { write: true, create: true, truncate: true });
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; at += 200_000) await handle.write(at, bytes.subarray(at, at + 200_000));
  await handle.close();
  server.requests.clear();
}

const operations = (): string[] => server.requests.map(({ operation }) => operation);

describe('an upload in place', () => {
  it('writes the name itself, and cuts what was longer only when all is there', async () => {
    const old = randomBytes(600_000);
    const data = randomBytes(400_000);
    await seed('f', old);
    const item = { remote: 'f', local: local('f', data) };
    const result = await putFile(link, item, rig({ inPlace: true, collision: 'overwrite' }).options);
    expect(result).toMatchObject({ size: 400_000, verified: { there: md5(data) } });
    expect(md5(await server.read('/f'))).toBe(md5(data));
    expect(operations()).not.toContain('posix-rename@openssh.com');
    expect(operations().indexOf('fsetstat')).toBeGreaterThan(operations().lastIndexOf('write'));
    expect(server.requests.find(({ operation }) => operation === 'open')?.flags).not.toContain('truncate');
    await putFile(link, { ...item, remote: 'fresh' }, rig({ inPlace: true }).options);
    expect(md5(await server.read('/fresh'))).toBe(md5(data));
  });

  it('is cut to what has arrived when it is stopped, and untouched when nothing has', async () => {
    const data = randomBytes(900_000);
    await seed('g', randomBytes(800_000));
    const stop = new AbortController();
    const item = { remote: 'g', local: local('g', data) };
    const over = { inPlace: true, collision: 'overwrite' } as const;
    const { options } = rig({ ...over, signal: stop.signal, limit: 3_000_000, onMoved: () => stop.abort() });
    const fault = await faultOf(putFile(link, item, options));
    const there = await server.read('/g');
    expect(fault instanceof StoppedTransfer && fault.there).toBe(there.length);
    expect(md5(there)).toBe(md5(data.subarray(0, there.length)));
    expect(await putFile(link, item, rig({ inPlace: true, collision: 'resume' }).options)).toMatchObject({
      resumedAt: there.length,
      verified: { there: md5(data) },
    });
    const kept = randomBytes(1000);
    await seed('g', kept);
    server.faults.refuse('write', { fault: 'failure' });
    await faultOf(putFile(link, item, rig(over).options));
    expect(await server.read('/g')).toEqual(kept);
  });

  it('is chosen, and told, where the old file and the new one do not fit together', async () => {
    await seed('old', randomBytes(700_000));
    const data = randomBytes(800_000);
    const { told, options } = rig({ collision: 'overwrite' });
    const result = await putFile(link, { remote: 'old', local: local('n', data) }, options);
    expect(result).toMatchObject({ outcome: 'transferred', verified: { there: md5(data) } });
    expect(told.notes).toEqual([
      expect.stringMatching(
        /no room for the old and the new file together \(300 KB free\): old itself is written/,
      ),
    ]);
    expect(await server.list('/')).toEqual(['old']);
  });

  it('is not chosen where both just fit, or where nothing would fit', async () => {
    await seed('old', randomBytes(500_000));
    const { told, options } = rig({ collision: 'overwrite' });
    await putFile(link, { remote: 'old', local: local('n', randomBytes(500_000)) }, options);
    const fault = await faultOf(
      putFile(link, { remote: 'old', local: local('n', randomBytes(1_000_001)) }, options),
    );
    expect(fault.code).toBe('quota');
    expect(told.notes).toEqual([]);
    expect(await server.read('/old')).toHaveLength(500_000);
  });

  it('is chosen where the partial name may not be made', async () => {
    server.faults.refuse('open', { fault: 'denied', path: (path) => path.endsWith('.filepart') });
    const { told, options } = rig();
    await putFile(link, { remote: 'n', local: local('n', 'new') }, options);
    expect((await server.read('/n')).toString()).toBe('new');
    expect(told.notes).toEqual(['n.filepart may not be made: n itself is written']);
  });
});

describe('where renaming is not allowed', () => {
  beforeEach(() => {
    for (const renaming of ['posix-rename@openssh.com', 'rename'] as const)
      server.faults.refuse(renaming, { fault: 'denied' });
  });

  it('copies at the server, says so, and writes the next one in place from the beginning', async () => {
    await seed('a', 'old');
    const { told, options } = rig({ collision: 'overwrite' });
    await putFile(link, { remote: 'a', local: local('a', 'first') }, options);
    expect((await server.read('/a')).toString()).toBe('first');
    expect(told.notes).toEqual(['renaming is not allowed here: a itself is written']);
    server.requests.clear();
    await putFile(link, { remote: 'b', local: local('b', 'second') }, options);
    expect(server.requests.find(({ operation }) => operation === 'open')?.path).toBe('/b');
    expect(await server.list('/')).toEqual(['a', 'b']);
  });

  it('carries mode and times over to the copy', async () => {
    const path = local('kept', 'kept');
    utimesSync(join(work, 'kept'), 1_000_000, 2_000_000);
    const { told, options } = rig({ preserve: true });
    const result = await putFile(link, { remote: 'kept', local: path }, options);
    expect(result).toMatchObject({ outcome: 'transferred', moved: 4 });
    expect(await (await link.remote()).stat('kept')).toMatchObject({ size: 4, mtime: 2_000_000 });
    expect(told.notes).toHaveLength(1);
  });

  it('sends it again where the server cannot copy either; a stream stays under its partial name', async () => {
    for (const copying of ['copy-file', 'copy-data'] as const)
      server.faults.refuse(copying, { fault: 'denied' });
    const data = randomBytes(300_000);
    const result = await putFile(link, { remote: 'a', local: local('a', data) }, rig().options);
    expect(result).toMatchObject({ size: 300_000, moved: 600_000, verified: { there: md5(data) } });
    expect(await server.list('/')).toEqual(['a']);
    const other = linkTo(server);
    try {
      const fault = await faultOf(putStream(other, Readable.from([data]), 's', rig().options));
      expect(fault.message).toContain('what arrived stays, complete, as s.filepart');
      expect(md5(await server.read('/s.filepart'))).toBe(md5(data));
    } finally {
      await other.end();
    }
  });
});

describe('at the line', () => {
  it('keeps what has arrived, which can be gone on with once there is room', async () => {
    await seed('ballast', randomBytes(300_000));
    const data = randomBytes(900_000);
    const item = { remote: 'big', local: local('big', data) };
    const fault = await faultOf(putFile(link, item, rig({ checkRoom: false }).options));
    expect(fault.code).toBe('quota');
    expect(fault.message).toMatch(/^quota exceeded.*; received \d.* of 900 KB$/);
    const part = await server.read('/big.filepart');
    expect(fault instanceof StoppedTransfer && fault.there).toBe(part.length);
    expect(part.length).toBeGreaterThan(0);
    expect(md5(part)).toBe(md5(data.subarray(0, part.length)));
    await (await link.remote()).remove('ballast');
    expect(await putFile(link, item, rig({ collision: 'resume' }).options)).toMatchObject({
      resumedAt: part.length,
      verified: { there: md5(data) },
    });
  });

  it('leaves no empty part where not one byte fits', async () => {
    await seed('ballast', randomBytes(1_000_000));
    for (const size of [10, 400_000]) {
      const item = { remote: 'n', local: local('n', randomBytes(size)) };
      expect((await faultOf(putFile(link, item, rig({ checkRoom: false }).options))).code).toBe('quota');
    }
    expect(await server.list('/')).toEqual(['ballast']);
  });
});

it('is told at once that an account may only read', async () => {
  const reader = linkTo({ port: server.port, user: 'reader', password: 'secret' });
  try {
    server.requests.clear();
    const fault = await faultOf(
      putFile(reader, { remote: 'n', local: local('n', randomBytes(400_000)) }, rig().options),
    );
    expect(['denied', 'read-only']).toContain(fault.code);
    expect(fault).not.toBeInstanceOf(StoppedTransfer);
    expect(operations()).not.toContain('write');
    expect(await server.list('/')).toEqual([]);
  } finally {
    await reader.end();
  }
});
