import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../../../src/client/link.js';
import { startTestServer, type TestServer } from '../../../../src/testing.js';
import { linkTo } from '../../../client/transfer-rig.js';
import { transferShell } from './transfer-shell.js';

let work: string;
let home: string;
let here: string;
let server: TestServer;
let link: Link;
let plim: ReturnType<typeof transferShell>;

const big = randomBytes(300_000);
const large = randomBytes(2_000_000);
const md5 = (data: string | Uint8Array): string => createHash('md5').update(data).digest('hex');

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-cli-get-'));
  home = join(work, 'home');
  mkdirSync(join(home, 'docs/deep'), { recursive: true });
  writeFileSync(join(home, 'notes.txt'), 'hello\n');
  writeFileSync(join(home, 'big.bin'), big);
  writeFileSync(join(home, 'large.bin'), large);
  writeFileSync(join(home, 'docs/a.txt'), 'a');
  writeFileSync(join(home, 'docs/b.txt'), 'bb');
  writeFileSync(join(home, 'docs/deep/c.txt'), 'ccc');
  writeFileSync(join(home, 'empty'), '');
  utimesSync(join(home, 'notes.txt'), 1e9, 1e9);
  chmodSync(join(home, 'notes.txt'), 0o640);
  server = await startTestServer({ accounts: { alice: { password: 'secret', home } } });
  link = linkTo(server);
});
beforeEach(() => {
  here = mkdtempSync(join(work, 'here-'));
  plim = transferShell({ link, here, there: '/', port: server.port });
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  await link.end();
  await server.close();
  rmSync(work, { recursive: true });
});

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve));
}

const local = (name: string): string => readFileSync(join(here, name), 'latin1');
const names = (folder = ''): readonly string[] => readdirSync(join(here, folder)).sort();

