import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { BlockPool } from '../../src/sftp/block-pool.js';
import type { Intercept } from '../../src/sftp/intercept.js';
import { encodeStatus } from '../../src/wire/codec.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import { sessionPair, type SessionPair } from './session-pair.js';

const { read, write, create } = openFlags;

async function started(
  intercept: Intercept,
  more: Parameters<typeof sessionPair>[0] = {},
): Promise<SessionPair> {
  const pair = sessionPair({ ...more, intercept });
  await pair.init();
  return pair;
}

async function exists(pair: SessionPair, path: string): Promise<boolean> {
  return pair.vfs.stat(path, { follow: true }).then(
    () => true,
    () => false,
  );
}

describe('what stands round the answering of requests', () => {
  it('sees every request but INIT, malformed ones too, and lets it be answered', async () => {
    const seen: string[] = [];
    const pair = await started(async (request, answer) => {
      const reply = await answer();
      seen.push(request.kind);
      return reply;
    });
    expect(await pair.ask({ kind: 'mkdir', path: '/d', attrs: {} })).toMatchObject({
      kind: 'status',
      code: 0,
    });
    expect(await pair.ask({ kind: 'limits@openssh.com' })).toMatchObject({ kind: 'limits@openssh.com' });
    pair.client.write(Buffer.from([0, 0, 0, 9, 17, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]));
    expect(await pair.reply(256)).toMatchObject({ code: statusCodes.badMessage });
    expect(seen).toEqual(['mkdir', 'limits@openssh.com', 'malformed']);
    expect(await exists(pair, '/d')).toBe(true);
  });

  it('answers instead, without anything being done', async () => {
    const pair = await started(({ id }) => encodeStatus(id, statusCodes.noConnection, 'gone'));
    expect(await pair.ask({ kind: 'mkdir', path: '/d', attrs: {} })).toMatchObject({
      code: statusCodes.noConnection,
      message: 'gone',
    });
    expect(await exists(pair, '/d')).toBe(false);
  });

  it('does the work, once, and tells something else', async () => {
    const pair = await started(async ({ id }, answer) => {
      await Promise.all([answer(), answer()]);
      return encodeStatus(id, statusCodes.failure, '');
    });
    expect(await pair.ask({ kind: 'mkdir', path: '/d', attrs: {} })).toMatchObject({
      code: statusCodes.failure,
    });
    expect(await exists(pair, '/d')).toBe(true);
    expect(pair.failures).toEqual([]);
  });

  it('refuses with a Fault, which is told as any other', async () => {
    const pair = await started(() => {
      throw new Fault('quota', 'no more than that');
    });
    expect(await pair.ask({ kind: 'mkdir', path: '/d', attrs: {} })).toMatchObject({
      code: statusCodes.failure,
      message: 'no more than that',
    });
    expect(pair.stderr).toEqual(['no more than that']);
    expect(pair.failures).toEqual([]);
  });

  it('becomes failure where it goes wrong itself, and the session goes on', async () => {
    let wrong = true;
    const pair = await started((_request, answer) => {
      if (wrong) throw new TypeError('a mistake in it');
      return answer();
    });
    const failure = { code: statusCodes.failure, message: 'failure' };
    expect(await pair.ask({ kind: 'stat', path: '/' })).toMatchObject(failure);
    expect(pair.failures).toEqual([expect.any(TypeError)]);
    wrong = false;
    expect(await pair.ask({ kind: 'stat', path: '/' })).toMatchObject({ kind: 'attrs' });
  });

  it('cannot send more than was set aside for the reply (T3)', async () => {
    const pair = await started(({ id, kind }, answer) =>
      kind === 'stat' ? encodeStatus(id, statusCodes.ok, 'x'.repeat(100_000)) : answer(),
    );
    expect(await pair.ask({ kind: 'stat', path: '/' })).toMatchObject({ code: statusCodes.failure });
    expect(pair.failures).toHaveLength(1);
    pair.cut();
    await pair.ended;
    expect(pair.output.taken).toBe(0);
  });

  it('delays one reply, and those behind it keep their order (T1)', async () => {
    let goOn = (): void => undefined;
    const pair = await started(async (request, answer) => {
      if (request.kind === 'stat') await new Promise<void>((resolve) => (goOn = resolve));
      return answer();
    });
    const first = pair.send({ kind: 'stat', path: '/' });
    const second = pair.send({ kind: 'limits@openssh.com' });
    const third = pair.send({ kind: 'realpath', path: '.' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(pair.order).toEqual([]);
    goOn();
    await pair.reply(third);
    expect(pair.order).toEqual([first, second, third]);
  });

  it('gives the buffer of a reply back that is not sent', async () => {
    const blocks = new BlockPool(1 << 20);
    let lie = true;
    let hidden: Buffer | null = null;
    const pair = await started(
      async (request, answer) => {
        const reply = await answer();
        if (request.kind !== 'read' || !lie) return reply;
        hidden = reply;
        return encodeStatus(request.id, statusCodes.failure, '');
      },
      { blocks },
    );
    const handle = await pair.open('/f', read | write | create);
    const data = Buffer.alloc(32_768, 'a');
    await pair.ask({ kind: 'write', handle, offset: 0, data: [data], length: data.length } as never);
    const reading = { kind: 'read', handle, offset: 0, length: data.length } as const;
    expect(await pair.ask(reading)).toMatchObject({ code: statusCodes.failure });
    expect(hidden).not.toBeNull();
    expect(blocks.owns(hidden as unknown as Buffer)).toBe(false);
    expect(blocks.take(32_768).buffer).toBe((hidden as unknown as Buffer).buffer);
    lie = false;
    expect(await pair.ask(reading)).toMatchObject({ kind: 'data', length: data.length });
  });

  it('is told when the session is gone', async () => {
    let told = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (told = resolve));
    const pair = await started(async (_request, answer, signal) => {
      told();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return answer();
    });
    pair.send({ kind: 'stat', path: '/' });
    await waiting;
    pair.cut();
    expect(await pair.ended).toBe(1);
  });
});
