import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { duplexPair, PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { settings } from '../../src/config/settings.js';
import { HashPool } from '../../src/hash/hash-pool.js';
import { Fault, memory, serveSftp, type EventName, type SftpOptions } from '../../src/index.js';
import { fromText } from '../../src/names.js';
import { decodeReply, encodeRequest, type KnownRequest, type Reply } from '../../src/wire/codec.js';
import { extensionName } from '../../src/wire/extensions.js';
import { Frames } from '../../src/wire/frame.js';

/** A session over a pipe in memory, and who speaks with it packet for packet. */
function piped(options: Partial<SftpOptions> = {}) {
  const [end, client] = duplexPair();
  const vfs = options.vfs ?? memory();
  const served = serveSftp(end, { vfs, ...options });
  const frames = new Frames();
  const waiting: ((reply: Reply) => void)[] = [];
  let asked = '';
  client.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    for (let frame = frames.next(); frame; frame = frames.next()) {
      waiting.shift()?.(decodeReply(frame, extensionName(asked)));
    }
  });
  const ask = (request: KnownRequest): Promise<Reply> => {
    asked = request.kind;
    client.write(encodeRequest(request));
    return new Promise((resolve) => waiting.push(resolve));
  };
  return { vfs, served, client, ask, init: () => ask({ kind: 'init', version: 3, extensions: [] }) };
}

const write = 2;
const create = 8;
const path = fromText('/a.txt');

describe('one session on any stream', () => {
  it('is served, tells what happens, and ends with the stream; the Vfs stays open', async () => {
    const vfs = memory();
    const close = vi.spyOn(vfs, 'close');
    const names: EventName[] = [];
    const { served, client, ask, init } = piped({ vfs, listener: (name) => void names.push(name) });
    expect(await init()).toMatchObject({ kind: 'version', version: 3 });
    const opened = await ask({ kind: 'open', id: 1, path, flags: write | create, attrs: {} });
    if (opened.kind !== 'handle') throw new Error(JSON.stringify(opened));
    const { handle } = opened;
    await ask({ kind: 'write', id: 2, handle, offset: 0, length: 5, data: [Buffer.from('hello')] });
    client.end();
    expect(await served.ended).toEqual({ requests: 2 });
    expect((await vfs.stat('/a.txt', { follow: true })).size).toBe(5);
    expect(close).not.toHaveBeenCalled();
    expect(names).toEqual(['session.opened', 'file.opened', 'file.closed', 'session.closed']);
  });

  it('may be read-only, has a line for people, and shows its account', async () => {
    const said: string[] = [];
    const { client, served, ask, init } = piped({
      readOnly: true,
      account: 'carol',
      maxHandles: 5,
      stderr: (text) => said.push(text),
    });
    await init();
    expect(await ask({ kind: 'mkdir', id: 1, path, attrs: {} })).toMatchObject({
      kind: 'status',
      message: expect.stringContaining('this account may only read') as string,
    });
    const status = await ask({ kind: 'account-status@plimsoll', id: 2 });
    if (status.kind !== 'account-status@plimsoll') throw new Error(JSON.stringify(status));
    expect(JSON.parse(status.status)).toMatchObject({
      account: 'carol',
      readOnly: true,
      home: { bytes: { used: 0, limit: null }, files: { used: 0, limit: null } },
      limits: { handles: 5 },
    });
    expect(said).toEqual(['this account may only read']);
    client.end();
    await served.ended;
  });

  it('can be closed, and ends by itself where what arrives is no SFTP (P1)', async () => {
    const closed = piped();
    await closed.init();
    closed.served.close();
    expect(await closed.served.ended).toEqual({ requests: 0 });
    const said: string[] = [];
    const stranger = piped({
      stderr: (text) => {
        said.push(text);
        throw new Error('mine');
      },
    });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    stranger.client.write('GET / HTTP/1.1\r\n\r\n');
    await stranger.served.ended;
    expect(said).toHaveLength(1);
    expect(String(warned.mock.calls[0]?.[0])).toContain('serveSftp: stderr fails: Error: mine');
    warned.mockRestore();
  });

  it('allows as many handles as the setting does, if it is told no number', async () => {
    const { client, served, ask, init } = piped();
    await init();
    const status = await ask({ kind: 'account-status@plimsoll', id: 1 });
    if (status.kind !== 'account-status@plimsoll') throw new Error(JSON.stringify(status));
    expect(JSON.parse(status.status)).toMatchObject({
      limits: { handles: settings['session.handles'].default },
    });
    client.end();
    await served.ended;
  });

  it('is told to have ended although a thread does not end, of which the process warns (P1)', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const close = vi.spyOn(HashPool.prototype, 'close').mockRejectedValueOnce(new Error('it hangs'));
    const { client, served, init } = piped();
    await init();
    client.end();
    expect(await served.ended).toEqual({ requests: 0 });
    expect(String(warned.mock.calls[0]?.[0])).toBe(
      'Error: serveSftp: a thread does not end: Error: it hangs',
    );
    close.mockRestore();
    warned.mockRestore();
  });

  it('ends when the stream breaks', async () => {
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const client = connect((listening.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await once(listening, 'connection')) as [Socket];
    const served = serveSftp(socket, { vfs: memory() });
    client.write(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    await once(client, 'data');
    client.resetAndDestroy();
    expect(await served.ended).toEqual({ requests: 0 });
    listening.close();
  });

  it.each<[string, unknown, unknown, string]>([
    ['no stream', {}, { vfs: memory() }, 'the first argument must be a Duplex stream'],
    ['no options', new PassThrough(), undefined, 'serveSftp: the options must be an object'],
    ['no files', new PassThrough(), {}, 'serveSftp: vfs is not a Vfs'],
    [
      'an unknown option',
      new PassThrough(),
      { vfs: memory(), readonly: true },
      "serveSftp: there is no option 'readonly'; did you mean 'readOnly'?",
    ],
    [
      'no handles',
      new PassThrough(),
      { vfs: memory(), maxHandles: 0 },
      'maxHandles must be a whole number from 1',
    ],
  ])('is refused with %s', (_what, stream, options, sentence) => {
    expect(() => serveSftp(stream as never, options as never)).toThrow(Fault);
    expect(() => serveSftp(stream as never, options as never)).toThrow(sentence);
  });
});
