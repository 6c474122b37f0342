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
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../../../src/client/link.js';
import { startTestServer, type TestServer } from '../../../../src/testing.js';
import { linkTo } from '../../../client/transfer-rig.js';
import { transferShell } from './transfer-shell.js';

let work: string;
let home: string;
/** The home of an account with a line. */
let lined: string;
let here: string;
let server: TestServer;
let link: Link;
let plim: ReturnType<typeof transferShell>;

const big = randomBytes(300_000);
const large = randomBytes(2_000_000);
const md5 = (data: string | Uint8Array): string => createHash('md5').update(data).digest('hex');

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-cli-put-'));
  home = join(work, 'home');
  lined = join(work, 'lined');
  here = join(work, 'here');
  mkdirSync(home);
  mkdirSync(lined);
  mkdirSync(join(here, 'docs/deep'), { recursive: true });
  writeFileSync(join(here, 'notes.txt'), 'hello\n');
  writeFileSync(join(here, 'big.bin'), big);
  writeFileSync(join(here, 'large.bin'), large);
  writeFileSync(join(here, 'docs/a.txt'), 'a');
  writeFileSync(join(here, 'docs/b.txt'), 'bb');
  writeFileSync(join(here, 'docs/deep/c.txt'), 'ccc');
  writeFileSync(join(here, 'empty'), '');
  utimesSync(join(here, 'notes.txt'), 1e9, 1e9);
  chmodSync(join(here, 'notes.txt'), 0o640);
  server = await startTestServer({
    accounts: {
      alice: { password: 'secret', home, quota: null },
      small: { password: 'secret', home: lined, quota: '20MB' },
    },
  });
  link = linkTo(server);
  plim = transferShell({ link, here, there: '/', port: server.port });
});
beforeEach(() => {
  for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true });
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

const there = (name: string): string => readFileSync(join(home, name), 'latin1');
const names = (folder = ''): readonly string[] => readdirSync(join(home, folder)).sort();

