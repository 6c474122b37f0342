import { afterEach, describe, expect, it } from 'vitest';
import { inside } from '../../src/client/internals.js';
import { Session } from '../../src/client/session.js';
import type { Fault } from '../../src/fault.js';
import { encodeReply, type Reply } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { startRawServer, versionReply, type Answering, type RawServer } from './raw-server.js';

const servers: RawServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

interface Opened {
  readonly session: Session;
  /** Why the connection was given up. */
  readonly abandoned: Fault[];
}

async function opened(answer: Answering, timeout = 20_000): Promise<Opened> {
  const server = await startRawServer({ answer });
  servers.push(server);
  const { client, channel } = await server.open();
  const abandoned: Fault[] = [];
  const session = new Session({
    channel: inside(channel),
    timeout,
    abandon: (fault) => {
      abandoned.push(fault);
      client.destroy();
    },
  });
  return { session, abandoned };
}

/** A server that begins as it should, and then answers so. */
function behaved(answer: Answering): Answering {
  return (request, raw) => (request.kind === 'init' ? versionReply([['x@y', '1']]) : answer(request, raw));
}

async function started(answer: Answering, timeout?: number): Promise<Opened> {
  const both = await opened(behaved(answer), timeout);
  await both.session.start();
  return both;
}

function statusOf(id: number, code: number, message: string): Reply {
  return { kind: 'status', id, code, message, language: '' };
}

const stat = { kind: 'stat', path: '/a' } as const;

