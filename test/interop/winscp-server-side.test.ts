import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missing } from './programs.js';
import { startServer, type TestServer } from './server.js';
import { accountStatus } from './wire-client.js';
import { WinscpClient } from './winscp-client.js';

/** The order in which WinSCP lists what it can show in a column. */
const algorithms = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'md5', 'crc32'] as const;

function witness(algorithm: string, data: Buffer): Buffer {
  if (algorithm !== 'crc32') return createHash(algorithm).update(data).digest();
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(data));
  return sum;
}

/** What WinSCP lets the server do: copies, checksums, free space. */
describe.skipIf(missing('ssh-keygen'))('WinSCP, on the server', () => {
  let server: TestServer;
  let winscp: WinscpClient;
  const remote = (name: string): string => join(server.home('alice'), name);
  const data = randomBytes(1_234_567);

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    winscp = await WinscpClient.connect(server);
  });
  afterEach(() => winscp.end());

  describe('copy', () => {
    const copyFile = (from: string, to: string) =>
      winscp.wire.ask({ kind: 'copy-file', from, to, overwrite: false });

    it('copy-file makes the copy', async () => {
      writeFileSync(remote('source'), data);
      expect(await copyFile('/source', '/copy')).toMatchObject({ kind: 'status', code: 0 });
      expect(readFileSync(remote('copy')).equals(data)).toBe(true);
    });

    it('copy-file without overwrite leaves what is there', async () => {
      writeFileSync(remote('new'), data);
      writeFileSync(remote('old'), 'old');
      const refused = await copyFile('/new', '/old');
      expect(refused).toMatchObject({ kind: 'status', code: 4, message: 'that name exists already' });
      expect(readFileSync(remote('old'), 'utf8')).toBe('old');
    });

    it('copy-data between two handles, EXCL for the target, then SETSTAT without waiting', async () => {
      writeFileSync(remote('dated'), data, { mode: 0o640 });
      utimesSync(remote('dated'), 1_000_000_000, 1_100_000_000);
      await winscp.copyByHandles('/dated', '/dated copy');
      expect(readFileSync(remote('dated copy')).equals(data)).toBe(true);
      expect(statSync(remote('dated copy'))).toMatchObject({ mtimeMs: 1_100_000_000_000, mode: 0o100640 });
    });

    it('copy-data onto a name that is there stops at EXCL', async () => {
      writeFileSync(remote('first'), data);
      writeFileSync(remote('second'), 'second');
      await expect(winscp.copyByHandles('/first', '/second')).rejects.toThrow('that name exists already');
      expect(readFileSync(remote('second'), 'utf8')).toBe('second');
    });
  });

  describe('checksum', () => {
    it.each(algorithms)(
      '%s of twelve files, five on the way, raw behind the name of it',
      async (algorithm) => {
        const files = new Map(
          Array.from({ length: 12 }, (_, index) => [
            `/sum-${index}`,
            index === 0 ? Buffer.alloc(0) : data.subarray(index, 100_000 * index),
          ]),
        );
        for (const [path, bytes] of files) writeFileSync(remote(path), bytes);
        const sums = await winscp.checksums([...files.keys()], algorithm);
        for (const [path, bytes] of files)
          expect(sums.get(path)?.toString('hex'), path).toBe(witness(algorithm, bytes).toString('hex'));
      },
    );

    it('an algorithm that nobody knows is OP_UNSUPPORTED, and the next one is asked', async () => {
      writeFileSync(remote('summed'), data);
      const range = { path: '/summed', start: 0, length: 0, blockSize: 0 };
      const refused = await winscp.wire.ask({ kind: 'check-file-name', algorithms: 'sha3-256', ...range });
      expect(refused).toMatchObject({ kind: 'status', code: 8 });
      const sums = await winscp.checksums(['/summed'], 'sha256');
      expect(sums.get('/summed')?.equals(witness('sha256', data))).toBe(true);
    });

    it('of a folder is refused, and the session goes on', async () => {
      await expect(winscp.checksums(['/'], 'md5')).rejects.toThrow(/status/);
      expect(await winscp.cd('/')).toBe('/');
    });
  });

  describe('free space', () => {
    it('space-available and statvfs@openssh.com tell the line less what is used, WinSCP’s way: bsize times blocks', async () => {
      const { home } = await accountStatus(winscp.wire);
      const line = 100_000_000;
      const space = await winscp.wire.get('space-available', { kind: 'space-available', path: '/' });
      const vfs = await winscp.wire.get('statvfs@openssh.com', { kind: 'statvfs@openssh.com', path: '/' });
      const free = line - home.bytes.used;
      expect(home.bytes.limit).toBe(line);
      expect(space).toMatchObject({
        ...{ bytesAvailableToUser: line, unusedBytesAvailableToUser: free },
        ...{ bytesOnDevice: line, unusedBytesOnDevice: free },
      });
      expect(vfs).toMatchObject({ bsize: 512, frsize: 512, blocks: Math.floor(line / 512) });
      expect(vfs.bavail).toBe(Math.floor(free / 512));
    });
  });
});