describe('put', () => {
  it('sends a file into the current folder, and shows both hashes', async () => {
    const { exit, stdout, stderr } = await plim.line('put notes.txt');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^notes\.txt: 6 B in [\d.]+ s.*, MD5 equal\n/);
    expect(stdout).toContain(`  MD5 here ${md5('hello\n')} there ${md5('hello\n')}\n`);
    expect(there('notes.txt')).toBe('hello\n');
    expect(names()).toEqual(['notes.txt']);
  });

  it('takes the last of two names for the target', async () => {
    mkdirSync(join(home, 'in'));
    await plim.line('put notes.txt mine.txt');
    await plim.line('put notes.txt in');
    await plim.line('put notes.txt /in/other');
    await plim.line(`put ${here}/notes.txt in/third`);
    expect(names('in')).toEqual(['notes.txt', 'other', 'third']);
    expect([there('mine.txt'), there('in/notes.txt'), there('in/third')]).toEqual(Array(3).fill('hello\n'));
  });

  it('takes a target for a name where it looks like a pattern and matches nothing here', async () => {
    await plim.words(['put', 'notes.txt', 'what [is] this?.txt']);
    await plim.words(['put', 'notes.txt', 'a\\*b']);
    await plim.line('put notes.txt "c*d"');
    expect(names()).toEqual(['a*b', 'c*d', 'what [is] this?.txt']);
    expect((await plim.words(['put', 'notes.txt', 'docs/*.txt'])).stdout).toContain('3 files');
  });

  it('does not make a folder that is missing', async () => {
    const { exit, stderr } = await plim.line('put notes.txt nowhere/');
    expect(exit).toBe(4);
    expect(stderr).toBe("plim: there is no folder 'nowhere/' at the server: make it first\n");
    expect(names()).toEqual([]);
  });

  it('sends what a pattern matches, several names, and into a folder', async () => {
    const { stdout } = await plim.line('put docs/*.txt');
    expect(names()).toEqual(['a.txt', 'b.txt']);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 files, 3 B');
    mkdirSync(join(home, 'in'));
    await plim.line('put notes.txt docs/a.txt in');
    expect(names('in')).toEqual(['a.txt', 'notes.txt']);
    await plim.line('put notes.txt empty docs/deep/c.txt');
    expect(names()).toEqual(['a.txt', 'b.txt', 'c.txt', 'empty', 'in', 'notes.txt']);
  });

  it('says what is missing here, and refuses a folder without -r', async () => {
    const missing = await plim.line('put missing.txt');
    expect(missing.exit).toBe(4);
    expect(missing.stderr).toContain('missing.txt');
    const folder = await plim.line('put docs');
    expect(folder.exit).toBe(1);
    expect(folder.stderr).toContain('-r');
    expect(names()).toEqual([]);
  });

  it.each(['-r', '-R'])('sends a folder with %s', async (flag) => {
    const { exit, stdout } = await plim.line(`put ${flag} docs`);
    expect(exit).toBe(0);
    expect(there('docs/deep/c.txt')).toBe('ccc');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('3 files, 6 B');
  });

  it('makes FOLDER/NAME where the folder is there, and FOLDER itself where it is not', async () => {
    await plim.line('put -r docs copy');
    expect(names('copy')).toEqual(['a.txt', 'b.txt', 'deep']);
    await plim.line('put -r docs copy');
    expect(names('copy')).toEqual(['a.txt', 'b.txt', 'deep', 'docs']);
    mkdirSync(join(home, 'flat'));
    await plim.line('put -r docs/. flat');
    expect(names('flat')).toEqual(['a.txt', 'b.txt', 'deep']);
  });

  it('carries times and modes over with -p only', async () => {
    await plim.line('put -p notes.txt kept');
    await plim.line('put notes.txt fresh');
    const kept = statSync(join(home, 'kept'));
    expect([kept.mtimeMs, kept.mode & 0o777]).toEqual([1e12, 0o640]);
    expect(statSync(join(home, 'fresh')).mtimeMs).toBeGreaterThan(1.5e12);
  });

  it('goes on with -a, --resume and reput, and says what was there', async () => {
    for (const line of ['put -a big.bin', 'put --resume big.bin', 'reput big.bin']) {
      writeFileSync(join(home, 'big.bin.filepart'), big.subarray(0, 200_000));
      const { exit, stdout } = await plim.line(line);
      expect(exit).toBe(0);
      expect(stdout).toMatch(/big\.bin: 300 KB of which 200 KB were there, 100 KB in .*, MD5 equal\n/);
      expect(readFileSync(join(home, 'big.bin')).equals(big)).toBe(true);
      expect(names()).toEqual(['big.bin']);
      rmSync(join(home, 'big.bin'));
    }
  });

  it('resumes NAME itself where there is no partial file', async () => {
    writeFileSync(join(home, 'big.bin'), big.subarray(0, 200_000));
    const { exit, stdout } = await plim.line('reput big.bin');
    expect(exit).toBe(0);
    expect(stdout).toContain('200 KB were there');
    expect(readFileSync(join(home, 'big.bin')).equals(big)).toBe(true);
  });

  it('does not extend what differs: fails with 7, or starts anew when told', async () => {
    const wrong = Buffer.from(big.subarray(0, 200_000));
    wrong[0] = (wrong[0] ?? 0) ^ 0x80;
    writeFileSync(join(home, 'big.bin.filepart'), wrong);
    for (const more of ['', '--on-mismatch fail']) {
      const { exit, stderr } = await plim.line(`put --resume ${more} big.bin`);
      expect(exit).toBe(7);
      expect(stderr).toContain('--on-mismatch restart');
      expect(readFileSync(join(home, 'big.bin.filepart')).equals(wrong)).toBe(true);
    }
    expect((await plim.line('put --resume --on-mismatch restart big.bin')).exit).toBe(0);
    expect(readFileSync(join(home, 'big.bin')).equals(big)).toBe(true);
    expect(names()).toEqual(['big.bin']);
  });

  it('touches nothing that is there without a flag, and names the flags', async () => {
    writeFileSync(join(home, 'notes.txt'), 'theirs');
    const { exit, stderr } = await plim.line('put notes.txt');
    expect(exit).toBe(9);
    expect(stderr).toMatch(/^plim: notes\.txt is there already .*--overwrite, --rename or --skip\n$/);
    expect(there('notes.txt')).toBe('theirs');
    expect(names()).toEqual(['notes.txt']);
  });

  it('overwrites, renames and skips as flags say', async () => {
    writeFileSync(join(home, 'notes.txt'), 'theirs');
    expect((await plim.line('put --skip notes.txt')).stdout).toBe('notes.txt: skipped\n');
    expect(there('notes.txt')).toBe('theirs');
    const renamed = await plim.line('put --rename notes.txt');
    expect(renamed.stdout).toMatch(/^notes\.txt: 6 B in .* as notes\.txt\.new, MD5 equal\n/);
    await plim.line('put --rename notes.txt');
    expect(names()).toEqual(['notes.txt', 'notes.txt.new', 'notes.txt.new.2']);
    await plim.line('put --overwrite notes.txt');
    expect([there('notes.txt'), there('notes.txt.new')]).toEqual(['hello\n', 'hello\n']);
  });

  it.each([
    ['o', 'hello\n', ['notes.txt']],
    ['n', 'theirs', ['notes.txt', 'notes.txt.new']],
    ['s', 'theirs', ['notes.txt']],
  ])('asks a person, who answers %s', async (answer, content, left) => {
    writeFileSync(join(home, 'notes.txt'), 'theirs');
    const { exit, asked } = await plim.line('put notes.txt', { answers: [answer] });
    expect(exit).toBe(0);
    expect(asked).toHaveLength(1);
    expect(there('notes.txt')).toBe(content);
    expect(names()).toEqual(left);
  });

  it('says how far a resume would begin when it asks', async () => {
    writeFileSync(join(home, 'big.bin.filepart'), big.subarray(0, 282_000));
    const { exit, asked } = await plim.line('put big.bin', { answers: ['r'] });
    expect(exit).toBe(0);
    expect(asked[0]).toContain('resume at 94 % (282 of 300 KB), overwrite, rename, skip');
    expect(readFileSync(join(home, 'big.bin')).equals(big)).toBe(true);
  });

  it('says that the same file is there already', async () => {
    writeFileSync(join(home, 'notes.txt'), 'hello\n');
    const { exit, stdout } = await plim.line('put notes.txt');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^notes\.txt: already there, MD5 equal\n/);
  });

  it('writes in place with --in-place', async () => {
    writeFileSync(join(home, 'notes.txt'), 'theirs and more');
    const { ino } = statSync(join(home, 'notes.txt'));
    expect((await plim.line('put --in-place --overwrite notes.txt')).exit).toBe(0);
    expect(statSync(join(home, 'notes.txt')).ino).toBe(ino);
    expect(there('notes.txt')).toBe('hello\n');
  });

  it('verifies by what was asked for, or not at all', async () => {
    const sha = createHash('sha256').update('hello\n').digest('hex');
    const verified = await plim.line('put --verify sha256 notes.txt a');
    expect(verified.stdout).toContain(`SHA256 here ${sha} there ${sha}`);
    expect((await plim.line('put --verify none notes.txt b')).stdout).toMatch(/, not verified\n$/);
  });

  it('ends with 7 and keeps NAME.filepart where what arrived is not what was sent', async () => {
    writeFileSync(join(home, 'big.bin'), 'old');
    server.requests.clear();
    server.faults.delay('check-file-name', { milliseconds: 300 });
    const running = plim.line('put --overwrite big.bin');
    await until(() => server.requests.some(({ operation }) => operation === 'check-file-name'));
    const part = join(home, 'big.bin.filepart');
    // It is asked for behind the last WRITE, which need not be done by then.
    await until(() => statSync(part).size === big.length);
    writeFileSync(part, 'broken', { flag: 'r+' });
    const { exit, stderr } = await running;
    expect(exit).toBe(7);
    expect(stderr).toContain(`${md5(big)} here, `);
    expect(names()).toEqual(['big.bin', 'big.bin.filepart']);
    expect(there('big.bin')).toBe('old');
  });

  it('refuses at once what does not fit, and sends it with --no-check as far as it goes', async () => {
    truncateSync(join(here, 'empty'), 25_000_000);
    const small = linkTo({ port: server.port, user: 'small', password: 'secret' });
    const shell = transferShell({ link: small, here, there: '/' });
    try {
      server.requests.clear();
      const refused = await shell.line('put empty huge.bin');
      expect(refused.exit).toBe(6);
      expect(refused.stderr).toBe('plim: needs 25 MB, 20 MB free of 20 MB\n');
      expect(server.requests.map(({ operation }) => operation)).not.toContain('write');
      const tried = await shell.line('put --no-check empty huge.bin');
      expect(tried.exit).toBe(6);
      expect(tried.stderr).toMatch(
        /quota exceeded.*received .* of 25 MB; continue with: plim .* put --resume/,
      );
      expect(readdirSync(lined)).toEqual(['huge.bin.filepart']);
    } finally {
      truncateSync(join(here, 'empty'), 0);
      await small.end();
    }
  });

  it('takes -f, --jobs and --limit', async () => {
    server.requests.clear();
    const began = performance.now();
    expect((await plim.line('put -f --jobs 2 --limit 600KB big.bin')).exit).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(100);
    expect(server.requests.map(({ operation }) => operation)).toContain('fsync@openssh.com');
    expect(readFileSync(join(home, 'big.bin')).equals(big)).toBe(true);
  });

  it('gives each result as a JSON document, and the sum', async () => {
    const { exit, stdout } = await plim.line('put notes.txt missing empty', { globals: { json: true } });
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(exit).toBe(10);
    expect(documents.find(({ remote }) => remote === '/notes.txt')).toMatchObject({
      ...{ command: 'put', local: join(here, 'notes.txt'), outcome: 'transferred', code: 201, size: 6 },
    });
    expect(documents.at(-1)).toMatchObject({ files: 2, failed: 1, outcome: 'some-failed' });
  });

  it('says nothing but failures with --quiet', async () => {
    const { exit, stdout, stderr } = await plim.line('put notes.txt missing empty', {
      globals: { quiet: true },
    });
    expect([exit, stdout]).toEqual([10, '']);
    expect(stderr).toContain('missing');
  });

  it('shows numbers of outcomes with --codes', async () => {
    const { stdout } = await plim.line('put notes.txt', { globals: { codes: true } });
    expect(stdout).toMatch(/^201 notes\.txt: /);
    expect((await plim.line('put notes.txt', { globals: { codes: true } })).stdout).toMatch(/^204 /);
  });
});

