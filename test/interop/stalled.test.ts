import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { accessSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/codec.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { scale } from '../scale.js';
import { writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { RawClient } from './raw-client.js';
import { must, startServer, type TestServer } from './server.js';

const mebibyte = 2 ** 20;

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
    const count = scale('unreadReads');
    // As many READs from somebody who does read: what V8 keeps for any traffic of this kind (compiled code, a grown
    // young generation) is shared by all sessions and is no cost of the one that stalls.
    const reader = new RawClient();
    await reader.connect(server);
    const open = await reader.open('/file', openFlags.read);
    for (let id = 0; id < count; id++) {
      reader.send(encodeRequest({ kind: 'read', id, handle: open, offset: 0, length: 1 }));
    }
    for (let id = 0; id < count; id++) await reader.reply();
    reader.end();

    const client = new RawClient();
    await client.connect(server);
    const handle = await client.open('/file', openFlags.read);
    const before = await settledMemory(server);
    for (let index = 0; index < count; index++) {
      const offset = (index * block) % mebibyte;
      client.send(encodeRequest({ kind: 'read', id: index, handle, offset, length: block }));
    }
    const grownBy = (await settledMemory(server)) - before;
    expect(grownBy).toBeLessThan(16 * mebibyte);

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
