import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { hashAlgorithms, hashLength, type HashAlgorithm } from '../../src/hash/algorithms.js';
import { HashPool, hashBlock, type ReadAt } from '../../src/hash/hash-pool.js';

const algorithms = Object.keys(hashAlgorithms) as HashAlgorithm[];
const content = randomBytes(3 * hashBlock + 12_345);
const never = new AbortController().signal;

let folder: string;
let file: FileHandle;
let pool: HashPool;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-hash-'));
  file = await open(join(folder, 'content'), 'w+');
  await file.write(content);
  pool = new HashPool({ threads: 2 });
});

afterAll(async () => {
  await pool.close();
  await file.close();
  await rm(folder, { recursive: true });
});

const readFile: ReadAt = async (into, position) =>
  (await file.read(into, 0, into.length, position)).bytesRead;

/** The same hash by other means. */
function witness(algorithm: HashAlgorithm, bytes: Buffer): string {
  return algorithm === 'crc32'
    ? crc32(bytes).toString(16).padStart(8, '0')
    : createHash(algorithm).update(bytes).digest('hex');
}

async function hashesOf(range: Partial<Parameters<HashPool['hash']>[1]>): Promise<readonly string[]> {
  const whole = { algorithm: 'sha256', start: 0, length: 0, blockSize: 0, ...range } as const;
  return (await pool.hash(readFile, whole, never)).hashes.map((hash) => hash.toString('hex'));
}

test('a thousand hashes at once take turns, so that their memory is bounded', async () => {
  const memory = new Set<ArrayBufferLike>();
  const read: ReadAt = (into, position) => {
    memory.add(into.buffer);
    return Promise.resolve(position === 0 ? 1 : 0);
  };
  const range = { algorithm: 'md5', start: 0, length: 0, blockSize: 0 } as const;
  await Promise.all(Array.from({ length: 1000 }, () => pool.hash(read, range, never)));
  // Two blocks for each of sixty-four.
  expect(memory.size).toBeLessThanOrEqual(128);
});

describe('the algorithms of check-file [filexfer-extensions-00 3]', () => {
  it.each(algorithms)('%s of a file equals that of its content', async (algorithm) => {
    expect(await hashesOf({ algorithm })).toEqual([witness(algorithm, content)]);
    expect(hashLength(algorithm)).toBe(witness(algorithm, content).length / 2);
  });

  it('crc32 is the check value of the catalogue, most significant byte first', async () => {
    const read: ReadAt = (into, position) =>
      Promise.resolve(Buffer.from('123456789').copy(into, 0, position));
    const { hashes } = await pool.hash(
      read,
      { algorithm: 'crc32', start: 0, length: 0, blockSize: 0 },
      never,
    );
    expect(hashes.map((hash) => hash.toString('hex'))).toEqual(['cbf43926']);
  });
});

describe('ranges', () => {
  it.each([
    [0, 1],
    [1, 255],
    [0, hashBlock - 1],
    [0, hashBlock],
    [0, hashBlock + 1],
    [hashBlock - 1, 2],
    [7, 2 * hashBlock],
    [content.length - 1, 1],
  ])('from %i, %i bytes', async (start, length) => {
    expect(await hashesOf({ start, length })).toEqual([
      witness('sha256', content.subarray(start, start + length)),
    ]);
  });

  it('reads to the end when the length is 0, and no further than the end otherwise', async () => {
    expect(await hashesOf({ start: 100 })).toEqual([witness('sha256', content.subarray(100))]);
    const beyond = { algorithm: 'md5', start: 100, length: content.length, blockSize: 0 } as const;
    const { hashes, length } = await pool.hash(readFile, beyond, never);
    expect(length).toBe(content.length - 100);
    expect(hashes.map((hash) => hash.toString('hex'))).toEqual([witness('md5', content.subarray(100))]);
  });

  it('hashes nothing at and beyond the end', async () => {
    for (const start of [content.length, content.length + 5]) {
      expect(await hashesOf({ start })).toEqual([witness('sha256', Buffer.alloc(0))]);
      expect(await hashesOf({ start, blockSize: 256 })).toEqual([]);
    }
  });

  it('reads no byte outside the range', async () => {
    const asked: [number, number][] = [];
    const read: ReadAt = (into, position) => {
      asked.push([position, position + into.length]);
      return readFile(into, position);
    };
    const range = { algorithm: 'sha1', start: 10, length: hashBlock + 10, blockSize: 0 } as const;
    await pool.hash(read, range, never);
    expect(asked).toEqual([
      [10, 10 + hashBlock],
      [10 + hashBlock, 20 + hashBlock],
    ]);
  });
});

describe('blocks', () => {
  it.each([256, 1000, 65_536, hashBlock, hashBlock + 1, content.length, content.length + 1])(
    'of %i bytes each have their own hash, the last one of what is left',
    async (blockSize) => {
      const expected: string[] = [];
      // 256-byte blocks of the whole would not fit a packet.
      const length = Math.min(content.length, blockSize * 1000 - 1);
      for (let at = 0; at < length; at += blockSize) {
        expected.push(witness('sha256', content.subarray(at, Math.min(length, at + blockSize))));
      }
      expect(await hashesOf({ blockSize, length })).toEqual(expected);
    },
  );

  it('are refused as soon as their hashes would not fit a packet', async () => {
    let reads = 0;
    const endless: ReadAt = (into) => {
      reads++;
      return Promise.resolve(into.length);
    };
    const range = { algorithm: 'sha512', start: 0, length: 0, blockSize: 256 } as const;
    await expect(pool.hash(endless, range, never)).rejects.toMatchObject({ code: 'invalid' });
    // 4096 hashes of 64 bytes are 256 KiB, and stand for 1 MiB.
    expect(reads).toBe(5);
  });
});

