import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { QuotaView, ScanView } from '../../src/admin/quota-view.js';
import { commandsOn } from './in-process.js';
import { freshRoot } from './plimsoll.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8iywG3Cs2jQJZ2K6i3T1XPa1tbn9NRmuhTqAVmwBT0 laptop';

interface Answer<View> {
  readonly status: number | null;
  readonly views: readonly View[];
}

async function rootWith(...accounts: readonly (readonly string[])[]) {
  const root = freshRoot();
  const keyFile = join(dirname(root), 'key.pub');
  writeFileSync(keyFile, `${key}\n`);
  const plimsoll = commandsOn(root);
  const answer = async (args: readonly string[]): Promise<Answer<unknown>> => {
    const { status, stdout } = await plimsoll([...args, '--json']);
    return { status, views: JSON.parse(stdout) as readonly unknown[] };
  };
  for (const account of accounts) {
    expect((await plimsoll(['user', 'add', ...account, '--key', keyFile])).stderr).toBe('');
  }
  return {
    root,
    plimsoll,
    home: (name: string) => join(root, 'homes', name),
    lines: (...args: readonly string[]) => answer(['quota', ...args]) as Promise<Answer<QuotaView>>,
    scans: (...args: readonly string[]) => answer(['quota', 'scan', ...args]) as Promise<Answer<ScanView>>,
  };
}

const show = ['quota', 'show'];
const scan = ['quota', 'scan'];
const check = ['quota', 'scan', '--check'];

describe('plimsoll quota show', () => {
  it('has one row for each home, in the shape that scripts read', async () => {
    const { plimsoll, lines, home } = await rootWith(
      ['zoe', '--quota', '10KB', '--files', '4'],
      ['bob', '--quota', 'none'],
    );
    writeFileSync(join(home('zoe'), 'file'), 'x'.repeat(2500));
    await plimsoll(['user', 'add', 'amy', '--home', 'homes/zoe', '--password-stdin'], { input: 'secret' });
    const bob = { name: 'bob', bytes: { used: 0, limit: null }, files: { used: 0, limit: null } };
    const zoe = {
      name: 'zoe',
      accounts: ['zoe', 'amy'],
      bytes: { used: 2500, limit: 10_000 },
      files: { used: 1, limit: 4 },
    };
    expect(await lines('show')).toEqual({ status: 0, views: [bob, zoe] });
    expect(await lines('show', 'Amy')).toEqual({ status: 0, views: [zoe] });
  });

  it('has a table for people', async () => {
    const { plimsoll, home } = await rootWith(
      ['ann', '--quota', '10KB', '--files', '4'],
      ['bob', '--quota', 'none'],
      ['cyd', '--quota', '0'],
    );
    writeFileSync(join(home('ann'), 'file'), 'x'.repeat(2599));
    const { status, stdout, stderr } = await plimsoll(show);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'USED', 'LINE', 'FREE', '%', 'FILES'],
      ['ann', '2.6 KB', '10 KB', '7.4 KB', '25', '1 of 4'],
      ['bob', '0 B', 'no limit', 'no limit', '-', '0'],
      ['cyd', '0 B', '0 B', '0 B', '100', '0'],
      [''],
    ]);
  });

  it('goes by the ledger from its first count on; so do user list and user show', async () => {
    const { lines, plimsoll, home } = await rootWith(['ann']);
    writeFileSync(join(home('ann'), 'file'), 'x'.repeat(900));
    expect((await lines('show')).views[0]?.bytes.used).toBe(900);
    appendFileSync(join(home('ann'), 'file'), 'x'.repeat(100));
    await plimsoll(scan);
    appendFileSync(join(home('ann'), 'file'), 'behind the back of the ledger');
    expect((await lines('show')).views[0]?.bytes.used).toBe(1000);
    const usage = { usage: { bytes: 1000, files: 1 } };
    expect(JSON.parse((await plimsoll(['user', 'list', '--json'])).stdout)).toMatchObject([usage]);
    expect(JSON.parse((await plimsoll(['user', 'show', 'ann', '--json'])).stdout)).toMatchObject(usage);
  });

  it('says of whom it knows nothing, and that there is nobody yet', async () => {
    const { plimsoll } = await rootWith(['ann']);
    for (const args of [show, scan]) {
      const outcome = await plimsoll([...args, 'nobody']);
      expect(outcome).toMatchObject({ status: 4, stdout: '' });
      expect(outcome.stderr).toBe("plimsoll: there is no account 'nobody': see 'plimsoll user list'\n");
    }
    await plimsoll(['user', 'remove', 'ann', '--yes']);
    for (const args of [show, scan]) {
      expect((await plimsoll(args)).stdout).toBe("no accounts: make one with 'plimsoll user add NAME'\n");
      expect((await plimsoll([...args, '--json'])).stdout).toBe('[]\n');
    }
  });

  it('shows all others where one home cannot be counted, and says which', async () => {
    const { lines, plimsoll, home } = await rootWith(['ann'], ['bob']);
    rmSync(home('ann'), { recursive: true });
    writeFileSync(home('ann'), 'in the way');
    const all = await lines('show');
    expect(all.status).toBe(10);
    expect(all.views.map(({ name, bytes }) => [name, bytes.used])).toEqual([
      ['ann', null],
      ['bob', 0],
    ]);
    const text = await plimsoll(show);
    const sentence = `the home of 'ann', ${home('ann')}, cannot be counted: not a folder`;
    expect(text.stderr).toBe(`plimsoll: ${sentence}\n`);
    expect(text.stdout).toMatch(/^ann +unknown +100 MB +unknown +- +unknown$/m);
    expect(await plimsoll([...show, 'ann'])).toMatchObject({ status: 1, stdout: '', stderr: text.stderr });
    expect(await plimsoll(scan)).toMatchObject({ status: 10, stderr: text.stderr });
    expect(await plimsoll([...scan, 'ann'])).toMatchObject({ status: 1, stdout: '', stderr: text.stderr });
  });
});

