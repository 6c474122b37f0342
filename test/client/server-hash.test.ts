import { afterEach, describe, expect, it } from 'vitest';
import { openRemote } from '../../src/client/remote-files.js';
import type { Remote, Range } from '../../src/client/remote.js';
import type { ServerChannel } from 'ssh2';
import { encodeReply, type Request } from '../../src/wire/codec.js';
import { statusCodes } from '../../src/wire/status.js';
import { startRawServer, startsAt, versionReply, type RawServer } from './raw-server.js';

const servers: RawServer[] = [];
const whole: Range = { start: 0, length: 0 };
const md5 = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');

afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

interface Hashing {
  readonly remote: Remote;
  /** What was asked, one after another. */
  readonly asked: string[];
  readonly run: string[];
}

async function hashing(
  extensions: readonly string[],
  reply: (id: number) => Buffer,
  exec?: (channel: ServerChannel) => void,
): Promise<Hashing> {
  const asked: string[] = [];
  const run: string[] = [];
  const server = await startRawServer({
    answer: (request: Request) => {
      if (request.kind === 'init') return versionReply(extensions.map((name) => [name, '1']));
      if (request.kind === 'realpath') return startsAt(request.id, '/');
      asked.push(request.kind);
      return 'id' in request ? reply(request.id) : null;
    },
    ...(exec && {
      exec: (command: string, channel: ServerChannel) => {
        run.push(command);
        exec(channel);
      },
    }),
  });
  servers.push(server);
  const { client, channel } = await server.open();
  const abandon = (): void => void client.destroy();
  const remote = await openRemote({ channel, client, ident: 'SSH-2.0-x', timeout: 20_000, abandon });
  return { remote, asked, run };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** EXTENDED_REPLY with these fields. */
function extendedReply(id: number, ...fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from([201]), uint32(id), ...fields]);
  return Buffer.concat([uint32(body.length), body]);
}

function unsupported(id: number): Buffer {
  return encodeReply({ kind: 'status', id, code: statusCodes.opUnsupported, message: '', language: '' });
}

function says(output: string, status: number): (channel: ServerChannel) => void {
  return (channel) => {
    channel.write(output);
    channel.exit(status);
    channel.end();
  };
}

