import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileSink } from '../../src/client/download-sink.js';
import { LocalFile } from '../../src/client/local-files.js';
import { fromText } from '../../src/names.js';
import { faultOf, md5 } from './transfer-rig.js';

const work = mkdtempSync(join(tmpdir(), 'plimsoll-sink-'));
afterAll(() => rmSync(work, { recursive: true }));

describe('FileSink', () => {
  it('writes chunks of any size one behind the other, from where it begins', async () => {
    const data = randomBytes(2_000_000);
    const path = join(work, 'f');
    writeFileSync(path, data.subarray(0, 1000));
    const file = await LocalFile.toExtend(fromText(path));
    const sink = new FileSink(file, 1000);
    for (let at = 1000, length = 1; at < data.length; at += length, length = Math.min(300_000, length * 3)) {
      await sink.write(data.subarray(at, at + length));
    }
    await sink.flush();
    expect(md5(readFileSync(path))).toBe(md5(data));
    await sink.restart();
    await sink.write(Buffer.from('anew'));
    await sink.flush();
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('anew');
  });

  it('says that the disk is full, to the write or to the flush, and writes no more', async () => {
    const file = await LocalFile.toExtend('/dev/full');
    const sink = new FileSink(file, 0);
    await sink.write(Buffer.alloc(300_000));
    expect(await faultOf(sink.flush())).toMatchObject({
      code: 'no-space',
      message: expect.stringContaining('local disk') as string,
    });
    expect((await faultOf(sink.write(Buffer.alloc(1)))).code).toBe('no-space');
    await file.close();
  });
});
