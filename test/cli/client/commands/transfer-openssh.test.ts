import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../../../src/client/link.js';
import { startSshd, withoutSshd, type Sshd } from '../../../client/sshd.js';
import { linkTo } from '../../../client/transfer-rig.js';
import { transferShell } from './transfer-shell.js';

const servers = [
  ['with a shell', [], true],
  ['without one', ['ForceCommand internal-sftp'], false],
] as const;

/** In the place of `it` where there is nothing to be seen. */
const nowhere = (_what: string, _test: () => Promise<void>): void => undefined;

describe.skipIf(withoutSshd()).each(servers)("at OpenSSH's server %s", (_what, config, hashes) => {
  let sshd: Sshd;
  let link: Link;
  let work: string;
  let here: string;
  let plim: ReturnType<typeof transferShell>;

  const data = randomBytes(1_500_000);
  const half = data.subarray(0, 700_000);

  beforeAll(async () => {
    sshd = await startSshd({ config });
    link = linkTo(sshd);
    work = mkdtempSync(join(tmpdir(), 'plimsoll-cli-openssh-'));
  });
  beforeEach(() => {
    for (const name of readdirSync(sshd.folder)) rmSync(join(sshd.folder, name), { recursive: true });
    here = mkdtempSync(join(work, 'here-'));
    plim = transferShell({ link, here, there: sshd.folder });
  });
  afterAll(async () => {
    await link.end();
    await sshd.stop();
    rmSync(work, { recursive: true });
  });

  const there = (name: string): string => join(sshd.folder, name);
  const mine = (name: string): string => join(here, name);
  const equal = (path: string): boolean => readFileSync(path).equals(data);

  it('moves files and folders both ways', async () => {
    writeFileSync(mine('data'), data);
    mkdirSync(mine('tree/deep'), { recursive: true });
    writeFileSync(mine('tree/deep/x'), 'x');
    expect((await plim.line('put data up')).exit).toBe(0);
    expect((await plim.line('put -r -p tree')).exit).toBe(0);
    expect((await plim.line('get up down')).exit).toBe(0);
    expect((await plim.line('get -r tree again')).exit).toBe(0);
    expect([equal(there('up')), equal(mine('down'))]).toEqual([true, true]);
    expect(readFileSync(mine('again/deep/x'), 'latin1')).toBe('x');
    expect(readdirSync(sshd.folder).sort()).toEqual(['tree', 'up']);
  });

  it(hashes ? 'verifies by the shell' : 'says not verified, and ends with 0', async () => {
    writeFileSync(mine('data'), data);
    for (const line of ['put data', 'get data down']) {
      const { exit, stdout } = await plim.line(line);
      expect(exit).toBe(0);
      expect(stdout).toMatch(hashes ? /MD5 here (\w{32}) there \1/ : /, not verified\n/);
    }
  });

  it(
    hashes ? 'verifies what it is asked to' : 'ends with 7 where it is asked to verify, and moves nothing',
    async () => {
      writeFileSync(mine('small'), 'small');
      const { exit, stdout, stderr } = await plim.line('put --verify sha256 small');
      expect(exit).toBe(hashes ? 0 : 7);
      expect(hashes ? stdout : stderr).toMatch(hashes ? /SHA256 equal/ : /not verified: the server cannot/);
      expect(existsSync(there('small'))).toBe(hashes);
    },
  );

  (hashes ? it : nowhere)('compares a part by the shell before it extends it', async () => {
    writeFileSync(mine('data'), data);
    writeFileSync(there('data.filepart'), half);
    expect((await plim.line('reput data')).stdout).toContain('700 KB were there');
    expect(equal(there('data'))).toBe(true);
    const wrong = Buffer.from(half);
    wrong[9] = (wrong[9] ?? 0) ^ 1;
    writeFileSync(mine('down.part'), wrong);
    expect((await plim.line('reget data down')).exit).toBe(7);
    expect(statSync(mine('down.part')).size).toBe(700_000);
  });

  (hashes ? nowhere : it)('does not extend what nobody can compare, unless it is told to', async () => {
    writeFileSync(mine('data'), data);
    writeFileSync(there('data.filepart'), half);
    const refused = await plim.line('put --resume data');
    expect(refused.exit).toBe(7);
    expect(refused.stderr).toMatch(/server cannot hash.*--on-unknown resume/);
    expect(statSync(there('data.filepart')).size).toBe(700_000);
    expect((await plim.line('put --resume --on-unknown fail data')).exit).toBe(7);
    const resumed = await plim.line('put --resume --on-unknown resume data');
    expect(resumed.exit).toBe(0);
    expect(resumed.stdout).toContain('700 KB were there');
    expect(equal(there('data'))).toBe(true);
  });

  (hashes ? nowhere : it)('asks about what nobody can compare', async () => {
    writeFileSync(there('data'), data);
    writeFileSync(mine('data.part'), half);
    const asked = await plim.line('reget data', { answers: ['s'] });
    expect(asked.exit).toBe(7);
    expect(asked.asked[0]).toContain('nobody knows whether the 700 KB that are there');
    expect((await plim.line('reget data', { answers: ['c'] })).exit).toBe(0);
    expect(equal(mine('data'))).toBe(true);
    writeFileSync(mine('other.part'), 'nothing of it');
    expect((await plim.line('get --resume --on-unknown restart data other')).exit).toBe(0);
    expect(equal(mine('other'))).toBe(true);
  });

  it('resolves collisions as at any server', async () => {
    writeFileSync(mine('data'), data);
    writeFileSync(there('data'), 'theirs');
    expect((await plim.line('put data')).exit).toBe(9);
    expect((await plim.line('put --rename data')).exit).toBe(0);
    expect((await plim.line('put --skip data')).exit).toBe(0);
    expect(readFileSync(there('data'), 'latin1')).toBe('theirs');
    expect((await plim.line('put --overwrite --in-place data')).exit).toBe(0);
    expect([equal(there('data')), equal(there('data.new'))]).toEqual([true, true]);
  });

  it('streams both ways', async () => {
    expect((await plim.words(['put', '-', 'streamed'], { stdin: data })).exit).toBe(0);
    expect(equal(there('streamed'))).toBe(true);
    const { bytes } = await plim.words(['get', 'streamed', '-']);
    expect(bytes.equals(data)).toBe(true);
  });
});