describe('session', () => {
  it('begins with what the server announces [filexfer-02 4]', async () => {
    const { session } = await opened(behaved(() => null));
    expect(await session.start()).toEqual({ version: 3, pairs: [['x@y', '1']] });
  });

  it('refuses a version that it did not ask for', async () => {
    const { session } = await opened(() => ({ kind: 'version', version: 6, extensions: [] }));
    await expect(session.start()).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('finds the answers of many requests, in whatever order they come', async () => {
    const held: number[] = [];
    const { session } = await started((request, raw) => {
      if (request.kind !== 'stat') return null;
      held.push(request.id);
      if (held.length < 50) return null;
      for (const id of held.reverse()) raw.send(encodeReply({ kind: 'attrs', id, attrs: { size: id } }));
      return null;
    });
    const asked = Array.from({ length: 50 }, () => session.get('attrs', stat));
    const sizes = (await Promise.all(asked)).map(({ id, attrs }) => [id, attrs.size]);
    expect(new Set(sizes.map(([id]) => id)).size).toBe(50);
    for (const [id, size] of sizes) expect(size).toBe(id);
  });

  const refusals: readonly (readonly [number, string, string, string])[] = [
    [statusCodes.noSuchFile, 'No such file', 'not-found', 'no such file or folder'],
    [statusCodes.permissionDenied, '', 'denied', 'permission denied'],
    [statusCodes.permissionDenied, 'this account may only read', 'read-only', 'this account may only read'],
    [statusCodes.failure, 'Failure', 'failure', 'the server refused it and gave no reason'],
    ...['cancelled', 'no connection to the server', "the server's host key is not the one that is known"].map(
      (lie) => [statusCodes.failure, lie, 'failure', lie] as const,
    ),
    [
      statusCodes.failure,
      'quota exceeded: 99.2 MB of 100 MB used',
      'quota',
      'quota exceeded: 99.2 MB of 100 MB used',
    ],
    [statusCodes.failure, 'Disk full or allocation exceeded', 'no-space', 'Disk full or allocation exceeded'],
    [statusCodes.failure, 'File exists', 'exists', 'File exists'],
    [statusCodes.opUnsupported, 'Operation unsupported', 'unsupported', 'not supported'],
    [statusCodes.failure, 'evil \x1b]0;title\x07', 'failure', 'evil \\x1b]0;title\\x07'],
    [77, 'a code of tomorrow', 'failure', 'a code of tomorrow'],
  ];
  it.each(refusals)('makes a fault of STATUS %i "%s"', async (code, text, wanted, message) => {
    const { session } = await started((request) =>
      request.kind === 'stat' ? statusOf(request.id, code, text) : null,
    );
    await expect(session.get('attrs', stat)).rejects.toMatchObject({ code: wanted, message });
  });

  it('bounds a text of a megabyte', async () => {
    const { session } = await started((request) =>
      request.kind === 'stat' ? statusOf(request.id, statusCodes.failure, 'x'.repeat(200_000)) : null,
    );
    const fault = await session.get('attrs', stat).catch((thrown: unknown) => thrown as Fault);
    expect((fault as Fault).message).toHaveLength(500);
  });

  const lies: readonly (readonly [string, Answering])[] = [
    ['an answer to nothing', () => statusOf(4_000_000, 0, '')],
    ['a second VERSION', () => versionReply()],
    [
      'another kind of answer',
      (request) => ({ kind: 'handle', id: 'id' in request ? request.id : 0, handle: 'h' }),
    ],
    ['a packet of 4 GiB', () => Buffer.from([0xff, 0xff, 0xff, 0xff, 1])],
    ['a packet of nothing', () => Buffer.alloc(4)],
    ['a cut packet', () => Buffer.from([0, 0, 0, 7, 105, 0, 0, 0, 2, 0xff, 0xff])],
    ['a type that no server sends', () => Buffer.from([0, 0, 0, 5, 3, 0, 0, 0, 2])],
  ];
  it.each(lies)('gives up a server that sends %s', async (_, answer) => {
    const { session, abandoned } = await started(answer);
    await expect(session.get('attrs', stat)).rejects.toMatchObject({ code: 'bad-message' });
    expect(abandoned).toMatchObject([{ code: 'bad-message' }]);
    await expect(session.get('attrs', stat)).rejects.toMatchObject({ code: 'bad-message' });
  });

  it('gives up a server that sends more data than it was asked for', async () => {
    const { session, abandoned } = await started((request) =>
      request.kind === 'read' ? { kind: 'data', id: request.id, length: 11, data: [Buffer.alloc(11)] } : null,
    );
    await expect(session.read('h', 0, 10)).rejects.toMatchObject({ code: 'bad-message' });
    expect(abandoned).toHaveLength(1);
  });

  it('tells a server that is silent, whatever waits', async () => {
    const { session, abandoned } = await started(() => null, 50);
    const both = await Promise.allSettled([session.get('attrs', stat), session.read('h', 0, 10)]);
    for (const one of both) expect(one).toMatchObject({ reason: { code: 'timed-out' } });
    expect(abandoned).toMatchObject([{ code: 'timed-out' }]);
  });

  it('gives a hash of a large file its time', async () => {
    const { session } = await started((request, raw) => {
      if (request.kind !== 'md5-hash') return null;
      const { id } = request;
      setTimeout(() => {
        raw.send(encodeReply({ kind: 'md5-hash', id, hash: Buffer.alloc(16, 7) }));
      }, 120);
      return null;
    }, 30);
    const asked = { kind: 'md5-hash', path: '/a', start: 0, length: 0, quickCheck: Buffer.alloc(0) } as const;
    expect((await session.get('md5-hash', asked, true)).hash).toEqual(Buffer.alloc(16, 7));
  });

  it('tells what the server said before it closed the channel', async () => {
    const { session } = await started((_, raw) => {
      raw.channel.stderr.write('this account was locked\n');
      raw.channel.close();
      return null;
    });
    await expect(session.get('attrs', stat)).rejects.toMatchObject({
      code: 'no-connection',
      message: 'the server closed the connection: this account was locked',
    });
  });

  it('takes more than ssh2 grants before it has to grant again', async () => {
    const block = Buffer.alloc(200_000, 1);
    const { session } = await started((request) =>
      request.kind === 'read' ? { kind: 'data', id: request.id, length: block.length, data: [block] } : null,
    );
    // 40 MB: the window of 16 MiB is used up twice.
    const reads = await Promise.all(Array.from({ length: 200 }, () => session.read('h', 0, block.length)));
    const total = reads.flatMap((pieces) => pieces ?? []).reduce((sum, { length }) => sum + length, 0);
    expect(total).toBe(200 * block.length);
  });
});
