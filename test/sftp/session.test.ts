import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Vfs } from '../../src/vfs/vfs.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import { sessionPair, type SessionPair } from './session-pair.js';

const { read, write, create, exclusive, append, truncate } = openFlags;
const status = (code: number): object => ({ kind: 'status', code });
const ok = status(statusCodes.ok);

async function started(options: Parameters<typeof sessionPair>[0] = {}): Promise<SessionPair> {
  const pair = sessionPair(options);
  await pair.init();
  return pair;
}

async function put(pair: SessionPair, path: string, content: string | Buffer): Promise<void> {
  const data = Buffer.from(content);
  const handle = await pair.open(path, write | create | truncate);
  await pair.ask({ kind: 'write', handle, offset: 0, data: [data], length: data.length } as never);
  await pair.ask({ kind: 'close', handle });
}

async function contents(vfs: Vfs, path: string): Promise<string> {
  const file = await vfs.open(path, { read: true });
  const into = Buffer.alloc((await file.stat()).size);
  await file.read(into, 0);
  await file.close();
  return into.toString();
}

describe('a session begins', () => {
  it.each([
    [3, 3],
    [6, 3],
    [0xffffffff, 3],
    [2, 2],
  ])('INIT %i is answered with version %i [filexfer-02 4]', async (asked, answered) => {
    expect(await sessionPair().init(asked)).toMatchObject({ kind: 'version', version: answered });
  });

  it('VERSION names every extension that is served', async () => {
    const version = await sessionPair().init();
    const names = version.kind === 'version' ? version.extensions.map(([name]) => name) : [];
    expect(names).toEqual(
      expect.arrayContaining([
        'limits@openssh.com',
        'posix-rename@openssh.com',
        'copy-data',
        'vendor-id',
        'account-status@plimsoll',
      ]),
    );
  });

  it('anything before INIT, or INIT twice, ends it with a sentence', async () => {
    const early = sessionPair();
    early.send({ kind: 'stat', path: '/' });
    await early.ended;
    expect(early.stderr.join('')).toContain('begins with INIT');

    const twice = await started();
    void twice.init();
    await twice.ended;
    expect(twice.stderr.join('')).toContain('once');
  });
});

describe('a malformed packet', () => {
  it('gets BAD_MESSAGE with its own id, and the session goes on', async () => {
    const pair = await started();
    const broken = Buffer.from([0, 0, 0, 9, 17, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]);
    pair.client.write(broken);
    expect(await pair.reply(256)).toMatchObject(status(statusCodes.badMessage));
    expect(await pair.ask({ kind: 'stat', path: '/' })).toMatchObject({ kind: 'attrs' });
  });

  it.each([
    ['length 0', [0, 0, 0, 0]],
    ['length 2^31', [0x80, 0, 0, 0, 1]],
    ['length 2^32-1', [0xff, 0xff, 0xff, 0xff, 1]],
    ['no room for an id', [0, 0, 0, 3, 17, 0, 0]],
  ])('%s ends the session, with a sentence', async (_name, bytes) => {
    const pair = await started();
    pair.client.write(Buffer.from(bytes));
    await pair.ended;
    expect(pair.stderr.join('')).not.toBe('');
  });

  it('of an unknown type or extension is answered OP_UNSUPPORTED', async () => {
    const pair = await started();
    pair.client.write(Buffer.from([0, 0, 0, 5, 99, 0, 0, 1, 0]));
    expect(await pair.reply(256)).toMatchObject(status(statusCodes.opUnsupported));
    pair.client.write(
      Buffer.concat([Buffer.from([0, 0, 0, 13, 200, 0, 0, 1, 1, 0, 0, 0, 4]), Buffer.from('nope')]),
    );
    expect(await pair.reply(257)).toMatchObject(status(statusCodes.opUnsupported));
  });
});

