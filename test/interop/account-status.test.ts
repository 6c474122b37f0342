import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/codec.js';
import { missing } from './programs.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './server.js';

describe.skipIf(missing('ssh-keygen'))('account-status@plimsoll [PROTOCOL 5]', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
    await server.addAccount(
      'bob',
      '--quota',
      '2MB',
      '--files',
      '10',
      '--expires',
      '2099-01-02',
      '--read-only',
    );
  });
  afterAll(() => server.stop());

  async function status(account: string): Promise<unknown> {
    const client = new RawClient();
    await client.connect(server, account);
    client.send(encodeRequest({ kind: 'account-status@plimsoll', id: 7 }));
    const reply = await client.reply('account-status@plimsoll');
    client.end();
    if (reply.kind !== 'account-status@plimsoll') throw new Error(JSON.stringify(reply));
    return JSON.parse(reply.status);
  }

  it('tells account, line, usage, limits and versions; nothing of the host', async () => {
    mkdirSync(join(server.home('bob'), 'folder'), { recursive: true });
    writeFileSync(join(server.home('bob'), 'folder/file'), 'x'.repeat(1234));
    expect(await status('bob')).toEqual({
      account: 'bob',
      role: 'user',
      state: 'active',
      expires: '2099-01-02T00:00:00.000Z',
      lastLogin: null,
      readOnly: true,
      home: { bytes: { used: 1234, limit: 2_000_000 }, files: { used: 2, limit: 10 } },
      limits: { handles: 256, channels: 10, maxRead: 261_120, maxWrite: 261_120 },
      product: 'Plimsoll',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      platform: expect.stringContaining('linux') as string,
    });
  });

  it('tells the login before this one, and the default line', async () => {
    const before = Date.now();
    await status('alice');
    const second = (await status('alice')) as { lastLogin: string; home: { bytes: { limit: number } } };
    expect(Date.parse(second.lastLogin)).toBeGreaterThanOrEqual(before - 1000);
    expect(second.home.bytes.limit).toBe(100_000_000);
  });
});