describe('plimsoll quota set', () => {
  it('sets the line of a home as user set does', async () => {
    const { root, lines, plimsoll } = await rootWith(['ann']);
    const set = await plimsoll(['quota', 'set', 'ann', '64MiB', '--files', '10']);
    expect(set).toMatchObject({ status: 0, stdout: 'ann: line 67.1 MB, 10 files\n', stderr: '' });
    const limits = async () => {
      const { views } = await lines('show');
      return views.map(({ bytes, files }) => [bytes.limit, files.limit]);
    };
    expect(await limits()).toEqual([[2 ** 26, 10]]);
    expect((await plimsoll(['quota', 'set', 'ann', '64MiB'])).stdout).toBe('nothing to change\n');
    const { views } = await lines('set', 'ann', 'none', '--files', 'none');
    expect(views).toEqual([
      { name: 'ann', bytes: { used: 0, limit: null }, files: { used: 0, limit: null } },
    ]);
    await plimsoll(['quota', 'set', 'ann', 'default', '--files', 'default']);
    expect(await limits()).toEqual([[100_000_000, null]]);
    const audit = readFileSync(join(root, 'var', 'audit.log'), 'utf8');
    expect(audit).toContain('"change":"line 67.1 MB, 10 files"');
  });

  it('takes a line below what is used, and says what that means', async () => {
    const { plimsoll, home } = await rootWith(['ann']);
    writeFileSync(join(home('ann'), 'file'), 'x'.repeat(3000));
    const note = 'ann is over that line by 2 KB: nothing can grow in that home until so much is removed.\n';
    const set = await plimsoll(['quota', 'set', 'ann', '1KB']);
    expect(set).toMatchObject({ status: 0, stdout: `ann: line 1 KB\n${note}`, stderr: '' });
    expect((await plimsoll(['user', 'set', 'ann', '--quota', '1KB'])).stdout).toBe(
      `nothing to change\n${note}`,
    );
    expect((await plimsoll(show)).stdout).toMatch(/^ann +3 KB +1 KB +0 B +300 +1$/m);
  });

  it('leaves the line of a shared home to the first of its accounts', async () => {
    const { plimsoll } = await rootWith(['ann', '--quota', '10MB'], ['bob', '--home', 'homes/ann']);
    const refused = await plimsoll(['quota', 'set', 'bob', '20MB']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain("the home is shared with 'ann', and its line is 10 MB");
    expect((await plimsoll(['quota', 'set', 'bob', '10MB'])).stdout).toBe('nothing to change\n');
    expect((await plimsoll(['quota', 'set', 'ann', '20MB'])).status).toBe(0);
  });

  it.each([
    [['ann', 'lots'], 2, "'lots' is not a size"],
    [['ann', '-1'], 2, "'-1' is not a size"],
    [['ann', '1MB', '--files', 'some'], 2, "'some' is not a number of files"],
    [['ann'], 2, "missing required argument 'SIZE'"],
    [['nobody', '1MB'], 4, "there is no account 'nobody'"],
  ])('refuses %j, and changes nothing', async (args, status, sentence) => {
    const { lines, plimsoll } = await rootWith(['ann']);
    const outcome = await plimsoll(['quota', 'set', ...args]);
    expect(outcome).toMatchObject({ status, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
    expect((await lines('show')).views[0]?.bytes.limit).toBe(100_000_000);
  });
});

describe('plimsoll quota scan', () => {
  async function drifted() {
    const made = await rootWith(['ann'], ['bob']);
    writeFileSync(join(made.home('ann'), 'file'), 'x'.repeat(1000));
    await made.plimsoll(scan);
    appendFileSync(join(made.home('ann'), 'file'), 'x'.repeat(500));
    mkdirSync(join(made.home('ann'), 'folder'));
    return made;
  }

  const drift = {
    name: 'ann',
    ledger: { bytes: 1000, files: 1 },
    disk: { bytes: 1500, files: 2 },
    drift: { bytes: 500, files: 1 },
  };
  const none = { bytes: 0, files: 0 };
  const bob = { name: 'bob', ledger: none, disk: none, drift: none };

  it('only tells with --check, by its exit code too, and sets the ledger without (L5)', async () => {
    const { lines, scans, root } = await drifted();
    for (let again = 0; again < 2; again++) {
      expect(await scans('--check')).toEqual({ status: 1, views: [drift, bob] });
    }
    expect(await scans('--check', 'bob')).toEqual({ status: 0, views: [bob] });
    expect(await scans()).toEqual({ status: 0, views: [drift, bob] });
    const now = { ...drift, ledger: drift.disk, drift: none };
    expect(await scans('--check')).toEqual({ status: 0, views: [now, bob] });
    expect((await lines('show', 'ann')).views[0]?.bytes.used).toBe(1500);
    const audit = readFileSync(join(root, 'var', 'audit.log'), 'utf8');
    expect(audit.match(/use set to 1.5 KB, 2 files, as on the disk/g)).toHaveLength(1);
  });

  it('has a table for people, and says what became of the difference', async () => {
    const { plimsoll, home } = await drifted();
    rmSync(join(home('ann'), 'file'));
    const rows = [
      ['NAME', 'LEDGER', 'DISK', 'DRIFT'],
      ['ann', '1 KB, 1 file', '0 B, 1 file', '-1 KB'],
      ['bob', '0 B, 0 files', '0 B, 0 files', 'none'],
    ];
    const checked = await plimsoll(check);
    const lines = checked.stdout.split('\n');
    expect(lines.slice(0, 3).map((line) => line.split(/ {2,}/))).toEqual(rows);
    expect(lines[3]).toBe(
      "The ledger and the disk differ: 'plimsoll quota scan' without --check sets the ledger to the disk.",
    );
    expect((await plimsoll(scan)).stdout).toContain('\nThe ledger is set to what is on the disk.\n');
    expect((await plimsoll(scan)).stdout).toMatch(/^ann +0 B, 1 file +0 B, 1 file +none\nbob .*none\n$/m);
  });

  it('shows how far it is, and ends at Ctrl-C, changing nothing', async () => {
    const { scans, plimsoll } = await drifted();
    const interrupted = await plimsoll(scan, { interrupt: AbortSignal.abort() });
    expect(interrupted).toMatchObject({
      status: 130,
      stdout: '',
      stderr: 'plimsoll: interrupted: nothing was changed\n',
    });
    expect((await scans('--check')).views).toEqual([drift, bob]);
    const { progress } = await plimsoll(scan);
    expect(progress[0]).toMatch(/^counting .*\/homes\/ann: \d entries$/);
  });
});