describe('files', () => {
  it('are written and read at any offset', async () => {
    const pair = await started();
    const handle = await pair.open('/f', read | write | create);
    const at = (offset: number, text: string) =>
      pair.ask({ kind: 'write', handle, offset, data: [Buffer.from(text)], length: text.length } as never);
    expect(await at(5, 'world')).toMatchObject(ok);
    expect(await at(0, 'hello')).toMatchObject(ok);
    expect(await pair.ask({ kind: 'read', handle, offset: 3, length: 4 })).toMatchObject({
      kind: 'data',
      data: [Buffer.from('lowo')],
    });
    expect(await pair.ask({ kind: 'read', handle, offset: 10, length: 4 })).toMatchObject(
      status(statusCodes.eof),
    );
    expect(await pair.ask({ kind: 'fstat', handle })).toMatchObject({
      kind: 'attrs',
      attrs: { size: 10 },
    });
    expect(await pair.ask({ kind: 'close', handle })).toMatchObject(ok);
    expect(await pair.ask({ kind: 'close', handle })).toMatchObject(status(statusCodes.failure));
  });

  it('that are appended to take the end, whatever the offset says [T2]', async () => {
    const pair = await started();
    await put(pair, '/log', 'one,');
    const handle = await pair.open('/log', write | append);
    const ids = ['two,', 'three'].map((text) =>
      pair.send({
        kind: 'write',
        handle,
        offset: 0,
        data: [Buffer.from(text)],
        length: text.length,
      } as never),
    );
    for (const id of ids) expect(await pair.reply(id)).toMatchObject(ok);
    expect(await contents(pair.vfs, '/log')).toBe('one,two,three');
  });

  it('a READ of more than the limit gives the limit', async () => {
    const pair = await started();
    const handle = await pair.open('/big', read | write | create);
    await pair.ask({ kind: 'fsetstat', handle, attrs: { size: 300_000 } });
    const reply = await pair.ask({ kind: 'read', handle, offset: 0, length: 0xffffffff });
    expect(reply.kind === 'data' && Buffer.concat(reply.data).length).toBe(261_120);
  });

  it('WRITE, CLOSE and SETSTAT sent without waiting end as if one by one', async () => {
    const pair = await started();
    const handle = await pair.open('/f', write | create);
    const ids = [
      pair.send({ kind: 'write', handle, offset: 0, data: [Buffer.from('data')], length: 4 } as never),
      pair.send({ kind: 'close', handle }),
      pair.send({ kind: 'setstat', path: '/f', attrs: { atime: 1000, mtime: 2000 } }),
      pair.send({ kind: 'stat', path: '/f' }),
    ];
    const replies = await Promise.all(ids.map((id) => pair.reply(id)));
    expect(replies.at(-1)).toMatchObject({ kind: 'attrs', attrs: { size: 4, mtime: 2000 } });
    expect(pair.order).toEqual([1, ...ids]);
  });

  it('EXCL refuses what exists', async () => {
    const pair = await started();
    await put(pair, '/f', 'x');
    const flags = write | create | exclusive;
    expect(await pair.ask({ kind: 'open', path: '/f', flags, attrs: {} })).toMatchObject(
      status(statusCodes.failure),
    );
  });

  it('are limited in number, and a closed one makes room', async () => {
    const pair = await started({ maxHandles: 2 });
    await put(pair, '/f', 'x');
    const first = await pair.open('/f', read);
    await pair.open('/f', read);
    const third = await pair.ask({ kind: 'open', path: '/f', flags: read, attrs: {} });
    expect(third).toMatchObject({
      ...status(statusCodes.failure),
      message: expect.stringContaining('2') as string,
    });
    await pair.ask({ kind: 'close', handle: first });
    await pair.open('/f', read);
  });

  it('handles that were never given are refused', async () => {
    const pair = await started();
    for (const handle of ['', '\0', '\0\0\0\x01', 'x'.repeat(256)]) {
      expect(await pair.ask({ kind: 'read', handle, offset: 0, length: 1 })).toMatchObject(
        status(statusCodes.failure),
      );
    }
  });
});

