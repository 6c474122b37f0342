import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import type { Link } from '../../src/client/link.js';
import { fromText } from '../../src/names.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, linkTo, md5, rig, type RigChoices, keyedAccounts } from './transfer-rig.js';

let work: string;
let server: TestServer;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-get-'));
  server = await startTestServer({
    accounts: keyedAccounts,
    files: { '/folder/x': '', '/nine': 'beginning' },
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

const here = (name: string): string => join(work, name);
const text = (name: string): string => readFileSync(here(name), 'utf8');
const operations = (): string[] => server.requests.map(({ operation }) => operation);
const get = (remote: string, name: string, choices: RigChoices = {}): ReturnType<typeof getFile> =>
  getFile(link, { remote, local: fromText(here(name)) }, rig(choices).options);

describe('getFile', () => {
  it('receives beside the name, verifies, and renames', async () => {
    const data = randomBytes(700_000);
    await server.write('/data', data);
    const { told, options } = rig();
    const result = await getFile(link, { remote: 'data', local: fromText(here('data')) }, options);
    expect(result).toMatchObject({ outcome: 'transferred', size: 700_000, moved: 700_000, resumedAt: 0 });
    expect(result.verified).toEqual({ algorithm: 'md5', here: md5(data), there: md5(data) });
    expect(md5(readFileSync(here('data')))).toBe(md5(data));
    expect(existsSync(here('data.part'))).toBe(false);
    expect(told).toMatchObject({ moved: 700_000, notes: [], begins: [{ from: 0, total: 700_000 }] });
    expect(told.ends).toEqual([result]);
  });

  it('needs five requests for a small file, and three where it is known and nothing is verified', async () => {
    await get('nine', 'small');
    expect([...operations()].sort()).toEqual(['check-file-name', 'close', 'open', 'read', 'stat']);
    const source = await (await link.remote()).stat('nine');
    server.requests.clear();
    const item = { remote: 'nine', local: fromText(here('small2')) };
    await getFile(link, item, rig({ verify: null }).options, { source });
    // What closes the handle is not waited for.
    await (await link.remote()).stat('nine');
    expect(operations()).toEqual(['open', 'read', 'close', 'stat']);
    expect(text('small2')).toBe('beginning');
  });

  it('receives empty files', async () => {
    await server.write('/empty', '');
    expect(await get('empty', 'empty')).toMatchObject({ size: 0, verified: { here: md5(Buffer.alloc(0)) } });
    expect(statSync(here('empty')).size).toBe(0);
  });

  it('keeps mode and times with preserve, and the mode of what it replaces without', async () => {
    const remote = await link.remote();
    await server.write('/kept', 'one');
    await remote.setStat('kept', { mode: 0o640 });
    await remote.setStat('kept', { atime: 1_000_000, mtime: 2_000_000 });
    await get('kept', 'kept', { preserve: true, sync: true });
    expect(statSync(here('kept'))).toMatchObject({ mode: 0o100640, mtimeMs: 2_000_000_000 });
    chmodSync(here('kept'), 0o604);
    await server.write('/kept', 'two');
    await get('kept', 'kept', { collision: 'overwrite' });
    expect(statSync(here('kept')).mode).toBe(0o100604);
    expect(text('kept')).toBe('two');
  });

  it('puts new content where a symlink leads, and keeps the link', async () => {
    writeFileSync(here('real'), 'old');
    symlinkSync('real', here('link'));
    await get('nine', 'link', { collision: 'overwrite' });
    expect(lstatSync(here('link')).isSymbolicLink()).toBe(true);
    expect(text('real')).toBe('beginning');
  });

  it('never follows a symlink in the place of the part', async () => {
    writeFileSync(here('victim'), 'kept');
    symlinkSync('victim', here('trap.part'));
    for (const collision of ['resume', 'overwrite', 'rename'] as const) {
      expect((await faultOf(get('nine', 'trap', { collision }))).code).toBe('not-a-file');
    }
    expect(text('victim')).toBe('kept');
  });

  it('refuses folders on either side, and leaves nothing where there is nothing', async () => {
    mkdirSync(here('dir'));
    const before = readdirSync(work);
    expect((await faultOf(get('nine', 'dir'))).code).toBe('is-a-folder');
    expect((await faultOf(get('folder', 'x'))).code).toBe('is-a-folder');
    expect((await faultOf(get('missing', 'x'))).code).toBe('not-found');
    expect((await faultOf(get('nine', 'nowhere/x'))).code).toBe('not-found');
    server.faults.refuse('open', { fault: 'denied' });
    expect((await faultOf(get('nine', 'x'))).code).toBe('denied');
    expect(readdirSync(work)).toEqual(before);
  });

  it('takes names of any length that the disk takes', async () => {
    const name = 'n'.repeat(255);
    await get('nine', name);
    expect(text(name)).toBe('beginning');
  });
});

describe('collisions of getFile', () => {
  it('touches nothing by default', async () => {
    writeFileSync(here('c1'), 'old and longer');
    const { told, options } = rig();
    const item = { remote: 'nine', local: fromText(here('c1')) };
    expect((await faultOf(getFile(link, item, options))).code).toBe('exists');
    expect(told.collisions).toMatchObject([
      { there: 14, total: 9, resumable: false, freeName: fromText(here('c1.new')) },
    ]);
    expect(operations()).toEqual(['stat']);
    expect(text('c1')).toBe('old and longer');
    expect(existsSync(here('c1.part'))).toBe(false);
  });

  it('skips, renames, overwrites', async () => {
    writeFileSync(here('c2'), 'old and longer');
    writeFileSync(here('c2.new'), 'taken');
    expect(await get('nine', 'c2', { collision: 'skip' })).toMatchObject({ outcome: 'skipped', moved: 0 });
    expect(text('c2')).toBe('old and longer');
    expect(await get('nine', 'c2', { collision: 'rename' })).toMatchObject({
      local: fromText(here('c2.new.2')),
    });
    expect(text('c2.new.2')).toBe('beginning');
    await get('nine', 'c2', { collision: 'overwrite' });
    expect(text('c2')).toBe('beginning');
  });

  it('takes no longer for a person who thinks about it', async () => {
    writeFileSync(here('slowly'), 'old');
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
    const item = { remote: 'nine', local: fromText(here('slowly')) };
    const { outcome, took } = await getFile(link, item, { ...options, decisions });
    clock.mockRestore();
    expect(outcome).toBe('transferred');
    expect(took).toBeLessThan(15);
  });

  it('finds an equal file, by its hash, and moves nothing', async () => {
    writeFileSync(here('c3'), 'beginning');
    const { ino } = statSync(here('c3'));
    expect(await get('nine', 'c3')).toMatchObject({ outcome: 'already-there', moved: 0, size: 9 });
    expect(statSync(here('c3')).ino).toBe(ino);
    writeFileSync(here('c3'), 'BEGINNING');
    expect((await faultOf(get('nine', 'c3'))).code).toBe('exists');
  });

  it('goes on with the target where there is no part, which stays until the new one is complete', async () => {
    writeFileSync(here('c4'), 'begin');
    const { ino } = statSync(here('c4'));
    expect(await get('nine', 'c4', { collision: 'resume' })).toMatchObject({ moved: 4, resumedAt: 5 });
    expect(text('c4')).toBe('beginning');
    expect(statSync(here('c4')).ino).not.toBe(ino);
    writeFileSync(here('c5'), 'begin');
    const inPlace = statSync(here('c5')).ino;
    await get('nine', 'c5', { collision: 'resume', inPlace: true });
    expect(text('c5')).toBe('beginning');
    expect(statSync(here('c5')).ino).toBe(inPlace);
  });

  it('goes on with a part, and begins a part anew', async () => {
    writeFileSync(here('c6.part'), 'begin');
    expect((await faultOf(get('nine', 'c6'))).message).toContain('5 of 9 B');
    expect(await get('nine', 'c6', { collision: 'resume' })).toMatchObject({ moved: 4, resumedAt: 5 });
    writeFileSync(here('c7.part'), 'something else');
    await get('nine', 'c7', { collision: 'overwrite' });
    expect([text('c6'), text('c7')]).toEqual(['beginning', 'beginning']);
    expect(existsSync(here('c6.part')) || existsSync(here('c7.part'))).toBe(false);
  });

  it('detects a part that differs, or is longer than the file is now, before anything is extended', async () => {
    const data = randomBytes(400_000);
    await server.write('/c8', data);
    const part = Buffer.from(data.subarray(0, 300_000));
    part[299_999] = (part[299_999] ?? 0) ^ 0x80;
    writeFileSync(here('c8.part'), part);
    server.requests.clear();
    const { told, options } = rig({ collision: 'resume' });
    const item = { remote: 'c8', local: fromText(here('c8')) };
    expect((await faultOf(getFile(link, item, options))).code).toBe('verification-failed');
    expect(told.mismatches).toMatchObject([{ there: 300_000, total: 400_000, finding: 'differs' }]);
    expect(operations()).not.toContain('open');
    expect(md5(readFileSync(here('c8.part')))).toBe(md5(part));
    await get('c8', 'c8', { collision: 'resume', mismatch: 'restart' });
    expect(md5(readFileSync(here('c8')))).toBe(md5(data));

    writeFileSync(here('c9.part'), 'beginning and more');
    expect((await faultOf(get('nine', 'c9', { collision: 'resume' }))).code).toBe('verification-failed');
    await get('nine', 'c9', { collision: 'resume', mismatch: 'restart' });
    expect(text('c9')).toBe('beginning');
  });

  it('replaces a longer target in place at once complete', async () => {
    writeFileSync(here('c10'), 'old and longer');
    const { ino } = statSync(here('c10'));
    await get('nine', 'c10', { collision: 'overwrite', inPlace: true });
    expect(text('c10')).toBe('beginning');
    expect(statSync(here('c10')).ino).toBe(ino);
  });
});

describe('somebody else at the same file', () => {
  it('does not write into what is received in the place of its part', async () => {
    writeFileSync(here('shared.part'), 'theirs');
    const theirs = openSync(here('shared.part'), 'r+');
    await get('nine', 'shared', { collision: 'overwrite' });
    writeSync(theirs, 'garbage', 0);
    closeSync(theirs);
    expect(text('shared')).toBe('beginning');
  });

  it('has a part of his own given no name that it does not deserve', async () => {
    writeFileSync(here('swapped'), 'before');
    const swap = (): void => {
      rmSync(here('swapped.part'));
      writeFileSync(here('swapped.part'), 'begin');
    };
    const fault = await faultOf(get('nine', 'swapped', { collision: 'overwrite', onMoved: swap }));
    expect(fault.code).toBe('verification-failed');
    expect(fault.message).toContain('was changed by somebody else meanwhile');
    expect([text('swapped'), text('swapped.part')]).toEqual(['before', 'begin']);
  });

  it('has grown a part since it was compared', async () => {
    writeFileSync(here('grown.part'), 'begXX');
    const { options } = rig({ collision: 'resume' });
    const decisions = {
      ...options.decisions,
      mismatch: () => {
        writeFileSync(here('grown.part'), 'begXX and more');
        return Promise.resolve('resume' as const);
      },
    };
    const item = { remote: 'nine', local: fromText(here('grown')) };
    expect((await faultOf(getFile(link, item, { ...options, decisions }))).code).toBe('exists');
    expect(text('grown.part')).toBe('begXX and more');
  });
});
