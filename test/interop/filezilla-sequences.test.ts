import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { statusCodes } from '../../src/wire/status.js';
import { scale } from '../scale.js';
import { sha256, writeNoise } from './bytes.js';
import { FilezillaClient } from './filezilla-client.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

const mebibyte = 2 ** 20;

/** A sixty-fourth of what is moved; the default is 1 GiB, which is FileZilla's own. */
const rekeyBytes = Math.max(mebibyte, scale('rekeyBytes') / 64);

/** What FileZilla asks when it transfers, packet for packet; login and listings are in fzsftp.test.ts, for real. */
describe.skipIf(missing('ssh-keygen'))("FileZilla's transfers", () => {
  const password = 'for every connection';
  const clients: FilezillaClient[] = [];
  let server: TestServer;
  let home: string;
  let noise: Buffer;
  const remote = (name: string): string => join(home, name);

  async function connect(
    options: Parameters<typeof FilezillaClient.connect>[1] = {},
  ): Promise<FilezillaClient> {
    const client = await FilezillaClient.connect(server, options);
    clients.push(client);
    return client;
  }

  beforeAll(async () => {
    server = await startServer({ environment: { PLIMSOLL_REKEY_BYTES: String(rekeyBytes) } });
    home = server.home('alice');
    await must(server.plimsoll(['user', 'set', 'alice', '--quota', 'none']));
    mkdirSync(home, { recursive: true });
    await writeNoise(join(server.work, 'noise'), 2_500_000);
    noise = readFileSync(join(server.work, 'noise'));
  });
  afterAll(async () => {
    for (const client of clients) client.end();
    await server.stop();
  });

  it('uploads by WRITEs of 16 KiB and downloads by READs of 32 KiB that run over the end', async () => {
    const filezilla = await connect();
    await filezilla.put('/up', noise);
    expect(statSync(remote('up')).size).toBe(noise.length);
    expect(readFileSync(remote('up')).equals(noise)).toBe(true);
    expect((await filezilla.get('/up')).equals(noise)).toBe(true);
    // In order: FileZilla takes the first answer without data for the end of the file.
    expect(filezilla.wire.order).toEqual([...filezilla.wire.order].sort((one, other) => one - other));
  });

  it('a size that is a whole number of READs ends with EOF, an empty file at once', async () => {
    const filezilla = await connect();
    await filezilla.put('/even', noise.subarray(0, 3 * 32 * 1024));
    expect((await filezilla.get('/even')).length).toBe(3 * 32 * 1024);
    await filezilla.put('/empty', Buffer.alloc(0));
    expect(await filezilla.get('/empty')).toHaveLength(0);
  });

  it.each([0, 1, 1024, mebibyte, 'size-1', 'size'] as const)(
    'goes on with an upload and a download from %s bytes',
    async (from) => {
      const there = from === 'size' ? noise.length : from === 'size-1' ? noise.length - 1 : from;
      writeFileSync(remote('resumed'), noise.subarray(0, there));
      const filezilla = await connect();
      expect(await filezilla.reput('/resumed', noise)).toBe(there);
      expect(readFileSync(remote('resumed')).equals(noise)).toBe(true);
      expect((await filezilla.get('/resumed', there)).equals(noise.subarray(there))).toBe(true);
    },
  );

  it('WRITE without CREAT makes no file', async () => {
    const filezilla = await connect();
    const reply = await filezilla.wire.ask({
      kind: 'open',
      path: '/none',
      flags: openFlags.write,
      attrs: {},
    });
    expect(reply).toMatchObject({ kind: 'status', code: statusCodes.noSuchFile });
    expect(existsSync(remote('none'))).toBe(false);
  });

  it('FSTAT on a handle that may only write tells the size, also as it grows', async () => {
    const filezilla = await connect();
    writeFileSync(remote('grown'), 'five5');
    const handle = await filezilla.wire.open('/grown', openFlags.write);
    const size = async (): Promise<number | undefined> =>
      (await filezilla.wire.get('attrs', { kind: 'fstat', handle })).attrs.size;
    expect(await size()).toBe(5);
    await filezilla.wire.write(handle, 5, Buffer.from('more'));
    expect(await size()).toBe(9);
    truncateSync(remote('grown'), 3);
    expect(await size()).toBe(3);
    await filezilla.wire.close(handle);
  });

  it('preserves times by STAT and SETSTAT after CLOSE', async () => {
    const filezilla = await connect();
    await filezilla.put('/dated', noise.subarray(0, 100_000));
    await filezilla.preserveTime('/dated', 1_234_567_890);
    expect(statSync(remote('dated')).mtimeMs).toBe(1_234_567_890_000);
    expect(statSync(remote('dated')).size).toBe(100_000);
  });

  it('a connection that broke leaves a beginning of the file, from which the next one goes on', async () => {
    const broken = await connect();
    await broken.putBroken('/retried', noise, mebibyte);
    const left = readFileSync(remote('retried'));
    expect(left.length).toBeGreaterThanOrEqual(mebibyte);
    expect(noise.subarray(0, left.length).equals(left)).toBe(true);
    const next = await connect();
    expect(await next.reput('/retried', noise)).toBeGreaterThanOrEqual(mebibyte);
    expect(readFileSync(remote('retried')).equals(noise)).toBe(true);
  });

  it('ten connections, each with its own login by password, transfer at the same time', async () => {
    await must(server.plimsoll(['user', 'add', 'paula', '--password-stdin'], password));
    const ten = Array.from({ length: 10 }, (_, index) => index);
    await Promise.all(
      ten.map(async (index) => {
        const login = { type: 'password', username: 'paula', password } as const;
        const filezilla = await connect({ account: 'paula', logins: [login] });
        const mine = noise.subarray(index * 1000);
        await filezilla.put(`/file${index}`, mine);
        await filezilla.preserveTime(`/file${index}`, 1_000_000_000 + index);
        expect((await filezilla.get(`/file${index}`)).equals(mine)).toBe(true);
      }),
    );
    for (const index of ten) {
      const { size, mtimeMs } = statSync(join(server.home('paula'), `file${index}`));
      expect({ size, mtimeMs }).toEqual({
        size: noise.length - index * 1000,
        mtimeMs: (1_000_000_000 + index) * 1000,
      });
    }
  });

  it('keys are exchanged again and again under a transfer, and no byte is lost', async () => {
    const filezilla = await connect();
    const turn = 16 * mebibyte;
    await writeNoise(join(server.work, 'big'), turn, 9);
    const big = readFileSync(join(server.work, 'big'));
    for (let moved = 0; moved < scale('rekeyBytes'); moved += 2 * turn) {
      await filezilla.put('/big', big);
      expect((await filezilla.get('/big')).equals(big)).toBe(true);
    }
    expect(filezilla.wire.exchanges).toBeGreaterThan(scale('rekeyBytes') / rekeyBytes / 2);
    expect(await sha256(remote('big'))).toBe(await sha256(join(server.work, 'big')));
  }, 600_000);
});
