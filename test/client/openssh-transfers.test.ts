import { randomBytes, randomInt } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import type { Link } from '../../src/client/link.js';
import { putFile } from '../../src/client/put-file.js';
import type { TransferItem } from '../../src/client/transfer.js';
import { fromText } from '../../src/names.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';
import { faultOf, linkTo, md5, rig } from './transfer-rig.js';

const data = randomBytes(3_000_000);

describe.skipIf(withoutSshd())("with OpenSSH's server", () => {
  let work: string;
  let sshd: Sshd;
  let bare: Sshd;
  /** With a shell, and without. */
  let link: Link;
  let mute: Link;

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'plimsoll-openssh-'));
    // Its shell is not to wait for what the files of whoever runs this begin it with.
    sshd = await startSshd({ config: ['SetEnv HOME=/nonexistent'] });
    bare = await startSshd({ config: ['ForceCommand internal-sftp'] });
    link = linkTo(sshd, { retries: 3 });
    mute = linkTo(bare, { retries: 3 });
    writeFileSync(join(work, 'data'), data);
    writeFileSync(join(work, 'small'), 'abc');
  });
  afterAll(async () => {
    await Promise.all([link.end(), mute.end()]);
    await Promise.all([sshd.stop(), bare.stop()]);
    rmSync(work, { recursive: true });
  });

  const here = (name: string): string => join(work, name);
  const item = (remote: string, local: string, server = sshd): TransferItem => ({
    remote: fromText(join(server.folder, remote)),
    local: fromText(here(local)),
  });
  const there = (name: string): Buffer => readFileSync(join(sshd.folder, name));

  it('moves files both ways, verified by its shell', async () => {
    const put = await putFile(link, item('data', 'data'), rig().options);
    expect(put.verified).toEqual({ algorithm: 'md5', here: md5(data), there: md5(data) });
    expect(md5(there('data'))).toBe(md5(data));
    const get = await getFile(
      link,
      item('data', 'got'),
      rig({ verify: { algorithm: 'sha256', explicit: true } }).options,
    );
    expect(get.verified?.here).toBe(get.verified?.there);
    expect(md5(readFileSync(here('got')))).toBe(md5(data));
    expect(readdirSync(sshd.folder)).toEqual(['data']);
  });

  it('starts no program for each small file, unless that is asked for', async () => {
    const { told, options } = rig();
    expect((await putFile(link, item('s1', 'small'), options)).verified).toBeNull();
    expect((await putFile(link, item('s2', 'small'), options)).verified).toBeNull();
    expect(told.notes).toHaveLength(1);
    const asked = rig({ verify: { algorithm: 'md5', explicit: true } });
    expect((await putFile(link, item('s3', 'small'), asked.options)).verified).not.toBeNull();
    expect((await getFile(link, item('s3', 'small3'), asked.options)).verified).not.toBeNull();
  });

  it('keeps mode and times, and replaces what is there', async () => {
    utimesSync(here('small'), 1_000_000, 2_000_000);
    await putFile(link, item('kept', 'small'), rig({ preserve: true, sync: true }).options);
    expect(statSync(join(sshd.folder, 'kept')).mtimeMs).toBe(2_000_000_000);
    await putFile(link, item('kept', 'data'), rig({ collision: 'overwrite' }).options);
    expect(md5(there('kept'))).toBe(md5(data));
    expect((await faultOf(putFile(link, item('kept', 'small'), rig().options))).code).toBe('exists');
    expect((await putFile(link, item('kept', 'data'), rig().options)).outcome).toBe('already-there');
  });

  it('asks anew where a partial file is there after all, whatever the reason it gives', async () => {
    writeFileSync(join(sshd.folder, 'p.filepart'), 'a');
    const { told, options } = rig({ collision: 'resume' });
    const result = await putFile(link, item('p', 'small'), options, { targetIsNew: true });
    expect(result).toMatchObject({ resumedAt: 1, moved: 2 });
    expect(told.collisions).toHaveLength(1);
    expect(there('p').toString()).toBe('abc');
  });

  it('reads files that have no size', async () => {
    const { size } = await getFile(
      link,
      { remote: '/proc/version', local: fromText(here('version')) },
      rig().options,
    );
    expect(size).toBeGreaterThan(10);
    expect(readFileSync(here('version'), 'utf8')).toBe(readFileSync('/proc/version', 'utf8'));
  });

  it('goes on by itself when its connections die, both ways, with a shell and without', async () => {
    for (const [server, over, name] of [
      [sshd, link, 'shell'],
      [bare, mute, 'mute'],
    ] as const) {
      for (const move of [putFile, getFile]) {
        const source =
          move === putFile ? item(`d-${name}`, 'data', server) : item(`d-${name}`, `d-${name}`, server);
        const drops = [randomInt(data.length / 2), data.length / 2 + randomInt(data.length / 4)];
        const onMoved = (moved: number): void => {
          if (moved < (drops[0] ?? Infinity)) return;
          drops.shift();
          server.drop();
        };
        const result = await move(over, source, rig({ onMoved }).options);
        expect(result).toMatchObject({ outcome: 'transferred', size: data.length });
        expect(drops.length).toBeLessThan(2);
      }
      expect(md5(readFileSync(join(server.folder, `d-${name}`)))).toBe(md5(data));
      expect(md5(readFileSync(here(`d-${name}`)))).toBe(md5(data));
    }
  });

  it('leaves a part that another client can go on with, and goes on with that of another', async () => {
    const stop = new AbortController();
    const onMoved = (moved: number): void => {
      if (moved > 1_000_000) stop.abort();
    };
    await faultOf(
      putFile(link, item('part', 'data'), rig({ signal: stop.signal, onMoved, limit: 20_000_000 }).options),
    );
    const part = there('part.filepart');
    expect(md5(part)).toBe(md5(data.subarray(0, part.length)));
    expect(existsSync(join(sshd.folder, 'part'))).toBe(false);
    writeFileSync(join(sshd.folder, 'part.filepart'), data.subarray(0, part.length + 1000));
    expect(await putFile(link, item('part', 'data'), rig({ collision: 'resume' }).options)).toMatchObject({
      resumedAt: part.length + 1000,
      verified: { there: md5(data) },
    });
  });

  it('detects one changed byte by its shell', async () => {
    const part = Buffer.from(data.subarray(0, 2_000_000));
    const at = randomInt(part.length);
    part[at] = (part[at] ?? 0) ^ 1;
    writeFileSync(join(sshd.folder, 'flip.filepart'), part);
    writeFileSync(here('flip.part'), part);
    writeFileSync(join(sshd.folder, 'source'), data);
    for (const run of [
      () => putFile(link, item('flip', 'data'), rig({ collision: 'resume' }).options),
      () => getFile(link, item('source', 'flip'), rig({ collision: 'resume' }).options),
    ]) {
      expect((await faultOf(run())).code).toBe('verification-failed');
    }
    expect(md5(there('flip.filepart'))).toBe(md5(part));
    expect(md5(readFileSync(here('flip.part')))).toBe(md5(part));
  });

  it('says that nobody can compare where there is no shell', async () => {
    writeFileSync(join(bare.folder, 'u.filepart'), data.subarray(0, 1000));
    const { told, options } = rig({ collision: 'resume' });
    const fault = await faultOf(putFile(mute, item('u', 'data', bare), options));
    expect(fault.message).toContain('the server makes no hashes');
    expect(told.mismatches).toMatchObject([{ finding: 'unknown', there: 1000 }]);
    const result = await putFile(
      mute,
      item('u', 'data', bare),
      rig({ collision: 'resume', mismatch: 'resume' }).options,
    );
    expect(result).toMatchObject({ resumedAt: 1000, verified: null });
    expect(md5(readFileSync(join(bare.folder, 'u')))).toBe(md5(data));
    const explicit = rig({ verify: { algorithm: 'md5', explicit: true } });
    expect((await faultOf(putFile(mute, item('e', 'data', bare), explicit.options))).code).toBe(
      'verification-failed',
    );
    expect(readdirSync(bare.folder)).not.toContain('e.filepart');
  });
});
