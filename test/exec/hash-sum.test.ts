import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Gate } from '../../src/channel/gate.js';
import { hashSums } from '../../src/exec/hash-sum.js';
import { HashPool } from '../../src/hash/hash-pool.js';
import { toBytes } from '../../src/names.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Vfs } from '../../src/vfs/vfs.js';
import { filled, outcome, running } from './running.js';

const files = {
  a: 'content of a',
  b: '',
  'sp ace': '3',
  "quo'te": '4',
  '-dash': '5',
  'back\\slash': '6',
  'line\nfeed': '7',
  'return\r': '8',
  'not-utf8-\xff\xfe': '9',
  '\xf0\x9f\x9a\xa2\xe4\xb8\xad': '10',
  'st*r': '11',
  'sub/deep': 'x'.repeat(600_000),
} as const;

const quoted = (name: string): string => `'${name.replaceAll("'", `'\\''`)}'`;

let vfs: Vfs;
beforeAll(async () => {
  vfs = await filled(files);
});

describe('hash commands [PROTOCOL 7.4.3]', () => {
  let folder: string;
  let script: string;
  beforeAll(() => {
    script = join(mkdtempSync(join(tmpdir(), 'plimsoll-script-')), 'script');
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-hash-'));
    mkdirSync(join(folder, 'sub'));
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), toBytes(name)]), content, 'latin1');
    }
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(dirname(script), { recursive: true });
  });

  const all = Object.keys(files).map(quoted).join(' ');

  it.each([
    ...hashSums.map((algorithm) => `${algorithm}sum -- ${all}`),
    `md5sum -b -- ${all}`,
    `sha1sum --tag -- ${all}`,
    `sha256sum -z -- ${all}`,
    `sha512sum --zero --tag -- ${all}`,
    'md5sum a -b',
    'md5sum [ab] s[pt]*',
    'md5sum *lash */deep',
    'md5sum -t a ./a sub//deep',
    'md5sum',
    'md5sum -',
    'sha224sum -b',
    'sha384sum --tag -',
    'md5sum a - b',
  ])('%s prints what GNU prints', async (line) => {
    const input = Buffer.from('standard input');
    // Arguments of a program are text in Node; what a file holds is not.
    writeFileSync(script, line, 'latin1');
    const gnu = spawnSync('bash', [script], {
      cwd: folder,
      input,
      encoding: 'latin1',
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    });
    expect(gnu.status).toBe(0);
    expect(await outcome(line, { vfs, stdin: input })).toEqual({ status: 0, stdout: gnu.stdout, stderr: [] });
  });

  it('hash what can be read, and name what cannot', async () => {
    const { status, stdout, stderr } = await outcome("md5sum a missing sub 'x\ny' b no*ne", { vfs });
    expect(status).toBe(1);
    expect(stdout.split('\n').map((line) => line.slice(34))).toEqual(['a', 'b', '']);
    expect(stderr).toEqual([
      'md5sum: missing: no such file or folder',
      'md5sum: sub: is a folder',
      'md5sum: x\\x0ay: no such file or folder',
      'md5sum: no*ne: no such file or folder',
    ]);
  });

  it.each([
    ['md5sum -c sums', '-c'],
    ['md5sum --check sums', '--check'],
    ['md5sum -bx a', '-x'],
    ["sha1sum '--x\x1b[2J' a", '--x\\x1b[2J'],
  ])('refuse %j, with the usage', async (line, option) => {
    const { status, stdout, stderr } = await outcome(line, { vfs });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toEqual([expect.stringContaining(`there is no option ${option} here; usage: `)]);
  });

  it('never take for an option what a pattern matched', async () => {
    const { status, stdout } = await outcome('md5sum *dash', { vfs });
    expect([status, stdout.slice(34)]).toEqual([0, '-dash\n']);
    const one = await filled({ '-c': '1', '-': '2' });
    expect((await outcome('md5sum *', { vfs: one })).stdout.replace(/^\S+/gm, '')).toBe('  -\n  -c\n');
    expect((await outcome('md5sum -?', { vfs: one })).stdout.slice(34)).toBe('-c\n');
  });

  it('take at most as many files at once as the account may [T7]', async () => {
    const gate = new Gate(1);
    let open = (): void => undefined;
    const held = gate.pass(
      new AbortController().signal,
      () => new Promise<void>((resolve) => (open = resolve)),
    );
    const command = running('md5sum a', { vfs, gate });
    const input = outcome('md5sum -', { vfs, gate });
    // Standard input takes no turn: its sender may be slow for ever.
    expect((await input).status).toBe(0);
    expect(command.hasEnded()).toBe(false);
    open();
    await held;
    expect(await command.ended).toBe(0);
  });
});

describe('the hash of standard input [T3]', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('holds no memory of the hash threads while its sender is slow, and leaves none behind', async () => {
    const taken: number[] = [];
    class Counted extends SharedArrayBuffer {
      constructor(length: number) {
        super(length);
        taken.push(length);
      }
    }
    vi.stubGlobal('SharedArrayBuffer', Counted);
    const input = Buffer.alloc(300_000, 'in');
    const hashes = new HashPool();
    const hash = createHash('sha256').update(input).digest('hex');
    expect((await outcome('sha256sum -', { hashes, stdin: input })).stdout).toBe(`${hash}  -\n`);
    expect(taken).toEqual([]);
    await outcome('sha256sum a', { hashes, vfs });
    expect(taken.length).toBe(2);
    await hashes.close();
  });
});

describe('a hash without a file, as clients probe for it', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const empty = 'd41d8cd98f00b204e9800998ecf8427e  -\n';

  it('is that of nothing when the input ends', async () => {
    expect((await outcome('md5sum')).stdout).toBe(empty);
    expect((await outcome('sha1sum')).stdout).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709  -\n');
  });

  it('is that of nothing after 3 s in which neither input nor its end came', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const command = running('md5sum');
    vi.advanceTimersByTime(2999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(command.stdout()).toBe('');
    vi.advanceTimersByTime(1);
    expect(await command.ended).toBe(0);
    expect(command.stdout()).toBe(empty);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for the rest of an input that has begun', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const command = running('md5sum');
    vi.advanceTimersByTime(2000);
    command.sink.data(Buffer.from('slow'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(command.stdout()).toBe('');
    command.sink.data(Buffer.from(' input'));
    command.sink.end();
    await command.ended;
    expect(command.stdout()).toBe(`${createHash('md5').update('slow input').digest('hex')}  -\n`);
  });

  it('waits for ever where - asks for the input', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const command = running('md5sum -');
    await new Promise((resolve) => setImmediate(resolve));
    expect(vi.getTimerCount()).toBe(0);
    command.sink.end();
    await command.ended;
    expect(command.stdout()).toBe(empty);
  });
});

describe('the hash of the beginning of a file [PROTOCOL 7.4.4]', () => {
  const content = files['sub/deep'];
  const md5 = (text: string): string => `${createHash('md5').update(text, 'latin1').digest('hex')}  -\n`;

  it.each([
    ['head -c 5 a | md5sum', 'conte'],
    ['head -c5 a|md5sum', 'conte'],
    ['head --bytes=5 a | md5sum -', 'conte'],
    ['head --bytes 5 -- a | md5sum', 'conte'],
    ['head a -c 5 | md5sum', 'conte'],
    ['head -c 0 a | md5sum', ''],
    ['head -c 12 a | md5sum', 'content of a'],
    ['head -c 13 a | md5sum', 'content of a'],
    ['head -c 99999999999999999999999 a | md5sum', 'content of a'],
    ['head -c 5 b | md5sum', ''],
    ['head -c 1 -- -dash | md5sum', '5'],
    ["head -c 1 'line\nfeed' | md5sum", '7'],
    ['head -c 1 ~/st*r | md5sum', '1'],
    ['head -c 1 -c 2 ~alice/a | md5sum', 'co'],
    ['head -c 262144 sub/deep | md5sum', content.slice(0, 262_144)],
    ['head -c 262145 sub/deep | md5sum', content.slice(0, 262_145)],
    ['head -c 524288 sub/deep | md5sum', content.slice(0, 524_288)],
    ['head -c 599999 sub/deep | md5sum', content.slice(0, 599_999)],
    ['head -c 600000 sub/deep | md5sum', content],
  ])('%j', async (line, text) => {
    expect(await outcome(line, { vfs })).toEqual({ status: 0, stdout: md5(text), stderr: [] });
  });

  it('has the other hashes and their options too', async () => {
    const sha256 = createHash('sha256').update('conte').digest('hex');
    expect((await outcome('head -c 5 a | sha256sum -b', { vfs })).stdout).toBe(`${sha256} *-\n`);
    expect((await outcome('head -c 5 a | sha256sum --tag', { vfs })).stdout).toBe(`SHA256 (-) = ${sha256}\n`);
  });

  it.each([
    ['head -c -5 a | md5sum', 'a number of bytes'],
    ['head -c +5 a | md5sum', 'a number of bytes'],
    ['head -c 5k a | md5sum', 'a number of bytes'],
    ['head -c 0x5 a | md5sum', 'a number of bytes'],
    ["head -c '' a | md5sum", 'a number of bytes'],
    ['head --bytes= a | md5sum', 'a number of bytes'],
    ['head -c | md5sum', 'a number of bytes'],
    ['head a | md5sum', 'needs -c'],
    ['head -c 5 | md5sum', 'one file'],
    ['head -c 5 a b | md5sum', 'one file'],
    ['head -c 5 [ab] | md5sum', 'one file'],
    ['head -c 5 - | md5sum', 'needs a file'],
    ['head -n 5 a | md5sum', 'only takes -c'],
    ['head -q -c 5 a | md5sum', 'only takes -c'],
    ['head --bytesX=5 a | md5sum', 'only takes -c'],
    ['head -c 5 a | md5sum b', 'no file'],
    ['head -c 5 a | md5sum -c', 'no option -c'],
    ['head -c 5 missing | md5sum', 'head: missing: no such file or folder'],
    ['head -c 0 missing | md5sum', 'head: missing: no such file or folder'],
    ['head -c 5 sub | md5sum', 'head: sub: is a folder'],
  ])('%j gives no hash at all', async (line, sentence) => {
    const { status, stdout, stderr } = await outcome(line, { vfs });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toEqual([expect.stringContaining(sentence)]);
  });
});

describe('echo', () => {
  it.each([
    ['echo', '\n'],
    ['echo a  "b  c" \'\'', 'a b  c \n'],
    ['echo ${ShellId}%ComSpec%', '%ComSpec%\n'],
    ["echo 'not-utf8-\xff'", 'not-utf8-\xff\n'],
    ['echo [ab] ~ "*" x*', 'a b / * x*\n'],
  ])('%j', async (line, stdout) => {
    expect(await outcome(line, { vfs })).toEqual({ status: 0, stdout, stderr: [] });
  });

  it('prints as a shell does what is longer than one piece', async () => {
    const line = `echo ${'x'.repeat(30_000)} [ab] ${'y'.repeat(36_000)} '' ${'z'.repeat(70_000)} b*`;
    expect((await outcome(line, { vfs })).stdout).toBe(
      `${line.slice(5).replace('[ab]', 'a b').replace("''", '').replace('b*', 'b back\\slash')}\n`,
    );
  });

  it('sends what it has, however much that is', async () => {
    const folder = memoryVfs();
    for (let index = 0; index < 2000; index++) {
      await folder.mkdir(`/${String(index).padEnd(250, 'x')}`, 0o755);
    }
    const command = running(`echo ${'* '.repeat(200)}`, { vfs: folder, manual: true });
    while (command.output.taken < 2 ** 20) await new Promise((resolve) => setImmediate(resolve));
    // Not a whole word more, which may have 2 MiB.
    expect(command.output.taken).toBeLessThan(2 ** 20 + 2 ** 17);
    command.sink.closed();
    expect(await command.ended).toBe(1);
  });
});
