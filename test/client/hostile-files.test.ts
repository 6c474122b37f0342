import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../src/client/link.js';
import type { Reply, Request } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { linkTo } from './linked.js';
import { startRawServer, versionReply, type RawServer, type RawSession } from './raw-server.js';

type Asked = Exclude<Request, { kind: 'init' }>;

let server: RawServer | null = null;
let link: Link | null = null;
const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);

/** What a server is asked after its answer to it as the test has it; everything else it does not know. */
async function at(answer: (request: Asked, raw: RawSession) => Reply | number | null): Promise<Link> {
  server = await startRawServer({
    answer: (request, raw) => {
      if (request.kind === 'init') return versionReply();
      const given = answer(request, raw);
      if (typeof given !== 'number') return given;
      return { kind: 'status', id: request.id, code: given, message: '', language: '' };
    },
  });
  ({ link } = linkTo({ port: server.port, user: 'alice', password: 'any' }));
  return link;
}

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', hear);
});
afterEach(async () => {
  await link?.end();
  server?.stop();
});
afterAll(() => void process.off('unhandledRejection', hear));

const nameOf = (id: number, name: string): Reply => ({
  kind: 'name',
  id,
  entries: [{ name, longname: name, attrs: {} }],
});

describe('a server that lists', () => {
  it('and breaks off while nobody waits for the next names ends no process', async () => {
    let reads = 0;
    const made = await at((request, { channel }) => {
      if (request.kind === 'opendir') return { kind: 'handle', id: request.id, handle: 'folder' };
      if (request.kind === 'readdir') return ++reads === 1 ? nameOf(request.id, 'a') : null;
      if (request.kind !== 'stat') return statusCodes.opUnsupported;
      channel.close();
      return null;
    });
    const remote = await made.remote();
    const names = remote.list('/folder')[Symbol.asyncIterator]();
    expect((await names.next()).value).toMatchObject([{ name: 'a' }]);
    await expect(remote.stat('/never')).rejects.toMatchObject({ code: 'no-connection' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    await expect(names.next()).rejects.toMatchObject({ code: 'no-connection' });
  });

  it('nothing, again and again, is at the end', async () => {
    const made = await at((request) => {
      if (request.kind === 'opendir') return { kind: 'handle', id: request.id, handle: 'folder' };
      if (request.kind === 'readdir') return { kind: 'name', id: request.id, entries: [] };
      return request.kind === 'close' ? statusCodes.ok : statusCodes.opUnsupported;
    });
    const batches = [];
    for await (const batch of (await made.remote()).list('/folder')) batches.push(batch);
    expect(batches).toEqual([]);
  });
});

describe('a server without REALPATH', () => {
  it('can be asked for hashes, and has none', async () => {
    const made = await at(() => statusCodes.opUnsupported);
    const remote = await made.remote();
    expect(await remote.hash('file', 'md5', { start: 0, length: 0 })).toBeNull();
  });
});

describe('a server whose RENAME fails for a reason of its own', () => {
  it('does not cost what has the new name, where nothing can take its place', async () => {
    const removed: string[] = [];
    const made = await at((request) => {
      if (request.kind === 'rename') return statusCodes.failure;
      if (request.kind === 'lstat' && request.path === 'old') {
        return { kind: 'attrs', id: request.id, attrs: { size: 1 } };
      }
      if (request.kind === 'lstat') return statusCodes.noSuchFile;
      if (request.kind === 'remove') removed.push(request.path);
      return request.kind === 'remove' ? statusCodes.ok : statusCodes.opUnsupported;
    });
    const remote = await made.remote();
    await expect(remote.rename('gone', 'old', { replace: true })).rejects.toMatchObject({ code: 'failure' });
    expect(removed).toEqual([]);
  });
});
