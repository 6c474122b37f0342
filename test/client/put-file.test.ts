import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import { StoppedTransfer } from '../../src/client/stopped-transfer.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, linkTo, md5, rig, keyedAccounts } from './transfer-rig.js';

let work: string;
let server: TestServer;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-put-'));
  server = await startTestServer({
    files: { '/there': 'old', '/folder/x': '' },
    accounts: keyedAccounts,
  });
  link = linkTo(server);
});
afterEach(() => {
  server.faults.clear();
  server.requests.clear();
});
afterAll(async () => {
  await link.end();
  await server.close();
  rmSync(work, { recursive: true });
});

function local(name: string, data: string | Uint8Array): string {
  writeFileSync(join(work, name), data);
  return fromText(join(work, name));
}

const operations = (): string[] => server.requests.map(({ operation }) => operation);

describe('putFile', () => {
  it('writes beside the name, verifies, and renames', async () => {
    const data = randomBytes(700_000);
    const { told, options } = rig();
    const result = await putFile(link, { remote: 'new', local: local('new', data) }, options);
    expect(result).toMatchObject({ outcome: 'transferred', size: 700_000, moved: 700_000, resumedAt: 0 });
    expect(result.verified).toEqual({ algorithm: 'md5', here: md5(data), there: md5(data) });
    expect(md5(await server.read('/new'))).toBe(md5(data));
    expect(await server.list('/')).not.toContain('new.filepart');
    expect(told).toMatchObject({ moved: 700_000, notes: [], begins: [{ from: 0, total: 700_000 }] });
    expect(told.ends).toEqual([result]);
    expect(server.requests.find(({ operation }) => operation === 'open')?.path).toBe('/new.filepart');
  });

  it('needs seven requests for a small new file, and four where nothing is there for sure and nothing is verified', async () => {
    await putFile(link, { remote: 'small', local: local('small', 'abc') }, rig().options);
    expect(operations()).toEqual(['lstat', 'lstat', 'open', 'write', 'close', 'check-file-name', 'rename']);
    server.requests.clear();
    const { options } = rig({ verify: null });
    await putFile(link, { remote: 'small2', local: local('small', 'abc') }, options, { targetIsNew: true });
    expect(operations()).toEqual(['open', 'write', 'close', 'rename']);
    expect((await server.read('/small2')).toString()).toBe('abc');
  });

  it('leaves no more than what arrived without a gap, though the file is closed when a WRITE is refused', async () => {
    server.faults.refuse('write', { fault: 'quota', after: 1, times: 1 });
    const { options } = rig();
    const item = { remote: 'gap', local: local('gap', randomBytes(700_000)) };
    const fault = await faultOf(putFile(link, item, options));
    expect(fault).toBeInstanceOf(StoppedTransfer);
    expect(fault).toMatchObject({ code: 'quota', there: 261_120 });
    expect(operations()).toContain('check-file-name');
    expect((await server.read('/gap.filepart')).length).toBe(261_120);
  });

  it('takes no longer for a person who thinks about it', async () => {
    await server.write('/slowly', 'old');
    const { options } = rig();
    let later = 0;
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
    const decisions = {
      ...options.decisions,
      collision: () => {
        later = 20_000;
        return Promise.resolve('overwrite' as const);
      },
    };
    const item = { remote: 'slowly', local: local('slowly', 'new') };
    const { outcome, took } = await putFile(link, item, { ...options, decisions });
    clock.mockRestore();
    expect(outcome).toBe('transferred');
    expect(took).toBeLessThan(15);
  });

  it('asks after all where what should be new is there', async () => {
    await server.write('/surprise', 'kept');
    const { told, options } = rig();
    const hinted = putFile(link, { remote: 'surprise', local: local('s', 'abc') }, options, {
      targetIsNew: true,
    });
    expect((await faultOf(hinted)).code).toBe('exists');
    expect((await server.read('/surprise')).toString()).toBe('kept');
    expect(await server.list('/')).not.toContain('surprise.filepart');
    await server.write('/half.filepart', 'ab');
    const fault = await faultOf(
      putFile(link, { remote: 'half', local: local('s', 'abc') }, options, { targetIsNew: true }),
    );
    expect(fault.code).toBe('exists');
    expect(told.collisions).toMatchObject([
      { there: 4, total: 3, resumable: false },
      { there: 2, total: 3, resumable: true },
    ]);
    expect((await server.read('/half.filepart')).toString()).toBe('ab');
  });

  it('uploads an empty file, and one without a size', async () => {
    const empty = await putFile(link, { remote: 'empty', local: local('empty', '') }, rig().options);
    expect(empty).toMatchObject({
      outcome: 'transferred',
      size: 0,
      verified: { here: md5(Buffer.alloc(0)) },
    });
    expect(await server.read('/empty')).toHaveLength(0);
    const { size } = await putFile(link, { remote: 'version', local: '/proc/version' }, rig().options);
    expect(size).toBeGreaterThan(10);
    expect((await server.read('/version')).toString()).toContain('Linux');
  });

  it('keeps mode and times with preserve, and the mode of what it replaces without', async () => {
    const path = local('kept', 'one');
    chmodSync(join(work, 'kept'), 0o640);
    utimesSync(join(work, 'kept'), 1_000_000, 2_000_000);
    const remote = await link.remote();
    await putFile(link, { remote: 'kept', local: path }, rig({ preserve: true }).options);
    expect(await remote.stat('kept')).toMatchObject({ mode: 0o640, mtime: 2_000_000 });
    await remote.setStat('kept', { mode: 0o604 });
    await putFile(
      link,
      { remote: 'kept', local: local('two', 'two') },
      rig({ collision: 'overwrite' }).options,
    );
    expect(await remote.stat('kept')).toMatchObject({ mode: 0o604 });
    expect((await server.read('/kept')).toString()).toBe('two');
  });

  it('puts new content where a symlink leads, and keeps the link', async () => {
    const remote = await link.remote();
    await server.write('/real', 'old');
    await remote.symlink('real', 'link');
    await putFile(
      link,
      { remote: 'link', local: local('l', 'new') },
      rig({ collision: 'overwrite' }).options,
    );
    expect((await remote.lstat('link')).kind).toBe('symlink');
    expect((await server.read('/real')).toString()).toBe('new');
  });

  it('refuses folders on either side, and what is no file', async () => {
    mkdirSync(join(work, 'dir'));
    const codeOf = async (remote: string, from: string): Promise<string> =>
      (await faultOf(putFile(link, { remote, local: fromText(from) }, rig().options))).code;
    expect(await codeOf('x', join(work, 'dir'))).toBe('is-a-folder');
    expect(await codeOf('folder', local('f', 'x'))).toBe('is-a-folder');
    expect(await codeOf('x', '/dev/null')).toBe('not-a-file');
    expect(await codeOf('x', join(work, 'missing'))).toBe('not-found');
    expect(await server.list('/')).not.toContain('x.filepart');
  });

  it('keeps what is under a name that is too long for the suffix', async () => {
    const name = 'ü'.repeat(127) + 'x';
    const data = randomBytes(1000);
    await putFile(link, { remote: fromText(name), local: local('long', data) }, rig().options);
    expect(await server.read(`/${name}`)).toEqual(data);
    const opened = server.requests.find(({ operation }) => operation === 'open')?.path ?? '';
    expect(opened.endsWith('.filepart')).toBe(true);
  });
});