describe('folders', () => {
  it('are listed with . and .., long names and the account as owner', async () => {
    const pair = await started();
    await put(pair, '/file', 'abc');
    const opened = await pair.ask({ kind: 'opendir', path: '/' });
    const handle = opened.kind === 'handle' ? opened.handle : '';
    const listed = await pair.ask({ kind: 'readdir', handle });
    const entries = listed.kind === 'name' ? listed.entries : [];
    expect(entries.map(({ name }) => name)).toEqual(['.', '..', 'file']);
    expect(entries[2]?.longname).toMatch(/^-rw.* 1 alice +alice +3 .* file$/);
    expect(await pair.ask({ kind: 'readdir', handle })).toMatchObject(status(statusCodes.eof));
  });

  it('come in replies that no client finds too large, each name once', async () => {
    const pair = await started();
    const names = Array.from({ length: 700 }, (_, index) => `${index}`.padStart(200, 'n'));
    for (const name of names) await pair.vfs.mkdir(`/${name}`, 0o755);
    const opened = await pair.ask({ kind: 'opendir', path: '/' });
    const handle = opened.kind === 'handle' ? opened.handle : '';
    const seen: string[] = [];
    let bytes = 0;
    pair.client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    for (;;) {
      bytes = 0;
      const reply = await pair.ask({ kind: 'readdir', handle });
      if (reply.kind !== 'name') break;
      expect(bytes).toBeLessThanOrEqual(32_768);
      seen.push(...reply.entries.map(({ name }) => name));
    }
    expect(seen.slice(2).sort()).toEqual(names.sort());
  });

  it('READDIRs sent together give different entries', async () => {
    const pair = await started();
    for (let index = 0; index < 300; index++) await pair.vfs.mkdir(`/${index}`, 0o755);
    const opened = await pair.ask({ kind: 'opendir', path: '/' });
    const handle = opened.kind === 'handle' ? opened.handle : '';
    const ids = Array.from({ length: 6 }, () => pair.send({ kind: 'readdir', handle }));
    const replies = await Promise.all(ids.map((id) => pair.reply(id)));
    const names = replies.flatMap((reply) =>
      reply.kind === 'name' ? reply.entries.map(({ name }) => name) : [],
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBe(302);
  });
});

describe('SYMLINK', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.2p1', '/target', '/link'],
    ['SSH-2.0-paramiko_3.4', '/target', '/link'],
    ['SSH-2.0-JSCH-0.1.54', '/target', '/link'],
    ['SSH-2.0-Go', '/target', '/link'],
    ['SSH-2.0-rclone/v1.60', '/target', '/link'],
    ['SSH-2.0-lftp', '/target', '/link'],
    ['SSH-2.0-libssh2_1.10.0', '/target', '/link'],
    ['SSH-2.0-WinSCP_release_6.3', '/link', '/target'],
    ['SSH-2.0-libssh_0.10.6', '/link', '/target'],
    ['SSH-2.0-libssh-0.5.2', '/link', '/target'],
    ['SSH-2.0-ssh2js1.17.0', '/link', '/target'],
    ['SSH-2.0-AsyncSSH_2.14', '/link', '/target'],
  ])('%s sends (%s, %s) [PROTOCOL 3.2]', async (clientIdent, first, second) => {
    const pair = await started({ clientIdent });
    expect(await pair.ask({ kind: 'symlink', first, second })).toMatchObject(ok);
    expect(await pair.vfs.readlink('/link')).toBe('/target');
  });
});

describe('RENAME', () => {
  it('never replaces; posix-rename does', async () => {
    const pair = await started();
    await put(pair, '/a', 'a');
    await put(pair, '/b', 'b');
    expect(await pair.ask({ kind: 'rename', from: '/a', to: '/b' })).toMatchObject(
      status(statusCodes.failure),
    );
    expect(await contents(pair.vfs, '/b')).toBe('b');
    expect(await pair.ask({ kind: 'posix-rename@openssh.com', from: '/a', to: '/b' })).toMatchObject(ok);
    expect(await contents(pair.vfs, '/b')).toBe('a');
  });
});

