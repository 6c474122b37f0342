import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { WireClient } from './wire-client.js';

const { read, write, append, create, truncate, exclusive } = openFlags;

/** The habits of programs that people start, packet by packet; the programs themselves have tests of their own. */
describe.skipIf(missing('ssh-keygen'))('quirks of programs', () => {
  let server: TestServer;
  let client: WireClient;
  const remote = (name: string): string => join(server.home('alice'), name);
  const bytesOf = (name: string): Buffer => readFileSync(remote(name));
  const sizeOf = async (path: string): Promise<number | undefined> =>
    (await client.get('attrs', { kind: 'stat', path })).attrs.size;

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], 'a plain password\n'));
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = await WireClient.connect(server);
  });
  afterEach(() => client.end());

  describe('OpenSSH', () => {
    it('reput opens with APPEND and writes at true offsets: the two readings agree', async () => {
      const data = randomBytes(200_000);
      writeFileSync(remote('reput'), data.subarray(0, 50_000));
      const handle = await client.open('/reput', write | create | append);
      for (let at = 50_000; at < data.length; at += 32_768)
        client.sendWrite(handle, at, data.subarray(at, at + 32_768));
      await client.close(handle);
      expect(bytesOf('reput').equals(data)).toBe(true);
    });

    it('an interrupted put ends in FSETSTAT with the size that was acknowledged', async () => {
      const handle = await client.open('/interrupted', write | create | truncate);
      await client.write(handle, 0, randomBytes(100_000));
      await client.must({ kind: 'fsetstat', handle, attrs: { size: 65_536 } });
      await client.close(handle);
      expect(await sizeOf('/interrupted')).toBe(65_536);
    });

    it('replies come in the order of the requests: "server reordered requests" ends its resume', async () => {
      writeFileSync(remote('ordered'), randomBytes(500_000));
      const handle = await client.open('/ordered', read);
      const ids = Array.from({ length: 64 }, (_, index) =>
        client.send(
          index % 3 === 0
            ? { kind: 'stat', path: '/ordered' }
            : { kind: 'read', handle, offset: (64 - index) * 5000, length: index * 100 + 1 },
        ),
      );
      await Promise.all(ids.map((id) => client.reply(id)));
      expect(client.order.slice(-64)).toEqual(ids);
    });

    it('chmod -h and chown -h send lsetstat@openssh.com, which leaves what the link points to alone', async () => {
      writeFileSync(remote('pointed to'), 'x');
      await client.must({ kind: 'setstat', path: '/pointed to', attrs: { atime: 5, mtime: 5 } });
      symlinkSync('pointed to', remote('pointer'));
      const attrs = { atime: 1_000_000_000, mtime: 1_000_000_000 };
      await client.must({ kind: 'lsetstat@openssh.com', path: '/pointer', attrs });
      expect(lstatSync(remote('pointer')).mtimeMs).toBe(1_000_000_000_000);
      expect(statSync(remote('pointed to')).mtimeMs).toBe(5000);
    });

    it('names for ls -l come from users-groups-by-id@openssh.com, an empty one for an id that is not known', async () => {
      const { attrs } = await client.get('attrs', { kind: 'stat', path: '/' });
      const names = await client.get('users-groups-by-id@openssh.com', {
        ...{ kind: 'users-groups-by-id@openssh.com', uids: [attrs.uid ?? 0, 4_000_000_000] },
        gids: [attrs.gid ?? 0],
      });
      expect([names.usernames, names.groupnames]).toEqual([['alice', ''], ['alice']]);
    });
  });

  describe('scp over SFTP', () => {
    it('writes in place without TRUNC and sets the size at the end: nothing of a longer file is left', async () => {
      writeFileSync(remote('in place'), 'x'.repeat(5000));
      const handle = await client.open('/in place', write | create);
      client.sendWrite(handle, 0, Buffer.from('short'));
      client.send({ kind: 'fsetstat', handle, attrs: { size: 5 } });
      await client.close(handle);
      expect(bytesOf('in place').toString()).toBe('short');
    });

    it.each([
      ['~/x', '/x'],
      ['~', '/'],
      ['~alice/x', '/x'],
    ])('expand-path@openssh.com: %s is %s', async (path, expanded) => {
      const { entries } = await client.get('name', { kind: 'expand-path@openssh.com', path });
      expect(entries[0]?.name).toBe(expanded);
    });
  });

  describe('sshfs', () => {
    it('a file open for READ and WRITE is written at random and read back at once', async () => {
      const handle = await client.open('/random', read | write | create);
      await client.write(handle, 5000, Buffer.from('later'));
      await client.write(handle, 0, Buffer.from('first'));
      const { data } = await client.get('data', { kind: 'read', handle, offset: 0, length: 8192 });
      const expected = Buffer.alloc(5005);
      expected.write('first', 0);
      expected.write('later', 5000);
      expect(Buffer.concat(data).equals(expected)).toBe(true);
      await client.close(handle);
    });

    it('SETSTAT with a size cuts and grows an open file', async () => {
      const handle = await client.open('/cut', read | write | create);
      await client.write(handle, 0, Buffer.from('0123456789'));
      await client.must({ kind: 'setstat', path: '/cut', attrs: { size: 4 } });
      await client.must({ kind: 'setstat', path: '/cut', attrs: { size: 6 } });
      await client.close(handle);
      expect(bytesOf('cut')).toEqual(Buffer.from('0123\0\0'));
    });

    it('EXCL makes a lock file once', async () => {
      const lock = (): ReturnType<WireClient['ask']> =>
        client.ask({ kind: 'open', path: '/lock', flags: write | create | exclusive, attrs: {} });
      expect((await lock()).kind).toBe('handle');
      expect(await lock()).toMatchObject({ kind: 'status', code: 4 });
    });

    it('a rename over an existing file works by posix-rename@openssh.com, hardlink@, fsync@ and statvfs@ as well', async () => {
      writeFileSync(remote('old'), 'old');
      const handle = await client.open('/new', write | create);
      await client.write(handle, 0, Buffer.from('new'));
      await client.must({ kind: 'fsync@openssh.com', handle });
      await client.close(handle);
      await client.must({ kind: 'posix-rename@openssh.com', from: '/new', to: '/old' });
      expect(bytesOf('old').toString()).toBe('new');
      await client.must({ kind: 'hardlink@openssh.com', existing: '/old', name: '/other' });
      expect(statSync(remote('other')).ino).toBe(statSync(remote('old')).ino);
      const space = await client.get('statvfs@openssh.com', { kind: 'statvfs@openssh.com', path: '/' });
      expect(space.namemax).toBe(255);
    });

    it('mtime moves with a WRITE, and is seen before CLOSE', async () => {
      writeFileSync(remote('touched'), 'x');
      await client.must({ kind: 'setstat', path: '/touched', attrs: { atime: 1, mtime: 1 } });
      const handle = await client.open('/touched', write);
      await client.write(handle, 0, Buffer.from('y'));
      const { attrs } = await client.get('attrs', { kind: 'stat', path: '/touched' });
      expect(attrs.mtime).toBeGreaterThan(1_000_000_000);
      await client.close(handle);
    });

    it('several connections see what each other writes', async () => {
      const other = await WireClient.connect(server);
      const handle = await client.open('/shared', write | create);
      await client.write(handle, 0, Buffer.from('seen'));
      const reading = await other.open('/shared', read);
      const { data } = await other.get('data', { kind: 'read', handle: reading, offset: 0, length: 100 });
      expect(Buffer.concat(data).toString()).toBe('seen');
      await client.close(handle);
      other.end();
    });
  });

  describe('rclone', () => {
    it('64 WRITEs at once and out of order, then CLOSE, SETSTAT, STAT: size and time exact', async () => {
      const block = 32_768;
      const data = randomBytes(64 * block + 7);
      const handle = await client.open('/rclone', write | create | truncate);
      const starts = Array.from({ length: 65 }, (_, index) => ((index * 29) % 65) * block);
      const ids = starts.map((at) => client.sendWrite(handle, at, data.subarray(at, at + block)));
      for (const id of ids) await client.succeeded(id);
      await client.close(handle);
      await client.must({
        ...{ kind: 'setstat', path: '/rclone' },
        attrs: { atime: 1_500_000_000, mtime: 1_500_000_000 },
      });
      const { attrs } = await client.get('attrs', { kind: 'stat', path: '/rclone' });
      expect([attrs.size, attrs.mtime]).toEqual([data.length, 1_500_000_000]);
      expect(bytesOf('rclone').equals(data)).toBe(true);
    });

    it('after an error the file is REMOVEd, though its handle is open', async () => {
      const handle = await client.open('/failed', write | create | truncate);
      await client.write(handle, 0, Buffer.from('x'));
      await client.must({ kind: 'remove', path: '/failed' });
      await client.close(handle);
      expect(existsSync(remote('failed'))).toBe(false);
    });

    it('moves by posix-rename@openssh.com, or by REMOVE and RENAME', async () => {
      writeFileSync(remote('from'), 'moved');
      writeFileSync(remote('to'), 'old');
      await client.must({ kind: 'remove', path: '/to' });
      await client.must({ kind: 'rename', from: '/from', to: '/to' });
      expect(bytesOf('to').toString()).toBe('moved');
      await client.must({ kind: 'posix-rename@openssh.com', from: '/to', to: '/from' });
      expect(existsSync(remote('to'))).toBe(false);
    });
  });

  describe('lftp', () => {
    it('FSETSTAT with size and mtime before CLOSE: the time survives the CLOSE', async () => {
      const data = randomBytes(100_000);
      const handle = await client.open('/lftp', write | create | truncate);
      for (let at = 0; at < data.length; at += 32_768)
        client.sendWrite(handle, at, data.subarray(at, at + 32_768));
      const attrs = { size: data.length, atime: 1_400_000_000, mtime: 1_400_000_000 };
      client.send({ kind: 'fsetstat', handle, attrs });
      await client.close(handle);
      expect(statSync(remote('lftp')).mtimeMs).toBe(1_400_000_000_000);
      expect(bytesOf('lftp').equals(data)).toBe(true);
    });

    it('put -c writes at the offset of what is there, 16 WRITEs at once', async () => {
      const data = randomBytes(600_000);
      writeFileSync(remote('continued'), data.subarray(0, 100_001));
      const handle = await client.open('/continued', write | create);
      const starts = [];
      for (let at = 100_001; at < data.length; at += 32_768) starts.push(at);
      await client.queue(16, starts, (at) => client.write(handle, at, data.subarray(at, at + 32_768)));
      await client.must({ kind: 'fsetstat', handle, attrs: { size: data.length } });
      await client.close(handle);
      expect(bytesOf('continued').equals(data)).toBe(true);
    });

    it('put with xfer:use-temp-file is REMOVE and then RENAME, sent together', async () => {
      mkdirSync(remote('moves'));
      writeFileSync(remote('moves/a'), 'a');
      writeFileSync(remote('moves/b'), 'b');
      const ids = [
        client.send({ kind: 'remove', path: '/moves/b' }),
        client.send({ kind: 'rename', from: '/moves/a', to: '/moves/b' }),
      ];
      for (const id of ids) await client.succeeded(id);
      expect(bytesOf('moves/b').toString()).toBe('a');
    });
  });
});