describe('collisions of putFile', () => {
  const choices = async (name: string): Promise<void> => server.write(`/${name}`, 'old and longer');

  it('touches nothing by default', async () => {
    await choices('c1');
    server.requests.clear();
    const { told, options } = rig();
    const fault = await faultOf(putFile(link, { remote: 'c1', local: local('c', 'new') }, options));
    expect(fault.code).toBe('exists');
    expect(fault).not.toBeInstanceOf(StoppedTransfer);
    expect(told.collisions).toMatchObject([{ there: 14, total: 3, resumable: false, freeName: 'c1.new' }]);
    expect(new Set(operations())).toEqual(new Set(['lstat']));
    expect((await server.read('/c1')).toString()).toBe('old and longer');
  });

  it('skips, renames, overwrites', async () => {
    await choices('c2');
    await server.write('/c2.new', 'taken');
    const item = { remote: 'c2', local: local('c', 'new') };
    expect(await putFile(link, item, rig({ collision: 'skip' }).options)).toMatchObject({
      outcome: 'skipped',
      moved: 0,
    });
    expect((await server.read('/c2')).toString()).toBe('old and longer');
    expect(await putFile(link, item, rig({ collision: 'rename' }).options)).toMatchObject({
      remote: 'c2.new.2',
    });
    expect((await server.read('/c2.new.2')).toString()).toBe('new');
    await putFile(link, item, rig({ collision: 'overwrite' }).options);
    expect((await server.read('/c2')).toString()).toBe('new');
  });

  it('finds an equal file, by its hash, and moves nothing', async () => {
    await server.write('/c3', 'equal');
    const { told, options } = rig();
    const result = await putFile(link, { remote: 'c3', local: local('c', 'equal') }, options);
    expect(result).toMatchObject({
      outcome: 'already-there',
      moved: 0,
      size: 5,
      verified: { here: md5(Buffer.from('equal')) },
    });
    expect(told.collisions).toEqual([]);
    expect(operations()).not.toContain('open');
    const other = await faultOf(putFile(link, { remote: 'c3', local: local('c', 'EQUAL') }, options));
    expect(other.code).toBe('exists');
  });

  it('goes on with the target itself where there is no part, and says so', async () => {
    await server.write('/c4', 'begin');
    const { told, options } = rig({ collision: 'resume' });
    const result = await putFile(link, { remote: 'c4', local: local('c', 'beginning') }, options);
    expect(result).toMatchObject({ outcome: 'transferred', moved: 4, resumedAt: 5 });
    expect(told.notes).toEqual(['c4 itself is gone on with']);
    expect((await server.read('/c4')).toString()).toBe('beginning');
  });

  it('goes on with a part, and begins a part anew', async () => {
    await server.write('/c5.filepart', 'begin');
    const item = { remote: 'c5', local: local('c', 'beginning') };
    expect((await faultOf(putFile(link, item, rig().options))).message).toContain('5 of 9 B');
    expect(await putFile(link, item, rig({ collision: 'resume' }).options)).toMatchObject({
      moved: 4,
      resumedAt: 5,
    });
    expect((await server.read('/c5')).toString()).toBe('beginning');
    await server.write('/c6.filepart', 'something else');
    await putFile(link, { ...item, remote: 'c6' }, rig({ collision: 'overwrite' }).options);
    expect((await server.read('/c6')).toString()).toBe('beginning');
    expect(await server.list('/')).not.toContain('c6.filepart');
  });

  it('detects a part that differs before anything is extended', async () => {
    const data = randomBytes(400_000);
    const part = Buffer.from(data.subarray(0, 300_000));
    part[123_456] = (part[123_456] ?? 0) ^ 1;
    await server.write('/c7.filepart', part);
    server.requests.clear();
    const item = { remote: 'c7', local: local('c7', data) };
    const { told, options } = rig({ collision: 'resume' });
    const fault = await faultOf(putFile(link, item, options));
    expect(fault.code).toBe('verification-failed');
    expect(told.mismatches).toMatchObject([{ there: 300_000, total: 400_000, finding: 'differs' }]);
    expect(operations()).not.toContain('open');
    expect(md5(await server.read('/c7.filepart'))).toBe(md5(part));
    await putFile(link, item, rig({ collision: 'resume', mismatch: 'restart' }).options);
    expect(md5(await server.read('/c7'))).toBe(md5(data));
  });
});
