import { describe, expect, it } from 'vitest';
import { openFlags } from '../../../src/wire/open-flags.js';
import { statusCodes } from '../../../src/wire/status.js';
import { contents, put, started, writing } from './asking.js';

const { read, write, create, append, truncate, exclusive } = openFlags;
const status = (code: number): object => ({ kind: 'status', code });
const ok = status(statusCodes.ok);

describe('READ and WRITE of nothing', () => {
  it('READ gives empty DATA, at the end of the file too, as from OpenSSH', async () => {
    const pair = await started();
    await put(pair, '/f', 'data');
    const handle = await pair.open('/f', read);
    for (const offset of [0, 4, 2 ** 50]) {
      const reply = await pair.ask({ kind: 'read', handle, offset, length: 0 });
      expect(reply).toMatchObject({ kind: 'data', length: 0 });
    }
    expect(await pair.ask({ kind: 'read', handle, offset: 2 ** 53 - 2, length: 1 })).toMatchObject(
      status(statusCodes.eof),
    );
  });

  it('WRITE changes nothing, and neither makes the file longer', async () => {
    const pair = await started();
    await put(pair, '/f', 'data');
    for (const flags of [write, append]) {
      const handle = await pair.open('/f', flags);
      expect(await pair.ask(writing(handle, 2 ** 40, ''))).toMatchObject(ok);
      expect(await pair.ask({ kind: 'fstat', handle })).toMatchObject({ attrs: { size: 4 } });
    }
    const reader = await pair.open('/f', read);
    expect(await pair.ask(writing(reader, 0, ''))).toMatchObject(status(statusCodes.permissionDenied));
  });
});

describe('OPEN [PROTOCOL 3.4]', () => {
  it('with APPEND and READ reads anywhere and writes at the end [T2]', async () => {
    const pair = await started();
    await put(pair, '/f', 'one,');
    const handle = await pair.open('/f', read | append);
    expect(await pair.ask(writing(handle, 1, 'two'))).toMatchObject(ok);
    expect(await pair.ask({ kind: 'read', handle, offset: 2, length: 9 })).toMatchObject({
      data: [Buffer.from('e,two')],
    });
  });

  it('with APPEND alone cannot read, with nothing at all can', async () => {
    const pair = await started();
    await put(pair, '/f', 'data');
    const asked = { kind: 'read', offset: 0, length: 4 } as const;
    const appender = await pair.open('/f', append);
    expect(await pair.ask({ ...asked, handle: appender })).toMatchObject(
      status(statusCodes.permissionDenied),
    );
    const plain = await pair.open('/f', 0);
    expect(await pair.ask({ ...asked, handle: plain })).toMatchObject({ kind: 'data' });
  });

  it('with EXCL and no CREAT is refused, and makes nothing', async () => {
    const pair = await started();
    const flags = write | exclusive | truncate;
    expect(await pair.ask({ kind: 'open', path: '/f', flags, attrs: {} })).toMatchObject(
      status(statusCodes.failure),
    );
    await expect(pair.vfs.stat('/f', { follow: false })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that is refused at the limit of handles has not truncated anything', async () => {
    const pair = await started({ maxHandles: 1 });
    await put(pair, '/f', 'precious');
    await pair.open('/f', read);
    const flags = write | create | truncate;
    expect(await pair.ask({ kind: 'open', path: '/f', flags, attrs: {} })).toMatchObject(
      status(statusCodes.failure),
    );
    expect(await contents(pair.vfs, '/f')).toBe('precious');
  });
});

describe('SETSTAT by the path of an open file', () => {
  it('is done between the WRITEs that it was sent between', async () => {
    const pair = await started();
    const handle = await pair.open('/f', read | write | create);
    const ids = [
      pair.send(writing(handle, 0, 'aaaaaaaa')),
      pair.send({ kind: 'setstat', path: '/f', attrs: { size: 2, permissions: 0o600 } }),
      pair.send(writing(handle, 4, 'bb')),
      pair.send({ kind: 'setstat', path: '/f', attrs: { atime: 1, mtime: 2 } }),
      pair.send({ kind: 'read', handle, offset: 0, length: 20 }),
      pair.send({ kind: 'fstat', handle }),
    ];
    const replies = await Promise.all(ids.map((id) => pair.reply(id)));
    expect(replies[4]).toMatchObject({ data: [Buffer.from('aa\0\0bb')] });
    expect(replies[5]).toMatchObject({ attrs: { size: 6, mtime: 2, permissions: 0o100600 } });
  });
});