describe('mput', () => {
  it('takes two names for two sources, unless the last is a folder', async () => {
    await plim.line('mput notes.txt empty');
    expect(names()).toEqual(['empty', 'notes.txt']);
    mkdirSync(join(home, 'in'));
    await plim.words(['mput', 'docs/a.txt', 'docs/b.txt', 'in']);
    expect(names('in')).toEqual(['a.txt', 'b.txt']);
  });
});

describe('put -', () => {
  it('sends standard input, verified at its end', async () => {
    const { exit, stdout } = await plim.words(['put', '-', 'streamed.bin'], { stdin: big });
    expect(exit).toBe(0);
    expect(stdout).toContain(`MD5 here ${md5(big)} there ${md5(big)}`);
    expect(readFileSync(join(home, 'streamed.bin')).equals(big)).toBe(true);
    expect(names()).toEqual(['streamed.bin']);
  });

  it('leaves no NAME of a producer that breaks', async () => {
    const stdin = new PassThrough();
    const part = join(home, 'streamed.bin.filepart');
    stdin.write(big);
    const running = plim.words(['put', '-', 'streamed.bin'], { stdin });
    await until(() => existsSync(part) && statSync(part).size > 0);
    stdin.destroy(new Error('the producer ended with 1'));
    const { exit, stderr } = await running;
    expect(exit).toBe(1);
    expect(stderr).toContain('the producer ended with 1');
    expect(stderr).not.toContain('continue with');
    expect(names()).toEqual([]);
  });

  it('does not overwrite without being told', async () => {
    writeFileSync(join(home, 'there'), 'theirs');
    const refused = await plim.words(['put', '-', 'there'], { stdin: 'new' });
    expect(refused.exit).toBe(9);
    expect(there('there')).toBe('theirs');
    expect((await plim.words(['put', '--overwrite', '-', 'there'], { stdin: 'new' })).exit).toBe(0);
    expect(there('there')).toBe('new');
  });

  it('needs one name, and no folder', async () => {
    mkdirSync(join(home, 'folder'));
    expect((await plim.words(['put', '-'])).exit).toBe(2);
    expect((await plim.words(['put', '-', 'a', 'b'])).exit).toBe(2);
    expect((await plim.words(['put', '-', 'folder'])).stderr).toContain('that is a folder');
    expect(names()).toEqual(['folder']);
  });

  it('is refused at the prompt with a sentence', async () => {
    const { exit, stderr } = await plim.line('put - x', { interactive: true });
    expect(exit).toBe(2);
    expect(stderr).toContain('standard input is this terminal');
  });
});