describe('hashes of servers', () => {
  const dialects: readonly (readonly [string, (id: number) => Buffer])[] = [
    ['ProFTPD, WinSCP: algorithm, hash', (id) => extendedReply(id, text('md5'), md5)],
    ['as the draft draws it', (id) => extendedReply(id, text('check-file'), text('md5'), md5)],
    ['mina-sshd: with a length', (id) => extendedReply(id, text('check-file'), text('md5'), text(md5))],
  ];
  it.each(dialects)('are read in the dialect of %s', async (_, reply) => {
    const { remote, asked } = await hashing(['check-file'], reply);
    expect(await remote.hash('/a', 'md5', whole)).toEqual({ algorithm: 'md5', hash: md5, by: 'check-file' });
    expect(asked).toEqual(['check-file-name']);
    expect(remote.hashesCheaply('md5')).toBe(true);
  });

  const useless: readonly (readonly [string, (id: number) => Buffer])[] = [
    ['by another algorithm', (id) => extendedReply(id, text('sha1'), Buffer.alloc(20))],
    ['too short', (id) => extendedReply(id, text('md5'), md5.subarray(1))],
    ['none at all', (id) => extendedReply(id, text('md5'))],
  ];
  it.each(useless)('that are %s are not believed', async (_, reply) => {
    const { remote } = await hashing(['check-file'], reply);
    expect(await remote.hash('/a', 'md5', whole)).toBeNull();
    expect(remote.hashesCheaply('md5')).toBe(false);
  });

  it('come from md5-hash where check-file is refused', async () => {
    const { remote, asked } = await hashing(['check-file', 'md5-hash'], (id) =>
      asked.at(-1) === 'md5-hash' ? extendedReply(id, text('md5-hash'), text(md5)) : unsupported(id),
    );
    expect(await remote.hash('/a', 'md5', whole)).toEqual({ algorithm: 'md5', hash: md5, by: 'md5-hash' });
    await remote.hash('/a', 'md5', whole);
    // What was refused once is not asked again.
    expect(asked).toEqual(['check-file-name', 'md5-hash', 'md5-hash']);
    expect([remote.hashesCheaply('md5'), remote.hashesCheaply('sha256')]).toEqual([true, false]);
  });

  it("tell the file's own fault", async () => {
    const { remote } = await hashing(['check-file'], (id) =>
      encodeReply({ kind: 'status', id, code: statusCodes.permissionDenied, message: '', language: '' }),
    );
    await expect(remote.hash('/a', 'md5', whole)).rejects.toMatchObject({ code: 'denied' });
  });

  it('come from a shell where there is one, and nothing in a name is a command', async () => {
    const { remote, run } = await hashing([], unsupported, says(`${md5.toString('hex')}  -\n`, 0));
    expect(await remote.hash("/it's; rm -rf $HOME", 'md5', whole)).toMatchObject({ hash: md5, by: 'shell' });
    expect(await remote.hash('-n', 'md5', { start: 0, length: 10 })).toMatchObject({ hash: md5 });
    expect(run).toEqual(["md5sum < '/it'\\''s; rm -rf $HOME'", 'test -f /-n && head -c 10 /-n | md5sum']);
  });

  const silent: readonly (readonly [string, (channel: ServerChannel) => void])[] = [
    ['knows no such command', says(`${md5.toString('hex')}  -\n`, 127)],
    ['prints something else', says('Welcome to the machine\n', 0)],
    ['prints the hash of something longer', says(`${md5.toString('hex')}00  -\n`, 0)],
  ];
  it.each(silent)('do not come from a shell that %s, nor is it asked again', async (_, exec) => {
    const { remote, run } = await hashing([], unsupported, exec);
    expect(await remote.hash('/a', 'md5', whole)).toBeNull();
    expect(await remote.hash('/a', 'md5', whole)).toBeNull();
    expect(run).toHaveLength(1);
  });

  it('are asked of a shell again after a file that it could not read', async () => {
    const { remote, run } = await hashing([], unsupported, says('', 1));
    expect(await remote.hash('/a', 'md5', whole)).toBeNull();
    expect(await remote.hash('/b', 'md5', whole)).toBeNull();
    expect(run).toHaveLength(2);
  });

  it('are prepared by a shell that waits for its word, and made at once then', async () => {
    const { remote, run } = await hashing([], unsupported, (channel) => {
      channel.once('data', () => says(`${md5.toString('hex')}  -\n`, 0)(channel));
    });
    const prepared = remote.prepareHash('/later', 'md5');
    expect(await prepared?.make()).toEqual({ algorithm: 'md5', hash: md5, by: 'shell' });
    expect(run).toEqual(['read x; md5sum < /later']);
  });

  it('that are prepared and not wanted leave no command behind', async () => {
    let closed = (): void => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { remote } = await hashing([], unsupported, (channel) => {
      channel.resume().once('close', closed);
      prepared?.drop();
    });
    const prepared = remote.prepareHash('/later', 'md5');
    await gone;
  });

  it('are not prepared where a request gives them', async () => {
    const { remote } = await hashing(['check-file'], unsupported);
    expect(remote.prepareHash('/a', 'md5')).toBeNull();
  });

  it('are given up where a command says too much', async () => {
    const { remote } = await hashing([], unsupported, (channel) => {
      const more = (): void => {
        while (channel.writable && channel.write(Buffer.alloc(65_536, 'a')));
        if (channel.writable) channel.once('drain', more);
      };
      more();
    });
    await expect(remote.hash('/a', 'md5', whole)).rejects.toMatchObject({ code: 'too-many' });
  });

  it('stop being waited for when they are no longer wanted', async () => {
    const { remote } = await hashing([], unsupported, () => undefined);
    const stop = new AbortController();
    const running = remote.exec('sleep 1000', stop.signal);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });
});
