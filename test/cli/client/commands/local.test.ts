import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientCommands } from '../../../../src/cli/client/commands.js';
import { outcomeRows } from '../../../../src/cli/client/outcomes.js';
import { typing, type Typing } from './typed.js';

let folder: string;
let alice: Typing;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'plim-local-')));
  alice = typing({ local: folder });
});

afterEach(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => join(folder, path);
const works = async (line: string): Promise<string> => {
  const said = await alice.type(line);
  expect(said).toMatchObject({ exit: 0, stderr: '' });
  return said.stdout;
};

describe('lcd and lpwd', () => {
  it('goes to folders and says where it is, without a connection', async () => {
    mkdirSync(at('sub/deep'), { recursive: true });
    await works('lcd sub');
    await works('lcd d*');
    expect(await works('lpwd')).toBe(`${folder}/sub/deep\n`);
    await works('lcd ..');
    expect(alice.at.local).toBe(at('sub'));
    await works('lcd -');
    expect(alice.at.local).toBe(at('sub/deep'));
    await works('lcd');
    expect(alice.at.local).toBe(homedir());
    await works('lcd ~');
    expect(alice.at.local).toBe(homedir());
  });

  it('refuses what is no folder, and stays', async () => {
    writeFileSync(at('file'), '');
    expect(await alice.type('lcd file')).toMatchObject({
      exit: 1,
      stderr: 'plim: lcd file is not a folder\n',
    });
    expect(await alice.type('lcd nowhere')).toMatchObject({ exit: 4 });
    expect(alice.at.local).toBe(folder);
  });
});

describe('lls and ldir', () => {
  it('lists as ls does', async () => {
    for (const name of ['b.txt', 'a.txt', '.dot', 'c.log']) writeFileSync(at(name), name);
    mkdirSync(at('sub'));
    symlinkSync('a.txt', at('way'));
    expect(await works('lls')).toBe('a.txt\nb.txt\nc.log\nsub\nway\n');
    expect(await works('lls -a *.txt')).toBe('a.txt\nb.txt\n');
    expect(await works('lls -r')).toBe('way\nsub\nc.log\nb.txt\na.txt\n');
    expect(await works('ldir')).toMatch(/^-rw\S+ +1 \S+ +\S+ +5 [A-Z][a-z]{2} [ \d]\d \d\d:\d\d a\.txt\n/);
    expect(await works('lls -l')).toBe(await works('ldir'));
    expect((await alice.json('lls')).documents).toMatchObject([
      [{ name: 'a.txt', size: 5, type: 'file' }, {}, {}, {}, {}],
    ]);
    expect(await alice.type('lls nothing sub')).toMatchObject({ exit: 10 });
    expect(await alice.type('lls *.zip')).toMatchObject({ exit: 4 });
  });

  it('keeps names that are no text apart', async () => {
    for (const byte of [0xfe, 0xff])
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([byte])]), '');
    expect(await works('lls')).toBe('\\xfe\n\\xff\n');
  });
});

describe('lmkdir', () => {
  it('makes folders', async () => {
    await works('lmkdir plain');
    await works('lmkdir -p a/b 700');
    expect(statSync(at('a/b')).mode & 0o777).toBe(0o700);
    expect(existsSync(at('plain'))).toBe(true);
    expect(await alice.type('lmkdir plain')).toMatchObject({ exit: 9 });
    expect(await alice.type('lmkdir new 999')).toMatchObject({ exit: 2 });
  });
});

describe('!', () => {
  it('runs a command in the local folder, its quotes left to the shell', async () => {
    expect(await works('!echo "a  b" > out; pwd')).toBe(`${folder}\n`);
    expect(readFileSync(at('out'), 'utf8')).toBe('a  b\n');
  });

  it('tells how the command failed, and goes on as sftp does', async () => {
    expect(await alice.type('!exit 3')).toMatchObject({
      exit: 0,
      stderr: 'plim: !exit 3 ended with status 3\n',
    });
    expect(await alice.type('!kill -9 $$')).toMatchObject({
      exit: 0,
      stderr: 'plim: !kill -9 $$ ended by SIGKILL\n',
    });
  });

  it('is ended with plim', async () => {
    const ending = new AbortController();
    const ended = alice.type('!echo > started; exec sleep 60', ending.signal);
    while (!existsSync(at('started'))) await new Promise((resolve) => setImmediate(resolve));
    ending.abort();
    expect(await ended).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('ended by SIGTERM') as string,
    });
  });
});

describe('help', () => {
  it('lists every command with what it does', async () => {
    const said = await works('help');
    for (const name of ['ls', 'delete', 'chmod', 'help, ?', 'quit, bye, exit']) {
      expect(said).toMatch(new RegExp(`^${name.replace('?', '\\?')} {2,}\\S`, 'm'));
    }
    expect(await works('?')).toBe(said);
  });

  it('shows usage, examples and exit codes of each command of plim', async () => {
    for (const { name, examples } of clientCommands) {
      expect(examples.length, name).toBeGreaterThan(0);
      // What 'help codes' shows are the outcomes.
      if (name === 'codes') continue;
      const known = await alice.type(`help ${name}`);
      expect(known.stdout).toContain(`Usage: ${name}`);
      expect(known.stdout).toContain(examples[0]);
      expect(known.stdout).toContain('Exit codes:');
    }
    expect(await works('help ?')).toContain('Usage: help');
    expect(await alice.type('help nothing')).toMatchObject({ exit: 2 });
  });

  it('lists every outcome with its number', async () => {
    const said = await works('help codes');
    for (const { code, name, sentence } of outcomeRows)
      expect(said).toMatch(new RegExp(`^${code} +${name} .*${sentence.slice(0, 10)}`, 'm'));
    expect(await works('codes')).toBe(said);
    expect((await alice.json('codes')).documents[0]).toHaveLength(outcomeRows.length);
  });
});

describe('progress and quit', () => {
  it('turns the bars off and on', async () => {
    alice = typing({ local: folder, possible: true });
    expect(await works('progress')).toBe('progress is shown\n');
    expect(alice.bars.mode).toBe('bar');
    expect(await works('progress')).toBe('progress is not shown\n');
    await works('progress plain');
    expect(alice.bars.mode).toBe('plain');
    await works('progress off');
    expect(alice.bars.mode).toBe('none');
    expect(await alice.type('progress maybe')).toMatchObject({ exit: 2 });
    alice = typing({ local: folder, possible: false });
    await works('progress on');
    expect(alice.bars.mode).toBe('plain');
  });

  it('says goodbye by its number alone', async () => {
    for (const line of ['quit', 'bye', 'exit']) expect(await works(line)).toBe('');
    alice = typing({ globals: { codes: true } });
    expect(await works('quit')).toBe('221 goodbye\n');
  });

  it('gives the number of what has nothing to say', async () => {
    alice = typing({ local: folder, globals: { codes: true } });
    expect(await works('lmkdir new')).toBe('200 done\n');
    expect(await works('lls new')).toBe('200 done\n');
    expect(await works('lls')).toBe('200 new\n');
  });
});