describe('what stopped', () => {
  async function stoppedAt(line: string, part: string, more = {}) {
    const stop = new AbortController();
    const running = plim.line(line, { signal: stop.signal, ...more });
    await until(() => existsSync(join(home, part)) && statSync(join(home, part)).size > 0);
    stop.abort();
    return running;
  }

  it('says what arrived, and a line that goes on when it is pasted', async () => {
    const { exit, stderr } = await stoppedAt('put --limit 4MB large.bin', 'large.bin.filepart');
    expect(exit).toBe(130);
    const [, again = ''] = /received .+ of 2 MB; continue with: (plim .+)\n/.exec(stderr) ?? [];
    expect(again).toBe(
      `plim alice@files.example:${server.port} put --resume --limit 4MB ${here}/large.bin /large.bin`,
    );
    expect((await plim.words(['put', '--resume', `${here}/large.bin`, '/large.bin'])).exit).toBe(0);
    expect(readFileSync(join(home, 'large.bin')).equals(large)).toBe(true);
  });

  it('says reput at the prompt', async () => {
    const { stderr } = await stoppedAt('put --limit 4MB large.bin', 'large.bin.filepart', {
      interactive: true,
    });
    expect(stderr).toMatch(/continue with: reput --limit 4MB large\.bin large\.bin\n$/);
  });

  it('tells of several files once, with the sum, and goes on with what is missing', async () => {
    mkdirSync(join(here, 'tree'));
    writeFileSync(join(here, 'tree/first'), 'done');
    writeFileSync(join(here, 'tree/large'), large);
    const { exit, stderr } = await stoppedAt('put -r --limit 4MB tree', 'tree/large.filepart');
    expect(exit).toBe(130);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(
      /received .* of 2 MB; continue with: plim .* put --resume -r --limit 4MB \S+\/here\/tree\/\. \/tree\n$/,
    );
    const { stdout } = await plim.words(['put', '--resume', '-r', `${here}/tree/.`, '/tree']);
    expect(stdout).toMatch(/tree\/first: already there, MD5 equal/);
    expect(readFileSync(join(home, 'tree/large')).equals(large)).toBe(true);
    expect(names('tree')).toEqual(['first', 'large']);
    rmSync(join(here, 'tree'), { recursive: true });
  });

  it('goes on by itself after a broken connection', async () => {
    const retrying = linkTo(server, { retries: 3 });
    const shell = transferShell({ link: retrying, here, there: '/' });
    server.faults.cutAfter(800_000, { direction: 'up' });
    const { exit, stdout } = await shell.line('put large.bin');
    expect(exit).toBe(0);
    expect(stdout).toContain('MD5 equal');
    expect(readFileSync(join(home, 'large.bin')).equals(large)).toBe(true);
    await retrying.end();
  });
});
