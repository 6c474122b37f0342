import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scale } from '../scale.js';
import { sha256, writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

describe.skipIf(missing('sftp', 'ssh-keygen'))('rekeying every MiB', () => {
  let server: TestServer;
  let expected: string;

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    await writeNoise(join(server.work, 'noise'), scale('rekeyBytes'));
    expected = await sha256(join(server.work, 'noise'));
  });
  afterAll(() => server.stop());

  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr'])(
    'moves bytes both ways unharmed with %s',
    async (cipher) => {
      const options = ['-o', 'RekeyLimit=1M', '-c', cipher];
      await must(server.sftp('alice', 'put noise up\nget up down', options));
      expect(await sha256(join(server.home('alice'), 'up'))).toBe(expected);
      expect(await sha256(join(server.work, 'down'))).toBe(expected);
    },
    600_000,
  );
});
