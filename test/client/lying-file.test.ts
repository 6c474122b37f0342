import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { getFile } from '../../src/client/get-file.js';
import { getStream } from '../../src/client/get-stream.js';
import type { Link } from '../../src/client/link.js';
import { fromText } from '../../src/names.js';
import type { Reply } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { linkTo } from './linked.js';
import { startRawServer, versionReply, type RawServer } from './raw-server.js';
import { faultOf, rig, type RigChoices } from './transfer-rig.js';

/** What the server has, and what it says of it. */
let content = '';
let size = 0;

let server: RawServer;
let link: Link;
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-lying-'));
  server = await startRawServer({
    answer: (request) => {
      if (request.kind === 'init') return versionReply();
      const { id } = request;
      const status = (code: number): Reply => ({ kind: 'status', id, code, message: '', language: '' });
      if (request.kind === 'realpath') {
        return { kind: 'name', id, entries: [{ name: '/', longname: '/', attrs: {} }] };
      }
      if (request.kind === 'stat') return { kind: 'attrs', id, attrs: { size, permissions: 0o100644 } };
      if (request.kind === 'open') return { kind: 'handle', id, handle: 'file' };
      if (request.kind === 'close') return status(statusCodes.ok);
      if (request.kind !== 'read') return status(statusCodes.opUnsupported);
      const data = Buffer.from(content.slice(request.offset, request.offset + request.length));
      if (data.length === 0) return status(statusCodes.eof);
      return { kind: 'data', id, length: data.length, data: [data] };
    },
  });
});
beforeEach(() => {
  ({ link } = linkTo({ port: server.port, user: 'alice', password: 'any' }));
});
afterEach(() => link.end());
afterAll(() => {
  server.stop();
  rmSync(work, { recursive: true });
});

const here = (name: string): string => join(work, name);
const get = (name: string, choices: RigChoices = {}): ReturnType<typeof getFile> =>
  getFile(link, { remote: 'file', local: fromText(here(name)) }, rig(choices).options);

describe('a server that lies about a file', () => {
  it.each([
    ['md5', { algorithm: 'md5', explicit: false } as const],
    ['none', null],
  ])('cannot have a part of it taken for the whole, with --verify %s', async (name, verify) => {
    [content, size] = ['half', 9];
    const fault = await faultOf(get(name, { verify }));
    expect(fault.code).toBe('verification-failed');
    expect(fault.message).toContain('ended after 4 of 9 B');
    expect(existsSync(here(name))).toBe(false);
    expect(readFileSync(here(`${name}.part`), 'utf8')).toBe('half');
  });

  it('cannot have a part of it pass for the whole in a stream', async () => {
    [content, size] = ['half', 9];
    const fault = await faultOf(getStream(link, 'file', new PassThrough(), rig().options));
    expect(fault.code).toBe('verification-failed');
  });

  it('cannot give more than it said', async () => {
    [content, size] = ['far more than it said', 3];
    expect(await get('more')).toMatchObject({ size: 3 });
    expect(readFileSync(here('more'), 'utf8')).toBe('far');
  });
});
