import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remoteAt, type OpenedRemote } from '../../../client/open-remote.js';
import { startServer, type TestServer } from '../../../interop/server.js';
import { typing, type Typing } from './typed.js';

let server: TestServer;
let opened: OpenedRemote;
let home: string;
let alice: Typing;

beforeAll(async () => {
  server = await startServer();
  opened = await remoteAt({ port: server.port, keyFile: server.keyFile, user: 'alice' });
  home = server.home('alice');
});

afterAll(async () => {
  opened.end();
  await server.stop();
});

beforeEach(() => {
  rmSync(join(home, 'work'), { recursive: true, force: true });
  mkdirSync(join(home, 'work'));
  alice = typing({ remote: opened.remote, folder: '/work' });
});

function file(name: string, size = 0, age = 0): void {
  const path = join(home, 'work', name);
  writeFileSync(path, '');
  truncateSync(path, size);
  const seconds = Math.floor(Date.now() / 1000) - age;
  utimesSync(path, seconds, seconds);
}

async function names(line: string): Promise<readonly string[]> {
  const { exit, stdout, stderr } = await alice.type(line);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

describe('ls', () => {
  it('lists names one a line off a terminal, sorted, without those with a dot', async () => {
    for (const name of ['b', 'a', '.hidden', 'C']) file(name);
    expect(await names('ls')).toEqual(['C', 'a', 'b']);
    expect(await names('ls -a')).toEqual(['.hidden', 'C', 'a', 'b']);
    expect(await names('ls -r')).toEqual(['b', 'a', 'C']);
  });

  it('sorts by time and by size, and turns it round', async () => {
    file('old-small', 1, 500);
    file('new-large', 300, 0);
    file('middle', 20, 100);
    expect(await names('ls -t')).toEqual(['new-large', 'middle', 'old-small']);
    expect(await names('ls -tr')).toEqual(['old-small', 'middle', 'new-large']);
    expect(await names('ls -S')).toEqual(['new-large', 'middle', 'old-small']);
    expect(await names('ls -S -r')).toEqual(['old-small', 'middle', 'new-large']);
  });

  it('shows permissions, links, owner, group, size and time with -l, and with dir', async () => {
    file('notes.txt', 1234);
    linkSync(join(home, 'work', 'notes.txt'), join(home, 'work', 'twin'));
    mkdirSync(join(home, 'work', 'sub'));
    symlinkSync('notes.txt', join(home, 'work', 'way'));
    const lines = await names('ls -l');
    expect(lines[0]).toMatch(/^-rw-r--r-- 2 alice alice +1234 [A-Z][a-z]{2} [ \d]\d \d\d:\d\d notes\.txt$/);
    expect(lines[1]).toMatch(/^drwxr-xr-x \d alice alice .* sub$/);
    expect(lines[3]).toMatch(/^lrwxrwxrwx \d alice alice .* way -> notes\.txt$/);
    expect(await names('dir')).toEqual(lines);
  });

  it('shows numbers with -n and sizes for people with -h', async () => {
    file('big', 12_345_678);
    expect((await names('ls -n'))[0]).toMatch(/^-rw-r--r-- 1 \d+ +\d+ +12345678 /);
    expect((await names('ls -lh'))[0]).toMatch(/ 12\.3 MB [A-Z]/);
  });

  it('uses the width of a terminal, and with -1 does not', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) file(name);
    alice = typing({ remote: opened.remote, folder: '/work', columns: 9 });
    expect(await names('ls')).toEqual(['a  c  e', 'b  d  f']);
    expect(await names('ls -1')).toHaveLength(6);
  });

  it('shows a file, a folder, and several with headings', async () => {
    file('one', 5);
    mkdirSync(join(home, 'work', 'sub'));
    writeFileSync(join(home, 'work', 'sub', 'inner'), '');
    expect(await names('ls one')).toEqual(['one']);
    expect(await names('ls sub')).toEqual(['inner']);
    expect(await names('ls sub one')).toEqual(['one', '', 'sub:', 'inner']);
    expect((await names('ls -l one'))[0]).toMatch(/^-rw-r--r-- .* 5 .* one$/);
    expect(await names(`ls ${['', 'work', 'sub', '..'].join('/')}`)).toEqual(['one', 'sub']);
  });

  it('follows a link to a folder, and shows one that leads nowhere', async () => {
    mkdirSync(join(home, 'work', 'sub'));
    writeFileSync(join(home, 'work', 'sub', 'inner'), '');
    symlinkSync('sub', join(home, 'work', 'way'));
    symlinkSync('nowhere', join(home, 'work', 'lost'));
    expect(await names('ls way')).toEqual(['inner']);
    expect(await names('ls lost')).toEqual(['lost']);
  });

  it('takes patterns, and quoted ones as names', async () => {
    for (const name of ['a.txt', 'b.txt', 'c.log', '*.txt']) file(name);
    expect(await names('ls *.txt')).toEqual(['*.txt', 'a.txt', 'b.txt']);
    expect(await names('ls "*.txt"')).toEqual(['*.txt']);
    expect(await names("ls [ab].txt 'c.log'")).toEqual(['a.txt', 'b.txt', 'c.log']);
    expect(await names('ls \\*.txt')).toEqual(['*.txt']);
  });

  it('names what is not there, and the pattern that matches nothing', async () => {
    file('here');
    expect(await alice.type('ls nothing')).toEqual({
      exit: 4,
      stdout: '',
      stderr: 'plim: ls nothing: no such file or folder\n',
    });
    expect(await alice.type('ls *.zip')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('*.zip: nothing at the server matches') as string,
    });
    const some = await alice.type('ls nothing here');
    expect(some).toMatchObject({ exit: 10, stdout: 'here\n' });
    expect(some.stderr).toContain('ls nothing: no such file or folder');
  });

  it('lists as it comes with -f', async () => {
    for (let index = 0; index < 300; index++) file(`f${index}`);
    expect((await names('ls -f')).toSorted()).toEqual((await names('ls -1')).toSorted());
    expect((await names('ls -f -l'))[0]).toMatch(/^-rw/);
  });

  it('escapes what would steer the terminal', async () => {
    file('red\u001b[31m');
    expect(await names('ls')).toEqual(['red\\x1b[31m']);
    expect((await names('ls -l'))[0]).toMatch(/red\\x1b\[31m$/);
  });

  it('prints one JSON document with raw numbers', async () => {
    file('notes.txt', 1234, 10);
    writeFileSync(Buffer.concat([Buffer.from(join(home, 'work/')), Buffer.from([0xff, 0x41])]), '');
    const { exit, documents } = await alice.json('ls');
    expect(exit).toBe(0);
    expect(documents).toHaveLength(1);
    const [rows] = documents as [readonly Record<string, unknown>[]];
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...['name', 'type', 'size', 'mode', 'uid', 'gid', 'owner', 'group', 'mtime'],
    ]);
    expect(rows[0]).toMatchObject({
      name: 'notes.txt',
      type: 'file',
      size: 1234,
      mode: 0o644,
      owner: 'alice',
    });
    expect(rows[1]).toMatchObject({ name: '\\xffA', bytes: Buffer.from([0xff, 0x41]).toString('base64') });
  });
});