describe('space', () => {
  it('is counted in blocks of 512 for statvfs, since WinSCP multiplies by bsize [PROTOCOL 4.3]', async () => {
    const pair = await started();
    const [plain, exact] = [
      await pair.ask({ kind: 'statvfs@openssh.com', path: '/' }),
      await pair.ask({ kind: 'space-available', path: '/' }),
    ];
    if (plain.kind !== 'statvfs@openssh.com' || exact.kind !== 'space-available')
      throw new Error('no figures');
    expect([plain.bsize, plain.frsize]).toEqual([512, 512]);
    expect(plain.bavail).toBe(Math.floor(exact.unusedBytesAvailableToUser / 512));
  });
});

describe('hashes', () => {
  const content = Buffer.from('some content to hash'.repeat(100));
  const sha256 = createHash('sha256').update(content).digest();

  it('answers check-file-name, check-file-handle and check-file', async () => {
    const pair = await started();
    await put(pair, '/f', content);
    const range = { algorithms: 'nope,sha256,md5', start: 0, length: 0, blockSize: 0 };
    const handle = await pair.open('/f', read);
    const answer = { algorithm: 'sha256', hashes: sha256 };
    expect(await pair.ask({ kind: 'check-file-name', path: '/f', ...range })).toMatchObject(answer);
    expect(await pair.ask({ kind: 'check-file-handle', handle, ...range })).toMatchObject(answer);
    expect(await pair.ask({ kind: 'check-file', handle, ...range })).toMatchObject(answer);
  });

  it('hashes blocks, and refuses what would not fit one packet', async () => {
    const pair = await started();
    await put(pair, '/f', content);
    const handle = await pair.open('/f', read | write);
    const blocks = await pair.ask({
      kind: 'check-file',
      handle,
      algorithms: 'md5',
      start: 0,
      length: 0,
      blockSize: 1024,
    });
    const expected = [content.subarray(0, 1024), content.subarray(1024)].map((block) =>
      createHash('md5').update(block).digest(),
    );
    expect(blocks).toMatchObject({ hashes: Buffer.concat(expected) });

    await pair.ask({ kind: 'fsetstat', handle, attrs: { size: 256 * 20_000 } });
    const tooMany = {
      kind: 'check-file',
      handle,
      algorithms: 'sha256',
      start: 0,
      length: 0,
      blockSize: 256,
    } as const;
    expect(await pair.ask(tooMany)).toMatchObject({
      kind: 'status',
      message: expect.stringContaining('at least') as string,
    });
    expect(await pair.ask({ ...tooMany, blockSize: 255 })).toMatchObject(status(statusCodes.failure));
  });

  it('md5-hash answers an empty hash when the quick check differs', async () => {
    const pair = await started();
    await put(pair, '/f', content);
    const md5 = createHash('md5').update(content).digest();
    const quick = createHash('md5').update(content.subarray(0, 2048)).digest();
    const ask = (quickCheck: Buffer) =>
      pair.ask({ kind: 'md5-hash', path: '/f', start: 0, length: 0, quickCheck });
    expect(await ask(Buffer.alloc(0))).toMatchObject({ hash: md5 });
    expect(await ask(quick)).toMatchObject({ hash: md5 });
    expect(await ask(Buffer.alloc(16))).toMatchObject({ hash: Buffer.alloc(0) });
  });
});

