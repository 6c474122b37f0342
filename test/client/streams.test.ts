import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getStream } from '../../src/client/get-stream.js';
import type { Link } from '../../src/client/link.js';
import { putStream } from '../../src/client/put-stream.js';
import { StoppedTransfer } from '../../src/client/stopped-transfer.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { faultOf, linkTo, md5, rig, withHash, keyedAccounts } from './transfer-rig.js';

const data = randomBytes(3_000_000);

let work: string;
let server: TestServer;
let link: Link;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-streams-'));
  server = await startTestServer({ accounts: keyedAccounts, files: { '/data': data } });
  link = linkTo(server, { retries: 3 });
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  await link.end();
  await server.close();
  rmSync(work, { recursive: true });
});

function inPieces(bytes: Buffer, piece: number): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    })(),
  );
}

/** Takes bytes slowly, and remembers the most it was given before it had asked for more. */
class Slow extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    setImmediate(done);
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

describe('putStream', () => {
  it('writes beside the name, verifies and renames', async () => {
    const { told, options } = rig();
    const result = await putStream(link, inPieces(data, 10_000), 'piped', options);
    expect(result).toMatchObject({
      outcome: 'transferred',
      size: data.length,
      verified: { here: md5(data) },
    });
    expect(md5(await server.read('/piped'))).toBe(md5(data));
    expect(await server.list('/')).not.toContain('piped.filepart');
    expect(told.begins).toEqual([{ from: 0, total: null }]);
    expect(told.moved).toBe(data.length);
  });

  it('takes a stream of nothing', async () => {
    expect(await putStream(link, Readable.from([]), 'nothing', rig().options)).toMatchObject({ size: 0 });
    expect(await server.read('/nothing')).toHaveLength(0);
  });

  it('leaves nothing of a stream that breaks, and what was there before', async () => {
    await server.write('/broken', 'before');
    const breaking = Readable.from(
      (function* () {
        yield data.subarray(0, 1_000_000);
        throw new Error('the disk of the producer is gone');
      })(),
    );
    const fault = await faultOf(putStream(link, breaking, 'broken', rig({ collision: 'overwrite' }).options));
    expect(fault.message).toContain('the source of the bytes broke: the disk of the producer is gone');
    expect(fault instanceof StoppedTransfer && fault.resumable).toBe(false);
    expect((await server.read('/broken')).toString()).toBe('before');
    expect(await server.list('/')).not.toContain('broken.filepart');
  });

  it('hears of a stream that breaks before its first byte was asked for', async () => {
    const breaking = new PassThrough();
    const { options } = rig();
    const decisions = {
      ...options.decisions,
      collision: async () => {
        const closed = new Promise((resolve) => breaking.once('close', resolve));
        breaking.destroy(new Error('nobody listened'));
        await closed;
        return 'overwrite' as const;
      },
    };
    await server.write('/early', 'before');
    const fault = await faultOf(putStream(link, breaking, 'early', { ...options, decisions }));
    expect(fault.message).toContain('the source of the bytes broke: nobody listened');
    expect((await server.read('/early')).toString()).toBe('before');
    expect(await server.list('/')).not.toContain('early.filepart');
  });

  it('leaves nothing when it is cancelled while it waits for the producer', async () => {
    const stop = new AbortController();
    const hanging = new PassThrough();
    hanging.write(data.subarray(0, 100_000));
    const { options } = rig({ signal: stop.signal, onMoved: () => stop.abort() });
    expect((await faultOf(putStream(link, hanging, 'hanging', options))).code).toBe('cancelled');
    expect(await server.list('/')).not.toContain('hanging.filepart');
  });

  it('goes on after a broken connection without having kept more than was under way', async () => {
    for (const after of [100_000, 1_200_000, 2_900_000]) {
      server.faults.cutAfter(after, { direction: 'up' });
      const result = await putStream(link, inPieces(data, 50_000), `cut${after}`, rig().options);
      expect(result).toMatchObject({ size: data.length, verified: { there: md5(data) } });
    }
  });

  it('does not replace what is there, and cannot resume it', async () => {
    await server.write('/taken', 'before');
    for (const collision of ['fail', 'resume'] as const) {
      const fault = await faultOf(putStream(link, inPieces(data, 9), 'taken', rig({ collision }).options));
      expect(fault.code).toBe('exists');
    }
    expect(
      await putStream(link, inPieces(data, 9_999), 'taken', rig({ collision: 'rename' }).options),
    ).toMatchObject({
      remote: 'taken.new',
    });
    expect((await server.read('/taken')).toString()).toBe('before');
  });
});

describe('getStream', () => {
  it('writes as fast as the stream takes it, and verifies what flowed', async () => {
    const slow = new Slow({ highWaterMark: 1 });
    const result = await getStream(link, 'data', slow, rig().options);
    expect(result).toMatchObject({ size: data.length, verified: { here: md5(data), there: md5(data) } });
    expect(md5(slow.bytes)).toBe(md5(data));
    expect(slow.writableEnded).toBe(false);
  });

  it('goes on after a broken connection, each byte once', async () => {
    for (const after of [100_000, 1_200_000, 2_900_000]) {
      server.faults.cutAfter(after, { direction: 'down' });
      const slow = new Slow();
      await getStream(link, 'data', slow, rig().options);
      expect(md5(slow.bytes)).toBe(md5(data));
    }
  });

  it('fails at the end where what flowed is not what the server has', async () => {
    const liar = withHash(link, (_path, algorithm) =>
      Promise.resolve({ algorithm, hash: Buffer.alloc(16), by: 'check-file' }),
    );
    const fault = await faultOf(getStream(liar, 'data', new Slow(), rig().options));
    expect(fault.code).toBe('verification-failed');
    expect(fault.message).toContain('not to be trusted');
  });

  it('ends when its reader goes away', async () => {
    let taken = 0;
    const head = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        taken += chunk.length;
        done(taken > 100_000 ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null);
      },
    });
    const fault = await faultOf(getStream(link, 'data', head, rig().options));
    expect(fault).toMatchObject({ code: 'cancelled' });
    expect(fault.message).toContain('whoever read the output went away');
    expect(taken).toBeLessThan(data.length);
  });
});
