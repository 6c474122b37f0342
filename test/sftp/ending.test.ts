import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HashPool } from '../../src/hash/hash-pool.js';
import { duplexChannel } from '../../src/channel/duplex-channel.js';
import { Gate } from '../../src/channel/gate.js';
import { SftpSession } from '../../src/sftp/session.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { decodeReply, encodeRequest } from '../../src/wire/codec.js';
import { Frames } from '../../src/wire/frame.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import { nthHandle, recorded } from './recorded-channel.js';
import { sessionOptions } from './session-options.js';
import { sessionPair, type Asked } from './session-pair.js';
import { turns, until } from './turns.js';
import { Barrier, watchedVfs } from './watched-vfs.js';

const { read, write, create } = openFlags;
const opening = (path: string): Asked => ({ kind: 'open', path, flags: read | write | create, attrs: {} });
const writing = (handle: string, data: Buffer): Asked => ({
  kind: 'write',
  handle,
  offset: 0,
  data: [data],
  length: data.length,
});

describe('a session that the peer ends', () => {
  it('answers everything that was asked first [T5]', async () => {
    const pair = sessionPair();
    await pair.init();
    const id = pair.send({ kind: 'mkdir', path: '/made', attrs: {} });
    pair.client.end();
    expect(await pair.reply(id)).toMatchObject({ kind: 'status', code: statusCodes.ok });
    await pair.ended;
    expect((await pair.vfs.stat('/made', { follow: true })).kind).toBe('folder');
  });

  it('does so over a socket, which by itself ends both ways at once [T5]', async () => {
    const { vfs } = watchedVfs({ before: () => turns(3) });
    const server = createServer((socket) => {
      new SftpSession(duplexChannel(socket), sessionOptions({ vfs }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    const frames = new Frames();
    client.on('data', (chunk: Buffer) => frames.push(chunk));
    client.write(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    client.end(encodeRequest({ kind: 'stat', id: 1, path: '/' }));
    await once(client, 'close');
    server.close();
    const replies = [frames.next(), frames.next()].map((frame) => frame && decodeReply(frame).kind);
    expect(replies).toEqual(['version', 'attrs']);
  });

  it('closes what it left open, as cut off', async () => {
    const { vfs, open, endings } = watchedVfs();
    const session = recorded({ vfs });
    session.start(opening('/f'));
    await until(() => session.ids.length === 1);
    session.sink.end();
    await until(() => session.exitStatus() !== null);
    expect([session.exitStatus(), open.size, endings]).toEqual([0, 0, [{ complete: false }]]);
  });
});

describe('a session that is cut off', () => {
  it.each([
    ['a file', opening('/f'), 'open'],
    ['a folder', { kind: 'opendir', path: '/' } as const, 'list'],
  ])('closes %s that was being opened at that moment', async (_what, request, call) => {
    const barrier = new Barrier();
    const { vfs, open } = watchedVfs({ before: barrier.at(call) });
    const pair = sessionPair({ vfs });
    await pair.init();
    pair.send(request);
    await until(() => barrier.waiting === 1);
    pair.cut();
    await turns(5);
    barrier.lift();
    await pair.ended;
    expect(open.size).toBe(0);
    expect([pair.output.taken, pair.input.taken, pair.failures]).toEqual([0, 0, []]);
  });

  it.each(['open', 'write', 'read', 'close', 'stat', 'list', 'next', 'space'])(
    'at any moment of a conversation gives everything back, while it waits for %s',
    async (call) => {
      for (let moment = 0; moment < 12; moment++) {
        const barrier = new Barrier();
        const { vfs, open } = watchedVfs({ before: barrier.at(call) });
        const session = recorded({ vfs });
        const [file, folder] = [nthHandle(1), nthHandle(2)];
        session.start(opening('/f'), { kind: 'opendir', path: '/' });
        session.deliver(
          ...Array.from({ length: 300 }, () => writing(file, Buffer.alloc(1000))),
          ...Array.from({ length: 20 }, (): Asked => ({ kind: 'readdir', handle: folder })),
          ...Array.from({ length: 20 }, (): Asked => ({
            kind: 'read',
            handle: file,
            offset: 0,
            length: 50_000,
          })),
          { kind: 'fstatvfs@openssh.com', handle: file },
          { kind: 'stat', path: '/f' },
          { kind: 'close', handle: file },
          opening('/g'),
        );
        session.sink.data(Buffer.from([0, 0, 1, 0, 6, 1, 2]));
        await turns(moment);
        session.sink.closed();
        expect([session.output.taken, session.input.taken]).toEqual([0, 0]);
        barrier.lift();
        await session.ended;
        session.sink.sent(10);
        expect([open.size, session.output.taken, session.input.taken]).toEqual([0, 0, 0]);
        expect(session.failures).toEqual([]);
      }
    },
  );

  it('is not told as ended before the last file is closed', async () => {
    const barrier = new Barrier();
    const { vfs, open } = watchedVfs({ before: barrier.at('close') });
    const session = recorded({ vfs });
    session.start(opening('/f'));
    await until(() => session.ids.length === 1);
    session.sink.end();
    await until(() => barrier.waiting === 1);
    session.sink.closed();
    await turns(10);
    expect(session.hasEnded()).toBe(false);
    barrier.lift();
    await session.ended;
    expect(open.size).toBe(0);
  });

  it('does what it was asked to do, and reads nothing for nobody', async () => {
    const barrier = new Barrier();
    const { vfs, calls } = watchedVfs({ before: barrier.at('write') });
    const session = recorded({ vfs });
    const handle = nthHandle(1);
    session.start(opening('/f'));
    await until(() => session.ids.length === 1);
    session.deliver(
      writing(handle, Buffer.alloc(10)),
      { kind: 'read', handle, offset: 0, length: 10 },
      { kind: 'check-file-name', path: '/f', algorithms: 'md5', start: 0, length: 0, blockSize: 0 },
      { kind: 'mkdir', path: '/made', attrs: {} },
      { kind: 'close', handle },
    );
    await until(() => barrier.waiting === 1);
    session.sink.closed();
    barrier.lift();
    await session.ended;
    expect(calls).toEqual(['open', 'write', 'mkdir', 'close']);
  });

  it('stops hashing, and what waits to hash never begins [T7]', async () => {
    const { vfs, open, calls } = watchedVfs();
    const huge = await vfs.open('/huge', { write: true, create: true });
    await huge.set({ size: 2 ** 45 });
    await huge.close();
    const hashes = new HashPool();
    const gate = new Gate(2);
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const session = recorded({ vfs, hashes, gate });
    const range = { algorithms: 'md5', start: 0, length: 0, blockSize: 0 };
    session.start(
      ...Array.from({ length: 40 }, () => ({ kind: 'check-file-name', path: '/huge', ...range }) as const),
    );
    await until(() => calls.filter((call) => call === 'read').length > 4);
    // Who waits for his turn holds no descriptor.
    expect(open.size).toBe(2);
    session.sink.closed();
    await session.ended;
    expect(open.size).toBe(0);
    await turns(2);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    await hashes.close();
  });
});

describe('a session that is broken off', () => {
  it('gives back what it will never read, though the peer does not close', async () => {
    const session = recorded();
    session.start({ kind: 'stat', path: '/' });
    session.sink.data(Buffer.concat([Buffer.alloc(4), Buffer.alloc(100_000, 1)]));
    await until(() => session.exitStatus() !== null);
    expect(session.exitStatus()).toBe(1);
    expect(session.ids).toEqual([1]);
    expect(session.stderr.join()).toContain('a packet of 0 bytes');
    session.sent();
    expect([session.input.taken, session.output.taken]).toEqual([0, 0]);
    expect(session.sink.data(Buffer.alloc(100_000))).toBe(true);
    expect(session.input.taken).toBe(0);
  });

  it('by a mistake of ours tells the operator, and gives nothing away to the peer', async () => {
    const session = recorded({
      now: () => {
        throw new Error('the clock stopped at /srv/secret');
      },
    });
    session.start({ kind: 'opendir', path: '/' });
    await until(() => session.ids.length === 1);
    session.deliver({ kind: 'readdir', handle: nthHandle(1) }, { kind: 'stat', path: '/' });
    await until(() => session.ids.length === 3);
    expect(session.failures).toMatchObject([{ message: 'the clock stopped at /srv/secret' }]);
    expect(JSON.stringify(session.replies.map(({ head }) => head.toString('latin1')))).not.toContain(
      'secret',
    );
  });
});

describe('a duplex', () => {
  it('that is gone before the session began ends it', async () => {
    const gone = new PassThrough();
    gone.destroy();
    await turns(2);
    let ended = false;
    new SftpSession(duplexChannel(gone), sessionOptions({ vfs: memoryVfs(), ended: () => (ended = true) }));
    await until(() => ended);
  });
});