describe('an end before the end (T7)', () => {
  const forever = { algorithm: 'sha256', start: 0, length: 0, blockSize: 0 } as const;

  it('comes within one block of the abort', async () => {
    const abort = new AbortController();
    let reads = 0;
    const endless: ReadAt = (into) => {
      if (++reads === 10) abort.abort();
      return Promise.resolve(into.length);
    };
    await expect(pool.hash(endless, forever, abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(reads).toBe(10);
  });

  it('comes before the first block when the signal had aborted', async () => {
    const read = () => Promise.reject(new Error('read'));
    await expect(pool.hash(read, forever, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('hands on what the reading failed with, and hashes on afterwards', async () => {
    const broken = new Error('disk');
    let reads = 0;
    const read: ReadAt = (into) => (++reads === 3 ? Promise.reject(broken) : Promise.resolve(into.length));
    await expect(pool.hash(read, forever, never)).rejects.toBe(broken);
    expect(await hashesOf({})).toEqual([witness('sha256', content)]);
  });

  it('comes when the pool closes, and nothing begins after it', async () => {
    const closing = new HashPool();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const endless: ReadAt = (into) => {
      begin();
      return new Promise((next) => setImmediate(() => next(into.length)));
    };
    const hashing = closing.hash(endless, forever, never);
    const refused = expect(hashing).rejects.toMatchObject({ code: 'cancelled' });
    await begun;
    await closing.close();
    await refused;
    await expect(closing.hash(readFile, forever, never)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('many at once', () => {
  it('share as few threads as are allowed, and each gets its own hashes', async () => {
    const small = new HashPool({ threads: 2 });
    expect(small.threads).toBe(0);
    const starts = Array.from({ length: 24 }, (_, index) => index * 30_001);
    const all = await Promise.all(
      starts.map((start, index) =>
        small.hash(
          readFile,
          { algorithm: algorithms[index % algorithms.length] ?? 'md5', start, length: 0, blockSize: 0 },
          never,
        ),
      ),
    );
    expect(all.map(({ hashes }) => hashes[0]?.toString('hex'))).toEqual(
      starts.map((start, index) =>
        witness(algorithms[index % algorithms.length] ?? 'md5', content.subarray(start)),
      ),
    );
    expect(small.threads).toBe(2);
    await small.close();
  });

  it('use the same memory again, however many there were', async () => {
    const small = new HashPool({ threads: 2 });
    const memory = new Set<ArrayBufferLike>();
    const read: ReadAt = (into, position) => {
      memory.add(into.buffer);
      return readFile(into, position);
    };
    const range = { algorithm: 'md5', start: 0, length: 0, blockSize: 0 } as const;
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 8 }, () => small.hash(read, range, never)));
    }
    expect(memory.size).toBe(16);
    await small.close();
  });

  it('one after another need one thread', async () => {
    const single = new HashPool({ threads: 2 });
    const range = { algorithm: 'md5', start: 0, length: 20_000, blockSize: 0 } as const;
    for (let time = 0; time < 3; time++) await single.hash(readFile, range, never);
    expect(single.threads).toBe(1);
    await single.close();
  });

  it('of a few bytes need none', async () => {
    const idle = new HashPool({ threads: 2 });
    for (const length of [1, 1000, 16_384]) {
      await idle.hash(readFile, { algorithm: 'md5', start: 0, length, blockSize: 0 }, never);
    }
    expect(idle.threads).toBe(0);
    await idle.hash(readFile, { algorithm: 'md5', start: 0, length: 16_385, blockSize: 0 }, never);
    expect(idle.threads).toBe(1);
    await idle.close();
  });

  it('leave the event loop free', async () => {
    const size = 1024 * hashBlock;
    let turns = 0;
    let ended = false;
    const count = () => {
      turns++;
      if (!ended) setImmediate(count);
    };
    setImmediate(count);
    const zeros: ReadAt = (into, position) => Promise.resolve(Math.min(into.length, size - position));
    const { length } = await pool.hash(zeros, { algorithm: 'md5', start: 0, length: 0, blockSize: 0 }, never);
    ended = true;
    expect(length).toBe(size);
    // Were the 1024 blocks hashed here, there would be one turn for each at most.
    expect(turns).toBeGreaterThan(3 * 1024);
  });
});

describe('a stream', () => {
  /** Gives pieces of one buffer, which it writes again for each. */
  const piecesOf = (whole: Buffer, length: number) => {
    const piece = Buffer.alloc(length);
    let at = 0;
    return (): Promise<Buffer | null> => {
      const copied = whole.copy(piece, 0, at, at + length);
      at += copied;
      return Promise.resolve(copied === 0 ? null : piece.subarray(0, copied));
    };
  };

  it.each([1000, 32_768, hashBlock])('in pieces of %i bytes has the hash of all', async (length) => {
    const hash = await pool.hashStream(piecesOf(content, length), 'sha1', never);
    expect(hash.toString('hex')).toBe(witness('sha1', content));
  });

  it('of nothing has the hash of nothing', async () => {
    const hash = await pool.hashStream(() => Promise.resolve(null), 'md5', never);
    expect(hash.toString('hex')).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });

  it('ends with what its source fails with, and at the next piece once nobody waits', async () => {
    const failing = () => Promise.reject(new Error('no more'));
    await expect(pool.hashStream(failing, 'md5', never)).rejects.toThrow('no more');
    const gone = new AbortController();
    let pieces = 0;
    const endless = () => {
      if (++pieces === 3) gone.abort();
      return Promise.resolve(content.subarray(0, 10));
    };
    await expect(pool.hashStream(endless, 'md5', gone.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(pieces).toBe(3);
  });
});