describe('copies', () => {
  it('copy-data copies a range, or up to the end', async () => {
    const pair = await started();
    await put(pair, '/from', '0123456789');
    const from = await pair.open('/from', read);
    const to = await pair.open('/to', write | create);
    const copy = (fromOffset: number, length: number, toOffset: number) =>
      pair.ask({ kind: 'copy-data', from, fromOffset, length, to, toOffset });
    expect(await copy(2, 3, 0)).toMatchObject(ok);
    expect(await copy(8, 0, 3)).toMatchObject(ok);
    expect(await contents(pair.vfs, '/to')).toBe('23489');
  });

  it('a file onto itself is refused, and keeps its bytes', async () => {
    const pair = await started();
    await put(pair, '/f', 'precious');
    const [from, to] = [await pair.open('/f', read), await pair.open('/f', write)];
    expect(
      await pair.ask({ kind: 'copy-data', from, fromOffset: 0, length: 0, to, toOffset: 8 }),
    ).toMatchObject(status(statusCodes.failure));
    expect(await pair.ask({ kind: 'copy-file', from: '/f', to: '/f', overwrite: true })).toMatchObject(
      status(statusCodes.failure),
    );
    expect(await contents(pair.vfs, '/f')).toBe('precious');
  });

  it('copy-file keeps an existing target unless told to overwrite it', async () => {
    const pair = await started();
    await put(pair, '/from', 'new');
    await put(pair, '/to', 'old and longer');
    expect(await pair.ask({ kind: 'copy-file', from: '/from', to: '/to', overwrite: false })).toMatchObject(
      status(statusCodes.failure),
    );
    expect(await contents(pair.vfs, '/to')).toBe('old and longer');
    expect(await pair.ask({ kind: 'copy-file', from: '/from', to: '/to', overwrite: true })).toMatchObject(
      ok,
    );
    expect(await contents(pair.vfs, '/to')).toBe('new');
  });
});

describe('people', () => {
  it('home-directory and expand-path know oneself and nobody else', async () => {
    const pair = await started();
    await pair.vfs.mkdir('/x', 0o755);
    const named = (name: string): object => ({ kind: 'name', entries: [{ name }] });
    expect(await pair.ask({ kind: 'home-directory', user: '' })).toMatchObject(named('/'));
    expect(await pair.ask({ kind: 'home-directory', user: 'bob' })).toMatchObject(
      status(statusCodes.noSuchFile),
    );
    expect(await pair.ask({ kind: 'expand-path@openssh.com', path: '~' })).toMatchObject(named('/'));
    expect(await pair.ask({ kind: 'expand-path@openssh.com', path: '~alice/x' })).toMatchObject(named('/x'));
    expect(await pair.ask({ kind: 'expand-path@openssh.com', path: '~root/x' })).toMatchObject(
      status(statusCodes.noSuchFile),
    );
  });

  it('users-groups-by-id names the one owner', async () => {
    const pair = await started();
    expect(
      await pair.ask({ kind: 'users-groups-by-id@openssh.com', uids: [0, 1001], gids: [1001] }),
    ).toMatchObject({
      usernames: ['', 'alice'],
      groupnames: ['alice'],
    });
  });
});

describe('sentences on stderr', () => {
  it('come once for each kind of fault and handle', async () => {
    const pair = await started();
    await put(pair, '/f', 'x');
    const flags = write | create | exclusive;
    for (let round = 0; round < 3; round++) await pair.ask({ kind: 'open', path: '/f', flags, attrs: {} });
    expect(pair.stderr).toHaveLength(1);
    expect(pair.stderr[0]).toContain('exists');
    await pair.ask({ kind: 'mkdir', path: '/f', attrs: {} });
    await pair.ask({ kind: 'stat', path: '/missing' });
    expect(pair.stderr).toHaveLength(1);
  });

  it('end before they flood anybody', async () => {
    const pair = await started();
    for (let index = 0; index < 500; index++) {
      await pair.vfs.mkdir(`/${index}`, 0o755);
      await pair.ask({ kind: 'mkdir', path: `/${index}`, attrs: {} });
    }
    expect(pair.stderr.length).toBeLessThanOrEqual(200);
  });
});
