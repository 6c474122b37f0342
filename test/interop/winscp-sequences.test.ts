import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { signedTime, WinscpClient, winscpIdent } from './winscp-client.js';

const password = 'a plain password';

/** WinSCP runs on Windows alone: what it asks is replayed, packet for packet, over a real connection. */
describe.skipIf(missing('ssh-keygen'))("WinSCP's sequences", () => {
  let server: TestServer;
  let winscp: WinscpClient;
  const remote = (name: string): string => join(server.home('alice'), name);
  const dated = (data: Buffer) => ({ data, mtime: 1_111_111_111, permissions: 0o640 });

  beforeAll(async () => {
    server = await startServer();
    await must(server.plimsoll(['user', 'passwd', 'alice', '--password-stdin'], `${password}\n`));
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    winscp = await WinscpClient.connect(server);
  });
  afterEach(() => winscp.end());

  describe('login', () => {
    it('keyboard-interactive is refused, and password gets in', async () => {
      const client = await WinscpClient.connect(server, {
        logins: [
          { type: 'none', username: 'alice' },
          { type: 'keyboard-interactive', username: 'alice', prompt: () => undefined },
          { type: 'password', username: 'alice', password },
        ],
      });
      expect(client.wire.refusals).toEqual([
        ['publickey', 'password'],
        ['publickey', 'password'],
      ]);
      expect(await client.cd('.')).toBe('/');
      client.end();
    });

    it.each([3, 6])('INIT %i is answered with version 3', async (version) => {
      const client = await WinscpClient.connect(server, { version });
      expect(client.wire.version.version).toBe(3);
      client.end();
    });

    it('VERSION announces what WinSCP looks for', () => {
      const announced = new Map(winscp.wire.version.extensions);
      for (const name of ['check-file', 'copy-file', 'copy-data', 'space-available', 'hardlink@openssh.com'])
        expect(announced.get(name), name).toBe('1');
      expect(announced.get('statvfs@openssh.com')).toBe('2');
      expect(announced.get('limits@openssh.com')).toBe('1');
    });
  });

  describe('folders', () => {
    it('every cd is a REALPATH, and gives the absolute path as the account sees it', async () => {
      mkdirSync(remote('one/two'), { recursive: true });
      expect(await winscp.cd('.')).toBe('/');
      expect(await winscp.cd('/one')).toBe('/one');
      expect(await winscp.cd('/one/two/..')).toBe('/one');
      expect(await winscp.cd('/one/two/../../../..')).toBe('/');
    });

    it('a listing keeps two READDIRs on the way, and has each name once', async () => {
      mkdirSync(remote('many'));
      const names = Array.from({ length: 1000 }, (_, index) => `file with number ${index}`);
      for (const name of names) writeFileSync(remote(`many/${name}`), '');
      const listed = (await winscp.list('/many')).map(({ name }) => name);
      expect([...listed].sort()).toEqual(['.', '..', ...names].sort());
    });

    it('owner and group are read out of the long name', async () => {
      mkdirSync(remote('owned'));
      writeFileSync(remote('owned/file'), 'x');
      const [file] = (await winscp.list('/owned')).filter(({ name }) => name === 'file');
      expect(file).toMatchObject({ owner: 'alice', group: 'alice', attrs: { size: 1 } });
    });
  });

  describe('upload', () => {
    it('of a large file goes to NAME.filepart with 64 WRITEs on the way, and is renamed', async () => {
      const data = randomBytes(20_000_003);
      await winscp.upload('/large', dated(data));
      expect(readFileSync(remote('large')).equals(data)).toBe(true);
      expect(existsSync(remote('large.filepart'))).toBe(false);
      expect(statSync(remote('large'))).toMatchObject({ mtimeMs: 1_111_111_111_000, mode: 0o100640 });
    });

    it('WRITEs fill the largest packet that limits@openssh.com tells', async () => {
      const { maxPacketLength } = await winscp.wire.get('limits@openssh.com', { kind: 'limits@openssh.com' });
      const handle = await winscp.wire.open('/packet', openFlags.write | openFlags.create);
      const data = randomBytes(maxPacketLength - 21 - handle.length);
      await winscp.wire.must({ kind: 'write', handle, offset: 0, data: [data], length: data.length });
      await winscp.wire.must({ kind: 'close', handle });
      expect(readFileSync(remote('packet')).equals(data)).toBe(true);
    });

    it('over an old large file REMOVEs that once the new one is whole', async () => {
      writeFileSync(remote('replaced'), 'old');
      const data = randomBytes(300_000);
      await winscp.upload('/replaced', dated(data));
      expect(readFileSync(remote('replaced')).equals(data)).toBe(true);
      expect(existsSync(remote('replaced.filepart'))).toBe(false);
    });

    it.each([0, 1, 100 * 1024])(
      'of a small file (%i bytes): WRITE, CLOSE and SETSTAT back to back, and the time survives the CLOSE',
      async (size) => {
        const data = randomBytes(size);
        await winscp.upload(`/small-${size}`, dated(data));
        expect(readFileSync(remote(`small-${size}`)).equals(data)).toBe(true);
        expect(statSync(remote(`small-${size}`))).toMatchObject({
          mtimeMs: 1_111_111_111_000,
          mode: 0o100640,
        });
      },
    );

    it('of a small file that is there: EXCL fails, and what is overwritten leaves no tail', async () => {
      writeFileSync(remote('there'), 'x'.repeat(5000));
      const refused = await winscp.wire.ask({
        ...{ kind: 'open', path: '/there', attrs: {} },
        flags: openFlags.write | openFlags.create | openFlags.exclusive,
      });
      expect(refused).toMatchObject({ kind: 'status', code: 4, message: 'that name exists already' });
      await winscp.upload('/there', dated(Buffer.from('short')));
      expect(readFileSync(remote('there'), 'utf8')).toBe('short');
    });

    it('of many small files, one after the other and none waited for', async () => {
      mkdirSync(remote('batch'));
      const names = Array.from({ length: 50 }, (_, index) => `/batch/${index}`);
      await Promise.all(names.map((name) => winscp.upload(name, dated(Buffer.from(name)))));
      for (const name of names) {
        expect(readFileSync(remote(name), 'utf8')).toBe(name);
        expect(statSync(remote(name)).mtimeMs).toBe(1_111_111_111_000);
      }
    });

    it('that is cancelled REMOVEs its part, with WRITEs still on the way', async () => {
      await winscp.uploadCancelled('/cancelled', randomBytes(10_000_000));
      expect(readdirSync(server.home('alice')).filter((name) => name.startsWith('cancelled'))).toEqual([]);
      // The session goes on.
      await winscp.upload('/cancelled', dated(Buffer.from('after all')));
      expect(readFileSync(remote('cancelled'), 'utf8')).toBe('after all');
    });
  });

  describe('download', () => {
    it.each([0, 1, 20_000_003])('of %i bytes keeps 32 READs on the way: bytes equal', async (size) => {
      const data = randomBytes(size);
      writeFileSync(remote(`down-${size}`), data);
      expect((await winscp.download(`/down-${size}`)).equals(data)).toBe(true);
    });
  });

  describe('resume', () => {
    const size = 2_500_000;
    const data = randomBytes(size);

    it.each([0, 1, 1024, 1_048_576, size - 1, size])(
      'goes on from %i bytes both ways: bytes equal',
      async (from) => {
        const first = await WinscpClient.connect(server);
        await first.uploadPartly(`/resumed-${from}`, data.subarray(0, from));
        // The connection breaks.
        first.end();
        expect((await winscp.lstat(`/resumed-${from}.filepart`))?.size).toBe(from);

        await winscp.upload(`/resumed-${from}`, dated(data));
        expect(readFileSync(remote(`resumed-${from}`)).equals(data)).toBe(true);
        expect(existsSync(remote(`resumed-${from}.filepart`))).toBe(false);

        const whole = await winscp.download(`/resumed-${from}`, data.subarray(0, from));
        expect(whole.equals(data)).toBe(true);
      },
    );

    it('leaves the part alone: neither OPEN nor the first WRITE cuts what is there', async () => {
      writeFileSync(remote('kept.filepart'), data.subarray(0, 1000));
      const handle = await winscp.wire.open('/kept.filepart', openFlags.write | openFlags.create);
      expect(statSync(remote('kept.filepart')).size).toBe(1000);
      await winscp.wire.must({ kind: 'write', handle, offset: 1000, data: [Buffer.from('!')], length: 1 });
      await winscp.wire.must({ kind: 'close', handle });
      expect(
        readFileSync(remote('kept.filepart')).equals(
          Buffer.concat([data.subarray(0, 1000), Buffer.from('!')]),
        ),
      ).toBe(true);
    });
  });

  describe('times', () => {
    it.each([-1, -86_400, -0x8000_0000, 0, 0x7fff_ffff])(
      'the signed time %i comes back as it was sent',
      async (mtime) => {
        await winscp.upload('/signed', { data: Buffer.from('x'), mtime: mtime >>> 0, permissions: 0o644 });
        expect(signedTime((await winscp.lstat('/signed'))?.mtime)).toBe(mtime);
        await winscp.wire.must({ kind: 'remove', path: '/signed' });
      },
    );
  });

  describe('links', () => {
    it('SYMLINK comes in the order of the draft, link first, since our ident is not OpenSSH’s', async () => {
      await winscp.wire.must({ kind: 'symlink', first: '/link', second: 'target of it' });
      expect(readlinkSync(remote('link'))).toBe('target of it');
      expect(winscpIdent).toMatch(/^WinSCP/);
    });
  });
});
