import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openFlags } from '../../../src/wire/open-flags.js';
import { statusCodes } from '../../../src/wire/status.js';
import { until } from '../turns.js';
import { put, started } from './asking.js';

const failure = { kind: 'status', code: statusCodes.failure };
const content = Buffer.from('some content to hash'.repeat(500));
const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

describe('md5-hash [PROTOCOL 4.14]', () => {
  it('takes a quick check of any length for a wrong one', async () => {
    const pair = await started();
    await put(pair, '/f', content);
    for (const length of [1, 15, 17, 200_000]) {
      const asked = {
        kind: 'md5-hash',
        path: '/f',
        start: 0,
        length: 0,
        quickCheck: Buffer.alloc(length),
      } as const;
      expect(await pair.ask(asked)).toMatchObject({ hash: Buffer.alloc(0) });
    }
  });

  it('checks quickly what is in the range, and no more', async () => {
    const pair = await started();
    await put(pair, '/f', content);
    const handle = await pair.open('/f', openFlags.read);
    const ask = (start: number, length: number, checked: Buffer) =>
      pair.ask({ kind: 'md5-hash-handle', handle, start, length, quickCheck: md5(checked) });
    const range = content.subarray(100, 600);
    expect(await ask(100, 500, range)).toMatchObject({ hash: md5(range) });
    expect(await ask(100, 5000, content.subarray(100, 2148))).toMatchObject({
      hash: md5(content.subarray(100, 5100)),
    });
    expect(await ask(9000, 0, content.subarray(9000))).toMatchObject({ hash: md5(content.subarray(9000)) });
    expect(await ask(2 ** 50, 0, Buffer.alloc(0))).toMatchObject({ hash: md5(Buffer.alloc(0)) });
    expect(await ask(2 ** 50, 10, content)).toMatchObject({ hash: Buffer.alloc(0) });
  });
});

describe('check-file [PROTOCOL 4.13]', () => {
  it('gives as many hashes as fit one packet, and refuses one more before anything is read', async () => {
    const pair = await started();
    const handle = await pair.open('/f', openFlags.read | openFlags.write | openFlags.create);
    const most = Math.floor((262_144 - 256) / 4);
    const asked = {
      kind: 'check-file',
      handle,
      algorithms: 'crc32',
      start: 0,
      length: 0,
      blockSize: 256,
    } as const;
    await pair.ask({ kind: 'fsetstat', handle, attrs: { size: most * 256 } });
    const whole = await pair.ask(asked);
    expect(whole.kind === 'check-file' && whole.hashes.length).toBe(most * 4);
    await pair.ask({ kind: 'fsetstat', handle, attrs: { size: most * 256 + 1 } });
    expect(await pair.ask(asked)).toMatchObject(failure);
    expect(await pair.ask({ ...asked, length: 256 })).toMatchObject({
      hashes: Buffer.from('0d968558', 'hex'),
    });
    await until(() => pair.output.taken === 0);
  });

  it('of what is no file, or of a handle that was not opened for reading, is refused', async () => {
    const pair = await started();
    const range = { algorithms: 'md5', start: 0, length: 0, blockSize: 0 };
    expect(await pair.ask({ kind: 'check-file-name', path: '/', ...range })).toMatchObject(failure);
    const handle = await pair.open('/f', openFlags.write | openFlags.create);
    expect(await pair.ask({ kind: 'check-file', handle, ...range })).toMatchObject({
      kind: 'status',
      code: statusCodes.permissionDenied,
    });
  });
});