describe('get', () => {
  it('fetches a file into the current folder, and shows both hashes', async () => {
    const { exit, stdout, stderr } = await plim.line('get notes.txt');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^notes\.txt: 6 B in [\d.]+ s.*, MD5 equal\n {2}MD5 here \w{32} there \w{32}\n$/);
    expect(stdout).toContain(`MD5 here ${md5('hello\n')} there ${md5('hello\n')}`);
    expect(local('notes.txt')).toBe('hello\n');
    expect(names()).toEqual(['notes.txt']);
  });

  it('takes the last of two names for the target', async () => {
    mkdirSync(join(here, 'in'));
    await plim.line('get notes.txt mine.txt');
    await plim.line('get notes.txt in');
    await plim.line('get notes.txt in/other');
    await plim.line(`get notes.txt ${work}/absolute`);
    expect([local('mine.txt'), local('in/notes.txt'), local('in/other')]).toEqual(Array(3).fill('hello\n'));
    expect(readFileSync(join(work, 'absolute'), 'latin1')).toBe('hello\n');
  });

  it('does not make a folder that is missing', async () => {
    const { exit, stderr } = await plim.line('get notes.txt nowhere/');
    expect(exit).toBe(4);
    expect(stderr).toBe("plim: there is no folder 'nowhere/' here: make it first\n");
    expect(names()).toEqual([]);
  });

  it('fetches what a pattern matches, and ends with the sum', async () => {
    const { exit, stdout } = await plim.line('get docs/*.txt');
    expect(exit).toBe(0);
    expect(names()).toEqual(['a.txt', 'b.txt']);
    expect(stdout).toMatch(/docs\/a\.txt: 1 B in .*MD5 equal\n/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 files, 3 B');
  });

  it('fetches several names, into a folder where the last one is one', async () => {
    await plim.line('get notes.txt docs/a.txt empty');
    expect(names()).toEqual(['a.txt', 'empty', 'notes.txt']);
    mkdirSync(join(here, 'in'));
    await plim.line('get notes.txt docs/a.txt in');
    expect(names('in')).toEqual(['a.txt', 'notes.txt']);
  });

  it('does not put several files into one name', async () => {
    const { exit, stderr } = await plim.line('get docs/*.txt one');
    expect(exit).toBe(1);
    expect(stderr).toContain("2 sources cannot all become 'one': there is no such folder here");
    expect(names()).toEqual([]);
  });

  it('does not let two files take one name', async () => {
    const { exit, stderr } = await plim.line('mget docs/a.txt docs/deep/../a.txt');
    expect(exit).toBe(2);
    expect(stderr).toContain('would get the same name');
    expect(names()).toEqual([]);
  });

  it('says where nothing matches, and what is missing', async () => {
    expect(await plim.line('get *.none')).toMatchObject({
      exit: 4,
      stderr: 'plim: *.none: nothing at the server matches\n',
    });
    const missing = await plim.line('get missing.txt');
    expect(missing.exit).toBe(4);
    expect(missing.stderr).toMatch(/^plim: .*missing\.txt.*no such file/);
  });

  it('refuses a folder without -r, and names the option', async () => {
    const { exit, stderr } = await plim.line('get docs');
    expect(exit).toBe(1);
    expect(stderr).toContain('-r');
    expect(names()).toEqual([]);
  });

  it.each(['-r', '-R', '--recursive'])('fetches a folder with %s', async (flag) => {
    const { exit, stdout } = await plim.line(`get ${flag} docs`);
    expect(exit).toBe(0);
    expect(names('docs')).toEqual(['a.txt', 'b.txt', 'deep']);
    expect(local('docs/deep/c.txt')).toBe('ccc');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('3 files, 6 B');
  });

  it('makes FOLDER/NAME where the folder is there, and FOLDER itself where it is not', async () => {
    await plim.line('get -r docs copy');
    expect(names('copy')).toEqual(['a.txt', 'b.txt', 'deep']);
    await plim.line('get -r docs copy');
    expect(names('copy')).toEqual(['a.txt', 'b.txt', 'deep', 'docs']);
    mkdirSync(join(here, 'flat'));
    await plim.line('get -r docs/. flat');
    expect(names('flat')).toEqual(['a.txt', 'b.txt', 'deep']);
  });

  it('carries times and modes over with -p only', async () => {
    await plim.line('get -p notes.txt kept');
    await plim.line('get notes.txt fresh');
    const kept = statSync(join(here, 'kept'));
    expect([kept.mtimeMs, kept.mode & 0o777]).toEqual([1e12, 0o640]);
    expect(statSync(join(here, 'fresh')).mtimeMs).toBeGreaterThan(1.5e12);
  });

  it('goes on with -a, --resume and reget, and says what was there', async () => {
    for (const line of ['get -a big.bin', 'get --resume big.bin', 'reget big.bin']) {
      writeFileSync(join(here, 'big.bin.part'), big.subarray(0, 200_000));
      server.requests.clear();
      const { exit, stdout } = await plim.line(line);
      expect(exit).toBe(0);
      expect(stdout).toMatch(/big\.bin: 300 KB of which 200 KB were there, 100 KB in .*, MD5 equal\n/);
      expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
      expect(names()).toEqual(['big.bin']);
      rmSync(join(here, 'big.bin'));
    }
  });

  it('does not extend what differs: fails with 7, or starts anew when told', async () => {
    const wrong = Buffer.from(big.subarray(0, 200_000));
    wrong[100_000] = (wrong[100_000] ?? 0) ^ 1;
    writeFileSync(join(here, 'big.bin.part'), wrong);
    for (const more of ['', '--on-mismatch fail']) {
      const { exit, stderr } = await plim.line(`get --resume ${more} big.bin`);
      expect(exit).toBe(7);
      expect(stderr).toContain('--on-mismatch restart');
      expect(readFileSync(join(here, 'big.bin.part')).equals(wrong)).toBe(true);
    }
    expect((await plim.line('get --resume --on-mismatch restart big.bin')).exit).toBe(0);
    expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
  });

  it('asks about what differs', async () => {
    writeFileSync(join(here, 'big.bin.part'), 'something else');
    const stop = await plim.line('get --resume big.bin', { answers: ['s'] });
    expect(stop.exit).toBe(7);
    expect(stop.asked[0]).toContain('differ from the source: restart, stop?');
    expect((await plim.line('get --resume big.bin', { answers: ['r'] })).exit).toBe(0);
    expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
  });

  it('touches nothing that is there without a flag, and names the flags', async () => {
    writeFileSync(join(here, 'notes.txt'), 'mine');
    const { exit, stderr } = await plim.line('get notes.txt');
    expect(exit).toBe(9);
    expect(stderr).toMatch(/^plim: notes\.txt is there already .*--overwrite, --rename or --skip\n$/);
    expect(local('notes.txt')).toBe('mine');
    expect(names()).toEqual(['notes.txt']);
  });

  it('tells wrong usage before it asks the server', async () => {
    server.requests.clear();
    const { exit, stderr } = await plim.line('get --verify crc *.none');
    expect(exit).toBe(2);
    expect(stderr).toContain('--verify takes md5, sha256 or none');
    expect(server.requests).toHaveLength(0);
  });

  it('overwrites, renames and skips as flags say', async () => {
    writeFileSync(join(here, 'notes.txt'), 'mine');
    const skipped = await plim.line('get --skip notes.txt');
    expect(skipped).toMatchObject({ exit: 0, stdout: 'notes.txt: skipped\n' });
    expect(local('notes.txt')).toBe('mine');
    const renamed = await plim.line('get --rename notes.txt');
    expect(renamed.stdout).toMatch(/^notes\.txt: 6 B in .* as notes\.txt\.new, MD5 equal\n/);
    await plim.line('get --rename notes.txt');
    expect(names()).toEqual(['notes.txt', 'notes.txt.new', 'notes.txt.new.2']);
    await plim.line('get --overwrite notes.txt');
    expect([local('notes.txt'), local('notes.txt.new')]).toEqual(['hello\n', 'hello\n']);
  });

  it('asks a person, for one or for all', async () => {
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(here, name), 'X');
    const { exit, asked } = await plim.line('get docs/*.txt --jobs 1', { answers: ['?', 'O'] });
    expect(exit).toBe(0);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatch(/^a\.txt is there already: .*overwrite, rename, skip\?/);
    expect([local('a.txt'), local('b.txt')]).toEqual(['a', 'bb']);
  });

  it('says how far a resume would begin when it asks', async () => {
    writeFileSync(join(here, 'big.bin.part'), big.subarray(0, 282_000));
    const { exit, asked } = await plim.line('get big.bin', { answers: ['r'] });
    expect(exit).toBe(0);
    expect(asked[0]).toContain('resume at 94 % (282 of 300 KB), overwrite, rename, skip');
    expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
  });

  it('ends with 130 when a person gives up at the question', async () => {
    writeFileSync(join(here, 'notes.txt'), 'mine');
    expect((await plim.line('get notes.txt', { answers: [] })).exit).toBe(130);
    expect(local('notes.txt')).toBe('mine');
  });

  it('says that the same file is there already', async () => {
    await plim.line('get notes.txt');
    const { exit, stdout } = await plim.line('get notes.txt');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^notes\.txt: already there, MD5 equal\n/);
  });

  it('writes in place with --in-place', async () => {
    writeFileSync(join(here, 'notes.txt'), 'mine');
    const { ino } = statSync(join(here, 'notes.txt'));
    expect((await plim.line('get --in-place --overwrite notes.txt')).exit).toBe(0);
    expect(statSync(join(here, 'notes.txt')).ino).toBe(ino);
    expect(local('notes.txt')).toBe('hello\n');
  });

  it('verifies by what was asked for, or not at all', async () => {
    const sha = createHash('sha256').update('hello\n').digest('hex');
    const verified = await plim.line('get --verify sha256 notes.txt a');
    expect(verified.stdout).toContain(`SHA256 here ${sha} there ${sha}`);
    const none = await plim.line('get --verify none notes.txt b');
    expect(none.stdout).toMatch(/^notes\.txt: 6 B in .*, not verified\n$/);
  });

  it('ends with 7 and keeps NAME.part where what arrived is not what the server has', async () => {
    const path = join(home, 'changing');
    // More than one request brings: the hash is asked for only when all of it is here.
    const before = 'before'.repeat(100_000);
    const after = 'after!'.repeat(100_000);
    writeFileSync(path, before);
    server.requests.clear();
    server.faults.delay('check-file-name', { milliseconds: 300 });
    const running = plim.line('get changing');
    await until(() => server.requests.some(({ operation }) => operation === 'check-file-name'));
    writeFileSync(path, after);
    const { exit, stderr } = await running;
    rmSync(path);
    expect(exit).toBe(7);
    expect(stderr).toContain(`${md5(before)} here, ${md5(after)} at the server`);
    expect(names()).toEqual(['changing.part']);
  });

  it('takes -f, --jobs and --limit', async () => {
    const began = performance.now();
    expect((await plim.line('get -f --jobs 2 --limit 600KB big.bin')).exit).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(100);
    expect(readFileSync(join(here, 'big.bin')).equals(big)).toBe(true);
  });

  it('fetches empty files', async () => {
    const { exit, stdout } = await plim.line('get empty');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^empty: 0 B/);
    expect(local('empty')).toBe('');
  });

  it('gives each result as a JSON document, and the sum', async () => {
    const { exit, stdout } = await plim.line('get notes.txt missing empty', { globals: { json: true } });
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(exit).toBe(10);
    expect(documents).toHaveLength(4);
    const found = documents.find(({ remote }) => remote === '/notes.txt');
    expect(found).toMatchObject({
      ...{ command: 'get', local: join(here, 'notes.txt'), outcome: 'transferred', code: 201, size: 6 },
      ...{ moved: 6, resumedAt: 0 },
      verified: { algorithm: 'md5', here: md5('hello\n'), there: md5('hello\n') },
    });
    expect(documents.find(({ outcome }) => outcome === 'not-found')).toMatchObject({ code: 404 });
    expect(documents.at(-1)).toEqual({
      ...{ files: 2, bytes: 6, alreadyThere: 0, skipped: 0, failed: 1 },
      ...{ outcome: 'some-failed', code: 501 },
    });
  });

  it('goes on with the others where one fails; the same fault of all decides the exit code', async () => {
    const some = await plim.line('get notes.txt missing docs/a.txt');
    expect(some.exit).toBe(10);
    expect(names()).toEqual(['a.txt', 'notes.txt']);
    expect(some.stderr).toMatch(/missing.*no such file/);
    expect(some.stdout.trimEnd().split('\n').at(-1)).toBe('2 files, 7 B; 1 failed');
    expect((await plim.line('get missing also-missing neither')).exit).toBe(4);
  });

  it('writes a file to standard output, and everything else to standard error', async () => {
    const { exit, bytes, stderr } = await plim.words(['get', 'big.bin', '-']);
    expect(exit).toBe(0);
    expect(bytes.equals(big)).toBe(true);
    expect(stderr).toContain(`MD5 here ${md5(big)} there ${md5(big)}`);
    const json = await plim.words(['get', 'big.bin', '-'], { globals: { json: true } });
    expect(json.bytes.equals(big)).toBe(true);
    expect(JSON.parse(json.stderr)).toMatchObject({ outcome: 'transferred', local: '-' });
  });

  it('keeps standard output free of how it failed', async () => {
    const missing = await plim.words(['get', 'missing', '-'], { globals: { json: true } });
    expect([missing.exit, missing.stdout]).toEqual([4, '']);
    expect(missing.stderr).toContain('"outcome":"not-found"');
    const several = await plim.words(['get', 'docs/*.txt', '-']);
    expect([several.exit, several.stdout]).toEqual([2, '']);
  });

  it('does not write to the terminal of the prompt', async () => {
    const { exit, stdout, stderr } = await plim.line('get notes.txt -', { interactive: true });
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain('could steer this terminal');
  });

  it('does not follow a pattern to a name with control characters', async () => {
    const strange = join(home, 'docs/x\u001b[2Jy.txt');
    writeFileSync(strange, 'x');
    const { exit, stderr } = await plim.line('get docs/*.txt');
    rmSync(strange);
    expect(exit).toBe(10);
    expect(stderr).toContain('control characters');
    expect(stderr).not.toContain('\u001b');
    expect(names()).toEqual(['a.txt', 'b.txt']);
  });

  it('does not follow symlinks out of the folder that it makes', async () => {
    const outside = mkdtempSync(join(work, 'outside-'));
    mkdirSync(join(here, 'docs'));
    symlinkSync(outside, join(here, 'docs/deep'));
    await plim.line('get -r docs');
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe('mget', () => {
  it('takes two names for two sources, unless the last is a folder', async () => {
    await plim.line('mget notes.txt empty');
    expect(names()).toEqual(['empty', 'notes.txt']);
    mkdirSync(join(here, 'in'));
    await plim.line('mget docs/*.txt in');
    expect(names('in')).toEqual(['a.txt', 'b.txt']);
  });
});

describe('what stopped', () => {
  /** Ends once the part has grown to so many bytes. */
  async function stoppedAt(line: string, part: string, stop: AbortController, more = {}) {
    const running = plim.line(line, { signal: stop.signal, ...more });
    await until(() => existsSync(join(here, part)) && statSync(join(here, part)).size > 0);
    stop.abort();
    return running;
  }

  it('says what arrived, and a line that goes on when it is pasted', async () => {
    const stop = new AbortController();
    const { exit, stderr } = await stoppedAt('get --limit 4MB large.bin', 'large.bin.part', stop, {
      again: ['-i', '/keys/my key', 'alice@files.example:2222'],
    });
    expect(exit).toBe(130);
    const [, arrived, again = ''] = /received (.+) of 2 MB; continue with: (plim .+)\n/.exec(stderr) ?? [];
    expect(arrived).toMatch(/^[\d.]+( KB)?$/);
    expect(again).toBe(
      `plim -i '/keys/my key' alice@files.example:2222 get --resume --limit 4MB /large.bin ${here}/large.bin`,
    );
    const words = again.replace(/^.*:2222 /, '').split(' ');
    expect((await plim.words(words.filter((word) => !/limit|4MB/.test(word)))).exit).toBe(0);
    expect(readFileSync(join(here, 'large.bin')).equals(large)).toBe(true);
  });

  it('says reget at the prompt', async () => {
    const { stderr } = await stoppedAt('get --limit 4MB large.bin', 'large.bin.part', new AbortController(), {
      interactive: true,
    });
    expect(stderr).toMatch(/continue with: reget --limit 4MB large\.bin large\.bin\n$/);
  });

  it('goes on with a folder where it was put, and not inside of it', async () => {
    const stop = new AbortController();
    mkdirSync(join(home, 'tree'));
    writeFileSync(join(home, 'tree/large'), large);
    const { exit, stderr } = await stoppedAt('get -r --limit 4MB tree copy', 'copy/large.part', stop);
    expect(exit).toBe(130);
    const [, again = ''] = /; continue with: (plim .+)\n$/.exec(stderr) ?? [];
    expect(again).toBe(
      `plim alice@files.example:${server.port} get --resume -r --limit 4MB /tree/. ${here}/copy`,
    );
    expect((await plim.line('get --resume -r /tree/. copy')).exit).toBe(0);
    expect(names('copy')).toEqual(['large']);
    expect(readFileSync(join(here, 'copy/large')).equals(large)).toBe(true);
  });

  it('says it too where the connection is lost for good', async () => {
    const lost = linkTo(server, { retries: 0 });
    const shell = transferShell({ link: lost, here, there: '/', port: server.port });
    server.faults.cutAfter(150_000, { direction: 'down' });
    const { exit, stderr } = await shell.line('get big.bin');
    expect(exit).toBe(8);
    expect(stderr).toMatch(/received .* of 300 KB; continue with: plim .* get --resume \/big\.bin/);
    await lost.end();
  });
});
