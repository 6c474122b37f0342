import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeName } from '../../src/exec/scp-names.js';
import { fromBytes, fromText, toBytes, type ByteString } from '../../src/names.js';
import { scale } from '../scale.js';
import { audited } from './audit.js';
import { awaited } from './awaited.js';
import { sha256, writeNoise } from './bytes.js';
import { hostileNames, shellQuoted } from './hostile-names.js';
import { missing, run, type Result } from './programs.js';
import { fingerprints, puttyEnvironment, puttyKey } from './putty.js';
import { must, startServer, type TestServer } from './server.js';
import { treeOf } from './tree.js';

/** Those with a newline apart, because scp itself changes them. */
const [lined, plain] = [true, false].map((newline) =>
  hostileNames.map(({ name }) => name).filter((name) => name.includes('\n') === newline),
) as [ByteString[], ByteString[]];

/** A folder of files that are named so. */
function makeNamed(folder: string, names: readonly ByteString[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(toBytes(`${folder}/${name}`), toBytes(name));
}

/** Mode and time of modification of everything in a tree. */
function marks(folder: string): Record<string, string> {
  const all: Record<string, string> = {};
  for (const name of ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const { mode, mtimeMs } = statSync(join(folder, name));
    all[name] = `${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`;
  }
  return all;
}

describe.skipIf(missing('scp', 'ssh-keygen'))("OpenSSH's scp -O [PROTOCOL 7.5]", () => {
  let server: TestServer;
  let home: string;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);
  const at = (path: string): string => `alice@127.0.0.1:${path}`;
  const scp = (...args: readonly string[]): Promise<Result> => server.scp(['-O', ...args]);

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    await must(server.sftp('alice', 'pwd'));
  });
  afterAll(() => server.stop());

  it('copies a large file both ways, and tells the audit', async () => {
    const size = scale('scpBytes') + 3;
    await writeNoise(local('noise'), size);
    await must(scp('noise', at('noise')));
    await must(scp(at('noise'), 'back'));
    expect(await sha256(local('back'))).toBe(await sha256(local('noise')));
    const [up, down] = await Promise.all([
      audited(server, ({ event, bytesWritten }) => event === 'file.closed' && bytesWritten === size),
      audited(server, ({ event, bytesRead }) => event === 'file.closed' && bytesRead === size),
    ]);
    expect([up, down].map(({ path, complete, account }) => [path, complete, account])).toEqual([
      ['noise', true, 'alice'],
      ['noise', true, 'alice'],
    ]);
  });

  it('copies an empty file both ways', async () => {
    writeFileSync(local('empty'), '');
    await must(scp('empty', at('')));
    await must(scp(at('empty'), 'empty.back'));
    expect([statSync(remote('empty')).size, statSync(local('empty.back')).size]).toEqual([0, 0]);
  });

  it('overwrites a longer file in place, and leaves none of its tail', async () => {
    writeFileSync(local('long'), 'x'.repeat(10_000));
    writeFileSync(local('short'), 'short');
    await must(scp('long', at('target')));
    const { ino } = statSync(remote('target'));
    await must(scp('short', at('target')));
    expect([readFileSync(remote('target'), 'utf8'), statSync(remote('target')).ino]).toEqual(['short', ino]);
  });

  it('copies trees both ways with -r and -p: bytes, times and modes', async () => {
    const tree = local('tree');
    mkdirSync(join(tree, 'inner/deep'), { recursive: true });
    for (const [index, name] of ['a', 'inner/b', 'inner/deep/c', 'inner/deep/-d e'].entries()) {
      await writeNoise(join(tree, name), index * 100_001, index + 1);
      chmodSync(join(tree, name), [0o640, 0o755, 0o600, 0o664][index] ?? 0);
      utimesSync(join(tree, name), 1_200_000_000 + index, 1_300_000_000 + index);
    }
    for (const [name, mode] of [
      ['inner/deep', 0o700],
      ['inner', 0o750],
      ['.', 0o711],
    ] as const) {
      chmodSync(join(tree, name), mode);
      utimesSync(join(tree, name), 1_000_000_000, 1_000_000_000 + mode);
    }
    await must(scp('-r', '-p', 'tree', at('')));
    await must(scp('-rp', at('tree'), 'tree.back'));
    for (const copy of [remote('tree'), local('tree.back')]) {
      expect(treeOf(copy)).toEqual(treeOf(tree));
      expect(marks(copy)).toEqual(marks(tree));
    }
  });

  it('with -r fills a folder that exists, follows symbolic links, and ends in loops', async () => {
    mkdirSync(remote('linked/in'), { recursive: true });
    writeFileSync(remote('linked/in/f'), 'x');
    symlinkSync('in/f', remote('linked/file'));
    symlinkSync('..', remote('linked/in/up'));
    mkdirSync(local('existing/linked'), { recursive: true });
    const { status, stderr } = await scp('-r', at('linked'), 'existing');
    expect([status, stderr]).toEqual([1, 'scp: linked/in/up: lies within itself\n']);
    expect(Object.keys(treeOf(local('existing/linked'))).sort()).toEqual(['file', 'in', 'in/f']);
  });

  it('copies many small files both ways', async () => {
    mkdirSync(local('many'));
    for (let index = 0; index < 500; index++)
      writeFileSync(local(`many/${index}`), String(index).repeat(index));
    await must(scp('-r', 'many', at('many')));
    await must(scp('-r', at('many'), 'many.back'));
    expect(treeOf(remote('many'))).toEqual(treeOf(local('many')));
    expect(treeOf(local('many.back'))).toEqual(treeOf(local('many')));
  });

  it('copies several files into a folder, and refuses what is none', async () => {
    mkdirSync(remote('several'));
    for (const name of ['one', 'two']) writeFileSync(local(name), name);
    await must(scp('one', 'two', at('several')));
    expect(readdirSync(remote('several')).sort()).toEqual(['one', 'two']);
    const { status, stderr } = await scp('one', 'two', at('several/one'));
    expect([status, stderr]).toEqual([1, 'scp: several/one: not a folder\n']);
  });

  it('expands * ? [ ] and ~ on the server', async () => {
    mkdirSync(remote('glob'));
    for (const name of ['a.txt', 'b.txt', 'c.dat', '-d.txt']) writeFileSync(remote(`glob/${name}`), name);
    mkdirSync(local('globbed'));
    await must(scp(at('glob/*.txt'), 'globbed'));
    expect(readdirSync(local('globbed')).sort()).toEqual(['-d.txt', 'a.txt', 'b.txt']);
    await must(scp(at('~/glob/[c]?da?'), 'globbed'));
    await must(scp(at('~alice/glob/a.txt'), 'globbed/again'));
    expect(readdirSync(local('globbed'))).toEqual(expect.arrayContaining(['c.dat', 'again']));
    await must(scp('one', at('~/glob')));
    expect(readFileSync(remote('glob/one'), 'utf8')).toBe('one');
    expect(await scp(at('*.none'), 'globbed')).toMatchObject({
      status: 1,
      stderr: 'scp: *.none: no such file or folder\n',
    });
  });

  it('copies from here to here through the client (-3)', async () => {
    await server.addAccount('bob');
    await must(scp('-3', '-r', '-p', at('tree'), 'bob@127.0.0.1:copy'));
    expect(treeOf(join(server.home('bob'), 'copy'))).toEqual(treeOf(local('tree')));
    expect(marks(join(server.home('bob'), 'copy'))).toEqual(marks(local('tree')));
  });

  it('shows why something is refused', async () => {
    await server.addAccount('reader', '--read-only');
    writeFileSync(local('f'), 'x');
    const to = (path: string): string => `reader@127.0.0.1:${path}`;
    for (const [args, why] of [
      [['f', to('f')], 'f: this account may only read'],
      [[at('gone'), '.'], 'gone: no such file or folder'],
      [[at('tree'), '.'], 'tree: is a folder, and -r was not given'],
      [['f', at('no/such')], 'no/such: no such file or folder'],
    ] as const) {
      expect(await scp(...args)).toMatchObject({ status: 1, stderr: `scp: ${why}\n` });
    }
  });

  it('tells the audit of what is refused here, before the filesystem was asked', async () => {
    const input = 'C0644 900000000000000 too.big\nC0644 4 ../escape\n';
    const ssh = [...server.sshOptions, '-p', String(server.port), 'alice@127.0.0.1', 'scp -t .'];
    expect((await run('ssh', ssh, { input })).stdout).toContain('too.big: needs 900 TB');
    for (const [path, fault] of [
      ['too.big', 'no-space'],
      ['', 'bad-message'],
    ]) {
      const told = await audited(server, (line) => line.fault === fault);
      expect(told).toMatchObject({ event: 'request.refused', account: 'alice', path });
    }
  });

  it('never writes outside of the home, whatever the target is', async () => {
    await must(scp('one', at('../../../../outside')));
    await must(scp('one', at('/outside.too')));
    expect([readFileSync(remote('outside'), 'utf8'), readFileSync(remote('outside.too'), 'utf8')]).toEqual([
      'one',
      'one',
    ]);
  });

  it('an upload that is cut off keeps what came, and sftp resumes it', async () => {
    await writeNoise(local('resumed'), 8_000_000, 5);
    const args = [
      '-O',
      '-l',
      '20000',
      ...server.sshOptions,
      '-P',
      String(server.port),
      'resumed',
      at('resumed'),
    ];
    const client = spawn('scp', args, { cwd: server.work, stdio: 'ignore' });
    const ended = once(client, 'exit');
    const size = (): number => statSync(remote('resumed'), { throwIfNoEntry: false })?.size ?? 0;
    await awaited(
      () => `1 MB of the upload, of which ${size()} bytes are there`,
      () => size() >= 1_000_000,
    );
    client.kill('SIGKILL');
    await ended;
    const closed = await audited(server, ({ event, path }) => event === 'file.closed' && path === 'resumed');
    expect(closed.complete).toBe(false);
    const [partial, whole] = [readFileSync(remote('resumed')), readFileSync(local('resumed'))];
    expect(partial.length).toBeLessThan(whole.length);
    expect(partial.equals(whole.subarray(0, partial.length))).toBe(true);
    await must(server.sftp('alice', 'reput resumed resumed'));
    expect(await sha256(remote('resumed'))).toBe(await sha256(local('resumed')));
  });

  it('names of all kinds survive both ways', async () => {
    makeNamed(local('names'), plain);
    await must(scp('-r', 'names', at('names')));
    expect(treeOf(remote('names'))).toEqual(treeOf(local('names')));
    await must(scp('-r', at('names'), 'names.back'));
    expect(treeOf(local('names.back'))).toEqual(treeOf(local('names')));
  });

  it('names that were quoted for a shell are found', async () => {
    makeNamed(remote('quoted'), plain);
    // An argument of a program started from here is UTF-8.
    const text = plain.filter((name) => fromText(toBytes(name).toString()) === name);
    expect(text.length).toBeGreaterThan(plain.length - 5);
    const words = text.map((name) => shellQuoted(`quoted/${name}`)).join(' ');
    mkdirSync(local('quoted.down'));
    await must(scp('-T', at(toBytes(words).toString()), 'quoted.down'));
    const found = readdirSync(local('quoted.down'), { encoding: 'buffer' }).map(fromBytes);
    expect(found.sort()).toEqual(text.sort());
    for (const name of found) {
      expect(readFileSync(toBytes(`${local('quoted.down')}/${name}`)).equals(toBytes(name))).toBe(true);
    }
  });

  it('names that were quoted for a shell are made', async () => {
    const names = ['two\nlines', "it's", '*', '-rf', '~', '$HOME', 'a\\b', '中文'];
    mkdirSync(remote('made'));
    for (const name of names)
      await must(scp('one', at(toBytes(shellQuoted(`made/${fromText(name)}`)).toString())));
    expect(readdirSync(remote('made')).sort()).toEqual(names.sort());
  });

  it('newlines survive the way up; downloaded they are encoded, and uploaded again they are back', async () => {
    makeNamed(local('lines'), [...lined, 'odd\\\n\x01\xe9', '\n']);
    await must(scp('-r', 'lines', at('lines')));
    expect(treeOf(remote('lines'))).toEqual(treeOf(local('lines')));
    await must(scp('-r', at('lines'), 'lines.back'));
    const sent = Object.keys(treeOf(local('lines'))).map(encodeName);
    expect(Object.keys(treeOf(local('lines.back'))).sort()).toEqual(sent.sort());
    await must(scp('-r', 'lines.back', at('lines.again')));
    expect(treeOf(remote('lines.again'))).toEqual(treeOf(local('lines')));
  });

  it('encodes the bytes of a name with a newline as the real scp does', async () => {
    // But for 0xaf, whose encoding by the real one has a slash, before which it then cuts the name.
    const bytes = Array.from({ length: 255 }, (_, index) => index + 1).filter(
      (byte) => ![0x2f, 0xaf].includes(byte),
    );
    const names = [0, 1, 2].map((part) =>
      fromBytes(Buffer.from([0x0a, ...bytes.filter((_, index) => index % 3 === part), 0x5c, 0x5c])),
    );
    makeNamed(local('bytes'), names);
    const real = await run('scp', ['-q', '-r', '-f', 'bytes'], {
      cwd: server.work,
      input: Buffer.alloc(100),
    });
    for (const name of names) {
      expect(real.stdout).toContain(`C0644 ${name.length} ${encodeName(name)}\n${name}\0`);
    }
  });

  describe.skipIf(missing('pscp', 'puttygen'))("PuTTY's pscp -scp", () => {
    let options: readonly string[];
    const pscp = (...args: readonly string[]): Promise<Result> =>
      run('pscp', [...options, ...args], { cwd: server.work, env: puttyEnvironment(server) });

    beforeAll(async () => {
      const keys = (await fingerprints(server)).flatMap((fingerprint) => ['-hostkey', fingerprint]);
      options = ['-scp', '-batch', '-q', '-i', await puttyKey(server), '-P', String(server.port), ...keys];
    });

    it('copies files and trees both ways, with -p', async () => {
      await must(pscp('-p', 'noise', at('pscp.noise')));
      await must(pscp('-p', at('pscp.noise'), 'pscp.back'));
      expect(await sha256(local('pscp.back'))).toBe(await sha256(local('noise')));
      expect(Math.floor(statSync(remote('pscp.noise')).mtimeMs / 1000)).toBe(
        Math.floor(statSync(local('noise')).mtimeMs / 1000),
      );
      await must(pscp('-r', '-p', 'tree', at('pscp.tree')));
      await must(pscp('-r', '-p', at('pscp.tree'), 'pscp.tree.back'));
      expect(treeOf(remote('pscp.tree'))).toEqual(treeOf(local('tree')));
      expect(treeOf(local('pscp.tree.back'))).toEqual(treeOf(local('tree')));
    });

    it('copies what a pattern stands for', async () => {
      mkdirSync(local('pscp.globbed'));
      await must(pscp('-unsafe', at('glob/?.txt'), 'pscp.globbed'));
      expect(readdirSync(local('pscp.globbed')).sort()).toEqual(['a.txt', 'b.txt']);
    });

    it('names of all kinds survive both ways', async () => {
      // PuTTY cuts names at a backslash and a colon, as on Windows, drops leading spaces, and takes dots for no name.
      makeNamed(
        local('pscp.names'),
        plain.filter((name) => !/[\\:]|^ |^\.+$/.test(name)),
      );
      await must(pscp('-r', 'pscp.names', at('')));
      expect(treeOf(remote('pscp.names'))).toEqual(treeOf(local('pscp.names')));
      await must(pscp('-r', at('pscp.names'), 'pscp.names.back'));
      expect(treeOf(local('pscp.names.back'))).toEqual(treeOf(local('pscp.names')));
    });

    it('shows why something is refused', async () => {
      const { status, stderr, stdout } = await pscp('f', 'reader@127.0.0.1:f');
      expect(status).toBe(1);
      expect(stdout + stderr).toContain('f: this account may only read');
    });
  });
});
