import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import SftpClient from 'ssh2-sftp-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { message } from '../../src/ssh/messages.js';
import { encodeRequest } from '../../src/wire/codec.js';
import { startTestServer } from '../../src/testing.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { RawClient } from '../ssh/raw-client.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { WireClient } from './wire-client.js';

const { read, write, append, create, truncate, exclusive } = openFlags;

/** The habits of libraries, and of what is built on them. */
describe.skipIf(missing('ssh-keygen'))('quirks of libraries', () => {
  let server: TestServer;
  let client: WireClient;
  const remote = (name: string): string => join(server.home('alice'), name);
  const bytesOf = (name: string): Buffer => readFileSync(remote(name));

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], 'a plain password\n'));
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = await WireClient.connect(server);
  });
  afterEach(() => client.end());

  describe('curl (libssh2)', () => {
    it('resumes with WRITE alone, without APPEND, at the offset of what is there', async () => {
      const data = randomBytes(100_000);
      writeFileSync(remote('curled'), data.subarray(0, 40_000));
      const handle = await client.open('/curled', write);
      for (let at = 40_000; at < data.length; at += 30_000)
        client.sendWrite(handle, at, data.subarray(at, at + 30_000));
      await client.close(handle);
      expect(bytesOf('curled').equals(data)).toBe(true);
    });

    it('--append opens with APPEND and counts its offsets from 0: they go to the end all the same', async () => {
      writeFileSync(remote('appended'), 'there ');
      const handle = await client.open('/appended', write | create | append);
      client.sendWrite(handle, 0, Buffer.from('and '));
      client.sendWrite(handle, 4, Buffer.from('more'));
      await client.close(handle);
      expect(bytesOf('appended').toString()).toBe('there and more');
    });

    it('RENAME with OVERWRITE, ATOMIC and NATIVE behind its names is read as without them', async () => {
      writeFileSync(remote('named'), 'x');
      const flags = Buffer.from([0, 0, 0, 7]);
      const id = 4_000_000;
      const request = encodeRequest({ kind: 'rename', id, from: '/named', to: '/renamed' });
      const packet = Buffer.concat([request, flags]);
      packet.writeUInt32BE(packet.length - 4, 0);
      client.channel.write(packet);
      await client.succeeded(id);
      expect([existsSync(remote('named')), bytesOf('renamed').toString()]).toEqual([false, 'x']);
    });
  });

  describe('paramiko', () => {
    it('STAT right behind CLOSE has the exact size: put() compares it', async () => {
      const data = randomBytes(300_001);
      const handle = await client.open('/put', write | create | truncate);
      for (let at = 0; at < data.length; at += 32_768)
        client.sendWrite(handle, at, data.subarray(at, at + 32_768));
      client.send({ kind: 'close', handle });
      const { attrs } = await client.get('attrs', { kind: 'stat', path: '/put' });
      expect(attrs.size).toBe(data.length);
    });

    it('prefetch sends thousands of READs before it takes the first answer', async () => {
      const block = 32_768;
      const data = randomBytes(2_000 * 1024);
      writeFileSync(remote('prefetched'), data);
      const handle = await client.open('/prefetched', read);
      const ids = Array.from({ length: 4_000 }, (_, index) =>
        client.send({ kind: 'read', handle, offset: (index * 512) % data.length, length: block }),
      );
      for (const [index, id] of ids.entries()) {
        const { data: slices } = await client.got('data', id);
        const from = (index * 512) % data.length;
        if (!Buffer.concat(slices).equals(data.subarray(from, from + block)))
          throw new Error(`READ ${index} gave other bytes`);
      }
    });

    it('check-file by handle is answered with "check-file" before algorithm and hash', async () => {
      const data = randomBytes(100_000);
      writeFileSync(remote('checked'), data);
      const handle = await client.open('/checked', read);
      const range = { handle, start: 0, length: 0, blockSize: 0 };
      const asked = { kind: 'check-file', algorithms: 'sha256', ...range } as const;
      // The decoder refuses a reply without the tag.
      const reply = await client.get('check-file', asked);
      expect(reply.algorithm).toBe('sha256');
      expect(reply.hashes.equals(createHash('sha256').update(data).digest())).toBe(true);
    });
  });

  describe('JSch', () => {
    it('tries gssapi-with-mic and keyboard-interactive before password: each is refused with what may go on', async () => {
      const jsch = await RawClient.keyed(server.port, { ident: 'JSCH_0.2.17' });
      jsch.askForLogin();
      for (const method of ['gssapi-with-mic', 'keyboard-interactive']) {
        jsch.login('alice', method);
        const failure = await jsch.next(message.userauthFailure);
        expect(failure.string(1024).toString()).toBe('publickey,password');
      }
      jsch.password('alice', 'a plain password');
      await jsch.next(message.userauthSuccess);
      jsch.socket.destroy();
      await jsch.closed;
    });

    it('resumes with WRITE and CREAT, without APPEND and without TRUNC', async () => {
      const data = randomBytes(100_000);
      writeFileSync(remote('jsch'), data.subarray(0, 12_345));
      const handle = await client.open('/jsch', write | create);
      await client.write(handle, 12_345, data.subarray(12_345));
      await client.close(handle);
      expect(bytesOf('jsch').equals(data)).toBe(true);
    });
  });

  describe('sshj and Cyberduck', () => {
    it('overwrite with TRUNC and WRITE, without CREAT', async () => {
      writeFileSync(remote('cyberduck'), 'a long old file');
      const handle = await client.open('/cyberduck', write | truncate);
      await client.write(handle, 0, Buffer.from('new'));
      await client.close(handle);
      expect(bytesOf('cyberduck').toString()).toBe('new');
      const absent = { kind: 'open', path: '/never', flags: write | truncate, attrs: {} } as const;
      expect(await client.ask(absent)).toMatchObject({ kind: 'status', code: 2 });
    });

    it('never use APPEND: their offsets are honoured, a resume goes on in the middle', async () => {
      writeFileSync(remote('sshj'), '0123456789');
      const handle = await client.open('/sshj', write);
      await client.write(handle, 4, Buffer.from('xy'));
      await client.close(handle);
      expect(bytesOf('sshj').toString()).toBe('0123xy6789');
    });
  });

  describe('ssh2 and ssh2-sftp-client', () => {
    it('ext_copy_data copies between two handles', async () => {
      writeFileSync(remote('original'), 'copied by the server');
      const from = await client.open('/original', read);
      const to = await client.open('/duplicate', write | create);
      await client.must({ kind: 'copy-data', from, fromOffset: 0, length: 0, to, toOffset: 0 });
      await client.close(to);
      expect(bytesOf('duplicate').toString()).toBe('copied by the server');
    });

    it('fastPut and fastGet keep 64 pieces of 32 KiB on the way, in any order: bytes equal', async () => {
      const block = 32_768;
      const data = randomBytes(128 * block + 1);
      const starts = Array.from({ length: 129 }, (_, index) => ((index * 50) % 129) * block);
      const handle = await client.open('/fast', write | create | truncate);
      await client.queue(64, starts, (at) => client.write(handle, at, data.subarray(at, at + block)));
      await client.close(handle);
      expect(bytesOf('fast').equals(data)).toBe(true);

      const reading = await client.open('/fast', read);
      const back = Buffer.alloc(data.length);
      await client.queue(64, starts, async (offset) => {
        const reply = await client.get('data', { kind: 'read', handle: reading, offset, length: block });
        Buffer.concat(reply.data).copy(back, offset);
      });
      expect(back.equals(data)).toBe(true);
    });

    it('put, append, uploadDir, rcopy and a write stream end as if all were well when a WRITE is refused: the size tells, and fastPut', async () => {
      const data = randomBytes(600_000);
      const folder = join(server.work, 'uploaded');
      mkdirSync(folder);
      writeFileSync(join(folder, 'up'), data);
      const refusing = await startTestServer({ files: { '/whole': data } });
      const library = new SftpClient();
      try {
        await library.connect({
          ...{ host: refusing.host, port: refusing.port },
          ...{ username: refusing.user, password: refusing.password },
        });
        const sizeAfter = async (path: string, work: () => Promise<unknown>): Promise<number> => {
          refusing.faults.clear();
          refusing.faults.refuse('write', { fault: 'no-space', after: 1 });
          await work();
          const writes = refusing.requests.filter(({ operation }) => operation === 'write');
          expect(writes.at(-1)).toMatchObject({ answered: 'failure' });
          return (await refusing.read(path)).length;
        };
        const wrapper = library as unknown as { createWriteStream(path: string): Writable };
        const sizes = [
          await sizeAfter('/put', () => library.put(data, '/put')),
          await sizeAfter('/file', () => library.put(join(folder, 'up'), '/file')),
          await sizeAfter('/put', () => library.append(data, '/put')),
          await sizeAfter('/folder/up', () => library.uploadDir(folder, '/folder')),
          await sizeAfter('/copy', () => library.rcopy('/whole', '/copy')),
          await sizeAfter('/stream', () => once(wrapper.createWriteStream('/stream').end(data), 'close')),
        ];
        // What one WRITE brought, and of the second one onto it.
        expect(sizes.every((size) => size > 0 && size < data.length)).toBe(true);
        refusing.faults.clear();
        refusing.faults.refuse('write', { fault: 'no-space', after: 1 });
        await expect(library.fastPut(join(folder, 'up'), '/fast')).rejects.toThrow(
          "no space on the server's",
        );
      } finally {
        await library.end();
        await refusing.close();
      }
    });

    it('a WRITE that does not follow the one before is served: nothing says "resume is not supported"', async () => {
      const handle = await client.open('/holes', write | create);
      await client.write(handle, 1_000_000, Buffer.from('end'));
      await client.write(handle, 10, Buffer.from('begin'));
      await client.close(handle);
      expect(statSync(remote('holes')).size).toBe(1_000_003);
      expect(bytesOf('holes').subarray(10, 15).toString()).toBe('begin');
    });
  });

  describe('mina-sshd', () => {
    it('would ask for length-prefixed hashes by check-file-name and -handle: neither is announced', () => {
      const announced = client.version.extensions.map(([name]) => name);
      expect(announced.filter((name) => name.startsWith('check-file'))).toEqual(['check-file']);
    });

    it('md5-hash-handle with the MD5 of the first 2048 bytes: the hash, or none where that differs', async () => {
      const data = randomBytes(10_000);
      const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
      writeFileSync(remote('quick'), data);
      const handle = await client.open('/quick', read);
      const ask = async (quickCheck: Buffer): Promise<Buffer> => {
        const asked = { kind: 'md5-hash-handle', handle, start: 0, length: 0, quickCheck } as const;
        return (await client.get('md5-hash-handle', asked)).hash;
      };
      expect((await ask(md5(data.subarray(0, 2048)))).equals(md5(data))).toBe(true);
      expect((await ask(md5(data.subarray(0, 2047)))).length).toBe(0);
    });
  });

  describe('restic', () => {
    it('writes NAME-restic-temp-..., sets its mode, renames it over, takes the right to write away, and removes it later', async () => {
      mkdirSync(remote('data'));
      const temporary = '/data/abcd-restic-temp-123';
      const handle = await client.open(temporary, write | create | exclusive);
      await client.must({ kind: 'fsetstat', handle, attrs: { permissions: 0o600 } });
      const data = randomBytes(200_000);
      await client.queue(8, [0, 50_000, 100_000, 150_000], (at) =>
        client.write(handle, at, data.subarray(at, at + 50_000)),
      );
      await client.close(handle);
      await client.must({ kind: 'posix-rename@openssh.com', from: temporary, to: '/data/abcd' });
      await client.must({ kind: 'setstat', path: '/data/abcd', attrs: { permissions: 0o400 } });
      expect(bytesOf('data/abcd').equals(data)).toBe(true);
      const { attrs } = await client.get('attrs', { kind: 'stat', path: '/data/abcd' });
      // The server keeps its own right to files (J6), and tells what is there.
      expect((attrs.permissions ?? 0) & 0o777).toBe(statSync(remote('data/abcd')).mode & 0o777);
      await client.must({ kind: 'setstat', path: '/data/abcd', attrs: { permissions: 0o600 } });
      await client.must({ kind: 'remove', path: '/data/abcd' });
      expect(existsSync(remote('data/abcd'))).toBe(false);
    });

    it('asks statvfs@openssh.com after a WRITE that failed', async () => {
      const handle = await client.open('/asked', write | create);
      await client.close(handle);
      const id = client.sendWrite(handle, 0, Buffer.from('x'));
      expect(await client.got('status', id)).toMatchObject({ code: 4 });
      const space = await client.get('statvfs@openssh.com', { kind: 'statvfs@openssh.com', path: '/' });
      expect(space.bavail).toBeGreaterThan(0);
    });
  });

  describe('borgstore and kopia', () => {
    it('rename over an existing name by posix-rename@openssh.com, which is announced; plain RENAME refuses', async () => {
      const announced = new Map(client.version.extensions);
      expect(announced.get('posix-rename@openssh.com')).toBe('1');
      writeFileSync(remote('blob.tmp'), 'new');
      writeFileSync(remote('blob'), 'old');
      const plain = await client.ask({ kind: 'rename', from: '/blob.tmp', to: '/blob' });
      expect(plain).toMatchObject({ kind: 'status', code: 4 });
      await client.must({ kind: 'posix-rename@openssh.com', from: '/blob.tmp', to: '/blob' });
      expect(bytesOf('blob').toString()).toBe('new');
    });
  });
});
