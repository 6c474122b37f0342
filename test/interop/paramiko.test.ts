import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/names.js';
import { scale } from '../scale.js';
import { sha256, writeNoise } from './bytes.js';
import { Paramiko, type Bytes } from './paramiko.js';
import { must, startServer, type TestServer } from './server.js';

const mebibyte = 2 ** 20;

interface Attributes {
  readonly filename: string;
  readonly longname: string;
  readonly st_size: number;
  readonly st_uid: number;
  readonly st_gid: number;
  readonly st_mode: number;
  readonly st_mtime: number;
}

function absent(): boolean {
  if (spawnSync('/usr/bin/python3', ['-c', 'import paramiko']).status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error('not installed: paramiko for /usr/bin/python3');
  console.warn('skipped, not installed: paramiko for /usr/bin/python3');
  return true;
}

const bytes = (latin1: string): Bytes => ({ bytes: latin1 });
const hash = (algorithm: string, data: Buffer): string =>
  createHash(algorithm).update(data).digest().toString('latin1');

describe.skipIf(absent())('paramiko', () => {
  const password = 'a pass  phrase';
  let server: TestServer;
  let home: string;
  let python: Paramiko;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);

  async function login(account: string, named: Readonly<Record<string, unknown>>): Promise<void> {
    const all = { username: account, port: server.port, ...named };
    await python.call('session', 'connect', [local('host_keys')], {
      named: { keep: `ssh ${account}`, ...all },
    });
  }

  /** Calls a method of the SFTPClient of alice's connection. */
  const sftp = (method: string, ...args: readonly unknown[]): Promise<unknown> =>
    python.call('sftp', method, args);

  /** Opens a file, for calls on "file". */
  async function open(path: string | Bytes, mode = 'r'): Promise<void> {
    await python.call('sftp', 'open', [path, mode], { keep: 'file' });
  }
  const file = (method: string, ...args: readonly unknown[]): Promise<unknown> =>
    python.call('file', method, args);

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    home = server.home('alice');
    mkdirSync(home, { recursive: true });
    python = new Paramiko(server.work);
    await login('alice', { key_filename: server.keyFile });
    await python.call('ssh alice', 'open_sftp', [], { keep: 'sftp' });
  });
  afterAll(async () => {
    await python.end();
    await server.stop();
  });

  describe('logs in', () => {
    it('by password, and not by a wrong one', async () => {
      await must(server.plimsoll(['user', 'add', 'paula', '--password-stdin'], password));
      await login('paula', { password });
      await python.call('ssh paula', 'open_sftp', [], { keep: 'sftp paula' });
      expect(await python.call('sftp paula', 'normalize', ['.'])).toBe('/');
      await expect(login('paula', { password: 'wrong' })).rejects.toMatchObject({
        kind: 'AuthenticationException',
      });
    });

    it('is told which ways there are; keyboard-interactive is none of them', async () => {
      await must(server.plimsoll(['user', 'add', 'quentin', '--password-stdin'], password));
      const ways = (await python.call('session', 'auth_types', [server.port, 'quentin'])) as string[];
      expect(ways.sort()).toEqual(['password', 'publickey']);
      await expect(
        python.call('session', 'interactive', [server.port, 'quentin', [password]]),
      ).rejects.toMatchObject({ kind: 'BadAuthenticationType' });
    });

    it('once for many SFTP channels at the same time', async () => {
      expect(await python.call('session', 'at_once', ['ssh alice', 5, mebibyte])).toEqual([0, 1, 2, 3, 4]);
      for (const index of [0, 1, 2, 3, 4]) {
        const data = Buffer.concat(
          Array<Buffer>(mebibyte / 32).fill(createHash('sha256').update(String(index)).digest()),
        );
        expect(readFileSync(remote(`at-once-${index}`)).equals(data)).toBe(true);
      }
    });
  });

  describe('moves files', () => {
    it('put confirms the size right after CLOSE [T4]; get: bytes equal', async () => {
      await writeNoise(local('noise'), 3_000_001);
      const confirmed = (await sftp('put', local('noise'), 'up')) as Attributes;
      expect(confirmed.st_size).toBe(3_000_001);
      await sftp('get', 'up', local('down'));
      expect(await sha256(remote('up'))).toBe(await sha256(local('noise')));
      expect(await sha256(local('down'))).toBe(await sha256(local('noise')));
    });

    it('put of an empty file, and without the confirmation', async () => {
      writeFileSync(local('empty'), '');
      expect(((await sftp('put', local('empty'), 'empty')) as Attributes).st_size).toBe(0);
      await python.call('sftp', 'put', [local('empty'), 'empty too'], { named: { confirm: false } });
      expect(statSync(remote('empty too')).size).toBe(0);
    });

    it('putfo and getfo, which tell how far they are', async () => {
      const data = 'line\n'.repeat(50_000);
      const { st_size } = (await python.call('session', 'putfo', ['sftp', bytes(data), 'fo'])) as Attributes;
      expect(st_size).toBe(data.length);
      expect(await python.call('session', 'getfo', ['sftp', 'fo'])).toEqual({
        size: data.length,
        data: bytes(data),
        told: [data.length, data.length],
      });
    });

    it('prefetch asks for all of a big file at once; the server keeps its memory [T3]', async () => {
      const size = scale('prefetchBytes');
      await writeNoise(remote('big'), size);
      // Most of what V8 keeps for any traffic of this kind, some 60 MiB, is no cost of the requests that wait.
      await writeNoise(remote('less big'), 32 * mebibyte);
      await python.call('session', 'prefetched', ['sftp', 'less big']);
      const before = server.memory();
      let most = before;
      const watch = setInterval(() => (most = Math.max(most, server.memory())), 50);
      const digest = await python.call('session', 'prefetched', ['sftp', 'big']);
      clearInterval(watch);
      expect(digest).toBe(await sha256(remote('big')));
      // A server that keeps every reply until it is taken would grow by nearly all of it.
      expect(most - before).toBeLessThan(Math.max(size / 4, 64 * mebibyte));
    }, 600_000);
  });

  describe('opens a file', () => {
    it('to append: WRITE goes to the end, whatever was read or sought before', async () => {
      writeFileSync(remote('appended'), 'one');
      await open('appended', 'a');
      await file('write', bytes(' two'));
      await file('close');
      await open('appended', 'a+');
      await file('seek', 0);
      await file('write', bytes(' three'));
      await file('close');
      expect(readFileSync(remote('appended'), 'utf8')).toBe('one two three');
    });

    it('to read and write at any place: r+, seek, tell, truncate', async () => {
      writeFileSync(remote('random'), '0123456789');
      await open('random', 'r+');
      await file('seek', 3);
      await file('write', bytes('abc'));
      expect(await file('tell')).toBe(6);
      expect(await file('read', 2)).toEqual(bytes('67'));
      await file('seek', -1, 2);
      expect(await file('read')).toEqual(bytes('9'));
      await file('truncate', 7);
      expect(((await file('stat')) as Attributes).st_size).toBe(7);
      await file('close');
      expect(readFileSync(remote('random'), 'utf8')).toBe('012abc6');
    });

    it('to write, w and w+ cut what was there', async () => {
      writeFileSync(remote('cut'), 'long before');
      await open('cut', 'w+');
      await file('write', bytes('now'));
      await file('seek', 0);
      expect(await file('read')).toEqual(bytes('now'));
      await file('close');
      expect(readFileSync(remote('cut'), 'utf8')).toBe('now');
    });

    it('wx makes a file, and fails where one is', async () => {
      await open('exclusive', 'wx');
      await file('write', bytes('mine'));
      await file('close');
      await expect(open('exclusive', 'wx')).rejects.toMatchObject({
        kind: 'OSError',
        message: expect.stringContaining('exists') as string,
      });
      expect(readFileSync(remote('exclusive'), 'utf8')).toBe('mine');
    });

    it('readv brings ranges in the order they are asked for; read at the end brings nothing', async () => {
      await writeNoise(remote('ranges'), 200_000);
      const whole = readFileSync(remote('ranges'));
      await open('ranges');
      const ranges = [
        [150_000, 1000],
        [0, 70_000],
        [199_990, 10],
      ] as const;
      expect(await file('readv', ranges)).toEqual(
        ranges.map(([at, length]) => bytes(whole.subarray(at, at + length).toString('latin1'))),
      );
      await file('seek', 200_000);
      expect(await file('read', 10)).toEqual(bytes(''));
      await file('close');
    });

    it('chmod, utime and chown by its handle', async () => {
      writeFileSync(remote('by handle'), 'x');
      await open('by handle', 'r+');
      await file('chmod', 0o640);
      await file('utime', [1_000_000_000, 1_100_000_000]);
      const { st_uid, st_gid } = (await file('stat')) as Attributes;
      await file('chown', st_uid, st_gid);
      await file('close');
      expect(statSync(remote('by handle')).mode & 0o777).toBe(0o640);
      expect(statSync(remote('by handle')).mtimeMs).toBe(1_100_000_000_000);
    });

    it('that is not there: ENOENT, as Python has it', async () => {
      await expect(open('none')).rejects.toMatchObject({ kind: 'FileNotFoundError', errno: 2 });
    });
  });

  describe('file.check(), the check-file of paramiko [PROTOCOL 4.13]', () => {
    let data: Buffer;
    beforeAll(async () => {
      await writeNoise(remote('checked'), 1_000_000);
      data = readFileSync(remote('checked'));
      await open('checked');
    });
    afterAll(() => file('close'));

    it.each(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])('%s of the whole', async (algorithm) => {
      expect(await file('check', algorithm)).toEqual(bytes(hash(algorithm, data)));
    });

    it('of a range, and of a range in blocks, the last one shorter', async () => {
      expect(await file('check', 'md5', 1000, 5000)).toEqual(bytes(hash('md5', data.subarray(1000, 6000))));
      const blocks = [0, 1, 2, 3].map((index) =>
        hash('sha1', data.subarray(100 + index * 512, Math.min(100 + (index + 1) * 512, 100 + 1700))),
      );
      expect(await file('check', 'sha1', 100, 1700, 512)).toEqual(bytes(blocks.join('')));
    });

    it('of the first algorithm in a list that is known', async () => {
      expect(await file('check', 'blake9,sha256')).toEqual(bytes(hash('sha256', data)));
    });

    it('an algorithm that nobody knows, and blocks that are too small, are errors', async () => {
      await expect(file('check', 'blake9')).rejects.toMatchObject({ kind: 'OSError' });
      await expect(file('check', 'md5', 0, 0, 255)).rejects.toMatchObject({ kind: 'OSError' });
      expect(await file('check', 'md5')).toEqual(bytes(hash('md5', data)));
    });
  });

  describe('looks and changes', () => {
    it('listdir, listdir_attr and listdir_iter: all names of a folder that fills many replies', async () => {
      mkdirSync(remote('listed'));
      const names = Array.from({ length: 1234 }, (_, index) => `entry ${index}`);
      for (const name of names) writeFileSync(remote(`listed/${name}`), 'four');
      utimesSync(remote('listed/entry 7'), 1_000_000_000, 1_100_000_000);
      const sorted = [...names].sort();
      expect(((await sftp('listdir', 'listed')) as string[]).sort()).toEqual(sorted);
      const attributes = (await sftp('listdir_attr', 'listed')) as Attributes[];
      expect(attributes.map(({ filename }) => filename).sort()).toEqual(sorted);
      const seventh = attributes.find(({ filename }) => filename === 'entry 7');
      expect(seventh).toMatchObject({ st_size: 4, st_mtime: 1_100_000_000, st_mode: 0o100644 });
      expect(seventh?.longname).toMatch(/^-rw-r--r-- +1 alice +alice +4 .* entry 7$/);
      // Fifty READDIRs are on the way at once.
      const iterated = (await sftp('listdir_iter', 'listed')) as Attributes[];
      expect(iterated.map(({ filename }) => filename).sort()).toEqual(sorted);
      expect(await sftp('listdir', 'listed')).toHaveLength(names.length);
    });

    it('chdir, getcwd and normalize', async () => {
      mkdirSync(remote('deep/inner'), { recursive: true });
      await sftp('chdir', 'deep/inner');
      expect(await sftp('getcwd')).toBe('/deep/inner');
      expect(await sftp('normalize', '..')).toBe('/deep');
      await python.call('session', 'putfo', ['sftp', bytes('relative'), 'here']);
      await sftp('chdir');
      expect(readFileSync(remote('deep/inner/here'), 'utf8')).toBe('relative');
      await expect(sftp('chdir', 'deep/inner/here')).rejects.toMatchObject({ kind: 'SFTPError' });
      expect(await sftp('normalize', '../../..')).toBe('/');
    });

    it('symlink(source, dest) makes dest, which says source; readlink reads it; lstat and stat differ', async () => {
      writeFileSync(remote('target'), 'four');
      await sftp('symlink', 'target', 'link');
      expect(readlinkSync(remote('link'))).toBe('target');
      expect(await sftp('readlink', 'link')).toBe('target');
      expect(((await sftp('stat', 'link')) as Attributes).st_mode & 0o170000).toBe(0o100000);
      expect(((await sftp('lstat', 'link')) as Attributes).st_mode & 0o170000).toBe(0o120000);
    });

    it('a symbolic link out of the home leads nowhere [J1]', async () => {
      symlinkSync(server.work, remote('out'));
      await sftp('symlink', '../../../keys', 'out too');
      await expect(sftp('listdir', 'out')).rejects.toMatchObject({ kind: 'FileNotFoundError' });
      await expect(sftp('listdir', 'out too')).rejects.toMatchObject({ kind: 'FileNotFoundError' });
    });

    it('mkdir with a mode, rmdir, remove, rename that never replaces, posix_rename that does', async () => {
      await sftp('mkdir', 'made', 0o750);
      expect(statSync(remote('made')).mode & 0o777).toBe(0o750);
      writeFileSync(remote('made/old'), 'old');
      writeFileSync(remote('made/new'), 'new');
      await expect(sftp('rename', 'made/new', 'made/old')).rejects.toMatchObject({ kind: 'OSError' });
      expect(readFileSync(remote('made/old'), 'utf8')).toBe('old');
      await sftp('posix_rename', 'made/new', 'made/old');
      expect(readFileSync(remote('made/old'), 'utf8')).toBe('new');
      await sftp('rename', 'made/old', 'made/moved');
      await expect(sftp('rmdir', 'made')).rejects.toMatchObject({
        message: expect.stringContaining('the folder is not empty') as string,
      });
      await sftp('remove', 'made/moved');
      await sftp('rmdir', 'made');
      expect(existsSync(remote('made'))).toBe(false);
    });

    it('truncate both ways, chmod, utime; chown to the ids that are shown, and to no others [J6]', async () => {
      writeFileSync(remote('changed'), '0123456789');
      await sftp('truncate', 'changed', 4);
      await sftp('truncate', 'changed', 6);
      expect(readFileSync(remote('changed'), 'latin1')).toBe('0123\0\0');
      await sftp('chmod', 'changed', 0o600);
      await sftp('utime', 'changed', [1_000_000_000, 1_100_000_000]);
      const { st_uid, st_gid } = (await sftp('stat', 'changed')) as Attributes;
      await sftp('chown', 'changed', st_uid, st_gid);
      await expect(sftp('chown', 'changed', st_uid + 1, st_gid)).rejects.toMatchObject({ errno: 13 });
      expect(statSync(remote('changed')).mode & 0o777).toBe(0o600);
      expect(statSync(remote('changed')).mtimeMs).toBe(1_100_000_000_000);
      expect(statSync(remote('changed')).uid).toBe(process.getuid?.());
    });

    it('a read-only account reads, and is told why it may not write', async () => {
      await server.addAccount('reader', '--read-only');
      mkdirSync(server.home('reader'), { recursive: true });
      writeFileSync(join(server.home('reader'), 'kept'), 'kept');
      await login('reader', { key_filename: server.keyFile });
      await python.call('ssh reader', 'open_sftp', [], { keep: 'sftp reader' });
      expect(await python.call('session', 'getfo', ['sftp reader', 'kept'])).toMatchObject({
        data: bytes('kept'),
      });
      await expect(python.call('session', 'putfo', ['sftp reader', bytes('x'), 'new'])).rejects.toMatchObject(
        { kind: 'PermissionError', errno: 13 },
      );
      await expect(python.call('sftp reader', 'remove', ['kept'])).rejects.toMatchObject({ errno: 13 });
      expect(readdirSync(server.home('reader'))).toEqual(['kept']);
    });
  });

  describe('names', () => {
    it('in Chinese and emoji as str', async () => {
      const name = '中文 名字 😀';
      await python.call('session', 'putfo', ['sftp', bytes('text'), name]);
      expect(readFileSync(remote(name), 'utf8')).toBe('text');
      await sftp('rename', name, `${name} 2`);
      expect(await sftp('listdir')).toContain(`${name} 2`);
    });

    it('that are not UTF-8 as bytes, byte for byte [J3]', async () => {
      const name = 'caf\xe9 \xff';
      const onDisk = (last: string): Buffer => Buffer.from(`${remote('bytes')}/${last}`, 'latin1');
      await sftp('mkdir', 'bytes');
      await python.call('session', 'putfo', ['sftp', bytes('data'), bytes(`bytes/${name}`)]);
      expect(readFileSync(onDisk(name), 'utf8')).toBe('data');
      await open(bytes(`bytes/${name}`));
      expect(await file('read')).toEqual(bytes('data'));
      await file('close');
      await sftp('symlink', bytes(name), bytes(`bytes/link ${name}`));
      expect(readlinkSync(onDisk(`link ${name}`), 'buffer').toString('latin1')).toBe(name);
      expect(await sftp('readlink', bytes(`bytes/link ${name}`))).toEqual(bytes(name));
      await sftp('rename', bytes(`bytes/${name}`), bytes('bytes/\xfe'));
      await sftp('remove', bytes('bytes/\xfe'));
      expect(existsSync(onDisk(name))).toBe(false);
      // paramiko 2.12 itself cannot list them: it wants each name to be UTF-8.
      await expect(sftp('listdir', 'bytes')).rejects.toMatchObject({ kind: 'UnicodeDecodeError' });
      expect(await sftp('normalize', '.')).toBe('/');
    });
  });

  it('exec_command md5sum: the same sum as the bytes have', async () => {
    const name = `it's ${fromText('中')}`;
    writeFileSync(Buffer.concat([Buffer.from(`${home}/`), Buffer.from(name, 'latin1')]), 'hash me');
    const command = bytes(`md5sum '${name.replaceAll("'", "'\\''")}'`);
    const { status, stdout } = (await python.call('session', 'run', ['ssh alice', command])) as {
      readonly status: number;
      readonly stdout: Bytes;
    };
    expect(status).toBe(0);
    expect(stdout.bytes).toContain(createHash('md5').update('hash me').digest('hex'));
  });
});
