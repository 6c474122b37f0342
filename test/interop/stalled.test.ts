import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientChannel } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeReply, encodeRequest, type Reply } from '../../src/wire/codec.js';
import { Frames } from '../../src/wire/frame.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { scale } from '../scale.js';
import { writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const mebibyte = 2 ** 20;

/** Bytes of a STATUS that says OK: lengths, type, id, code, two empty strings. */
const statusLength = 4 + 1 + 4 + 4 + 4 + 4;

/** A client that sends what it likes and reads when it likes, over a real connection. */
class RawClient {
  readonly #connection = new Client();
  readonly #frames = new Frames();
  #channel: ClientChannel | null = null;

  async connect(server: TestServer): Promise<void> {
    this.#connection.connect({
      host: '127.0.0.1',
      port: server.port,
      username: 'alice',
      privateKey: readFileSync(server.keyFile),
    });
    await once(this.#connection, 'ready');
    this.#channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.#connection.subsys('sftp', (error, channel) => (error ? reject(error) : resolve(channel)));
    });
    this.send(encodeRequest({ kind: 'init', version: 3, extensions: [] }));
    await this.reply();
  }

  get channel(): ClientChannel {
    if (!this.#channel) throw new Error('not connected');
    return this.#channel;
  }

  /** `false` once the window is used up. */
  send(bytes: Buffer): boolean {
    return this.channel.write(bytes);
  }

  /** The next reply, read from the channel only as far as it needs. */
  async reply(): Promise<Reply> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame) return decodeReply(frame);
      const chunk = this.channel.read() as Buffer | null;
      if (chunk) this.#frames.push(chunk);
      else await once(this.channel, 'readable');
    }
  }

  /** How many replies have arrived and were not asked for; they stay. */
  arrived(): number {
    const chunk = this.channel.read() as Buffer | null;
    if (chunk) this.#frames.push(chunk);
    return this.#frames.buffered / statusLength;
  }

  async open(path: string, flags: number): Promise<string> {
    this.send(encodeRequest({ kind: 'open', id: 1, path, flags, attrs: {} }));
    const reply = await this.reply();
    if (reply.kind !== 'handle') throw new Error(`not opened: ${JSON.stringify(reply)}`);
    return reply.handle;
  }

  end(): void {
    this.#connection.destroy();
  }
}

/** The server's memory once it has stopped changing. */
async function settledMemory(server: TestServer): Promise<number> {
  let last = server.memory();
  for (let quiet = 0; quiet < 5;) {
    await sleep(100);
    const now = server.memory();
    quiet = Math.abs(now - last) < mebibyte / 4 ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

describe.skipIf(missing('ssh-keygen'))('a client that does not read [T3]', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('costs the server less than 16 MiB for all its READs, and gets every byte when it reads on', async () => {
    const block = 32_768;
    mkdirSync(server.home('alice'), { recursive: true });
    await writeNoise(join(server.home('alice'), 'file'), mebibyte);
    const whole = readFileSync(join(server.home('alice'), 'file'));
    // Whatever the first session costs (compiled code, threads) is no cost of the attack.
    const warm = new RawClient();
    await warm.connect(server);
    const warmHandle = await warm.open('/file', openFlags.read);
    for (let id = 0; id < 200; id++) {
      warm.send(encodeRequest({ kind: 'read', id, handle: warmHandle, offset: 0, length: block }));
      await warm.reply();
    }
    warm.end();

    const client = new RawClient();
    await client.connect(server);
    const handle = await client.open('/file', openFlags.read);
    const before = await settledMemory(server);
    const count = scale('unreadReads');
    for (let index = 0; index < count; index++) {
      const offset = (index * block) % mebibyte;
      client.send(encodeRequest({ kind: 'read', id: index, handle, offset, length: block }));
    }
    expect((await settledMemory(server)) - before).toBeLessThan(16 * mebibyte);

    for (let index = 0; index < count; index++) {
      const reply = await client.reply();
      if (reply.kind !== 'data') throw new Error(`READ ${index}: ${JSON.stringify(reply)}`);
      expect(reply.id).toBe(index);
      const offset = (index * block) % mebibyte;
      if (!Buffer.concat(reply.data).equals(whole.subarray(offset, offset + block))) {
        throw new Error(`READ ${index} gave other bytes`);
      }
    }
    client.end();
  }, 300_000);
});

function canMount(): boolean {
  try {
    accessSync('/dev/fuse');
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('/dev/fuse cannot be opened');
    return false;
  }
}

/** A disk that stops: a home on a FUSE mount whose process is held. */
describe.skipIf(missing('sshfs', 'fusermount3', 'ssh-keygen') || !canMount())(
  'a disk that stalls [T3]',
  () => {
    let server: TestServer;
    let backing: TestServer;
    let mount: string;
    let holder: ChildProcess;

    beforeAll(async () => {
      server = await startServer();
      backing = await startServer();
      mount = join(server.work, 'slow-disk');
      mkdirSync(mount);
      const options = [
        '-o',
        `IdentityFile=${backing.keyFile}`,
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'sshfs_sync',
        '-f',
      ];
      const known = ['-o', `UserKnownHostsFile=${join(backing.work, 'known_hosts')}`];
      holder = spawn('sshfs', [...options, ...known, '-p', String(backing.port), 'alice@127.0.0.1:', mount]);
      for (let tries = 0; spawnSync('mountpoint', ['-q', mount]).status !== 0; tries++) {
        if (tries > 100) throw new Error('the mount did not appear');
        await sleep(50);
      }
      mkdirSync(join(mount, 'home'));
      await server.addAccount('bob');
      await must(server.plimsoll(['user', 'set', 'alice', '--home', join(mount, 'home')]));
    });
    afterAll(async () => {
      process.kill(backing.pid, 'SIGCONT');
      spawnSync('fusermount3', ['-u', '-z', mount]);
      holder.kill();
      await server.stop();
      await backing.stop();
    });

    it('slows the sender down, and costs the server less than 16 MiB', async () => {
      const client = new RawClient();
      await client.connect(server);
      const handle = await client.open('/file', openFlags.write | openFlags.create);
      const data = Buffer.alloc(32_768, 'w');
      const write = (index: number): Buffer =>
        encodeRequest({
          kind: 'write',
          id: index,
          handle,
          offset: index * data.length,
          data: [data],
          length: data.length,
        });
      client.send(write(0));
      await client.reply();
      const before = await settledMemory(server);

      process.kill(backing.pid, 'SIGSTOP');
      const count = 1024;
      for (let index = 1; index <= count; index++) client.send(write(index));
      const grown = (await settledMemory(server)) - before;
      expect(client.arrived()).toBeLessThan(count / 2);
      expect(grown).toBeLessThan(16 * mebibyte);

      // Meanwhile others are served: one hung disk stalls nobody else.
      expect((await server.sftp('bob', 'mkdir alive\nls')).stdout).toContain('alive');

      process.kill(backing.pid, 'SIGCONT');
      for (let index = 1; index <= count; index++) {
        expect(await client.reply()).toMatchObject({ kind: 'status', id: index, code: 0 });
      }
      expect(statSync(join(backing.home('alice'), 'home/file')).size).toBe((count + 1) * data.length);
      client.end();
    }, 120_000);
  },
);
