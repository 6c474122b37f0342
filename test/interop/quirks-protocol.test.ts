import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Fault, faultCodes } from '../../src/fault.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { sessionPair } from '../sftp/session-pair.js';
import { watchedVfs } from '../sftp/watched-vfs.js';
import { missing } from './programs.js';
import { startServer, type TestServer } from './server.js';
import { WireClient } from './wire-client.js';

const { write, create } = openFlags;

/** What clients find in the protocol itself; the programs' own habits are in the other files of quirks. */
describe.skipIf(missing('ssh-keygen'))('quirks of the protocol', () => {
  let server: TestServer;
  let client: WireClient;
  const remote = (name: string): string => join(server.home('alice'), name);

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = await WireClient.connect(server);
  });
  afterEach(() => client.end());

  describe('versions', () => {
    it.each([
      [6, 3],
      [5, 3],
      [4, 3],
      [3, 3],
      [2, 2],
      [1, 1],
    ])('INIT %i is answered with %i: never more than was asked for', async (asked, answered) => {
      const other = await WireClient.connect(server, { version: asked });
      expect(other.version.version).toBe(answered);
      other.end();
    });
  });

  describe('SYMLINK', () => {
    const targetFirst = [
      ...['OpenSSH_9.2p1 Debian-2', 'OpenSSH_for_Windows_9.5', 'dropbear_2022.83', 'paramiko_3.4.0'],
      ...['Go', 'rclone/v1.66.0', 'JSCH_0.2.17', 'SSHJ_0.38.0', 'PuTTY_Release_0.78', 'FileZilla_3.63.0'],
      ...['libssh2_1.11.0', 'APACHE-SSHD-2.12.0', 'Cyberduck/8.8.2'],
    ];
    const linkFirst = [
      'WinSCP_release_6.3.4',
      'libssh_0.10.6',
      'libssh-0.2',
      'ssh2js1.17.0',
      'AsyncSSH_2.14.2',
    ];
    const order = [
      ...targetFirst.map((ident) => [ident, 'target', 'link'] as const),
      ...linkFirst.map((ident) => [ident, 'link', 'target'] as const),
    ];

    it.each(order)('%s sends %s, %s, as it judges our ident', async (ident, first, second) => {
      const other = await WireClient.connect(server, { ident });
      await other.must({ kind: 'symlink', first: `/${first}`, second: `/${second}` });
      expect(readlinkSync(remote('link'))).toBe('/target');
      rmSync(remote('link'));
      other.end();
    });
  });

  describe('sizes of packets', () => {
    it.each([16_384, 32_768, 33_967, 261_120])(
      'WRITE and READ of %i bytes are served whole',
      async (size) => {
        const data = Buffer.alloc(size, 'd');
        const handle = await client.open('/sized', openFlags.read | write | create);
        await client.write(handle, 0, data);
        const reply = await client.get('data', { kind: 'read', handle, offset: 0, length: size });
        expect(Buffer.concat(reply.data).equals(data)).toBe(true);
        await client.close(handle);
        rmSync(remote('sized'));
      },
    );

    it('a READ of more than the limit gets the limit, and the rest when asked again: chunk sizes that are too large corrupt nothing', async () => {
      const data = Buffer.from(Array.from({ length: 500_000 }, (_, index) => index & 0xff));
      writeFileSync(remote('chunked'), data);
      const handle = await client.open('/chunked', openFlags.read);
      const first = await client.get('data', { kind: 'read', handle, offset: 0, length: 2 ** 20 });
      expect(first.length).toBe(261_120);
      const second = await client.get('data', {
        kind: 'read',
        handle,
        offset: first.length,
        length: 2 ** 20,
      });
      expect(Buffer.concat([...first.data, ...second.data]).equals(data)).toBe(true);
    });

    it('limits@openssh.com never fails: for the OpenSSH client that would be the end', async () => {
      expect(await client.ask({ kind: 'limits@openssh.com' })).toMatchObject({
        maxPacketLength: 262_144,
        maxReadLength: 261_120,
        maxWriteLength: 261_120,
      });
    });
  });

  describe('status codes', () => {
    it.each(faultCodes)('%s is a code of version 3, which ends at 8', async (code) => {
      const { vfs } = watchedVfs({ before: () => Promise.reject(new Fault(code)) });
      const pair = sessionPair({ vfs });
      await pair.init();
      const reply = await pair.ask({ kind: 'mkdir', path: '/x', attrs: {} });
      if (reply.kind !== 'status') throw new Error(reply.kind);
      expect(reply.code).toBeGreaterThan(0);
      expect(reply.code).toBeLessThanOrEqual(8);
      expect(reply.message).not.toBe('');
    });

    it('after a WRITE that has no room the session goes on, all queued WRITEs are answered in order, and what fitted stays', async () => {
      const limit = 2 ** 20;
      const small = await startServer({ under: ['prlimit', `--fsize=${limit}`] });
      const other = await WireClient.connect(small);
      const handle = await other.open('/full', write | create);
      const block = Buffer.alloc(32_768, 'b');
      const ids = Array.from({ length: 64 }, (_, index) =>
        other.sendWrite(handle, index * block.length, block),
      );
      const codes = [];
      for (const id of ids) codes.push((await other.got('status', id)).code);
      expect(codes).toEqual(ids.map((_, index) => (index < limit / block.length ? 0 : 4)));
      expect(other.order.slice(-ids.length)).toEqual(ids);
      await other.close(handle);
      expect(statSync(join(small.home('alice'), 'full')).size).toBe(limit);
      expect(other.stderr).toContain('larger than');
      // Nothing was closed: the same session works.
      await other.must({ kind: 'mkdir', path: '/after', attrs: {} });
      other.end();
      await small.stop();
    });
  });

  describe('listings', () => {
    it('a READDIR has a hundred names and more, where they have up to a hundred bytes', async () => {
      mkdirSync(remote('long names'));
      for (let index = 0; index < 250; index++)
        writeFileSync(remote(`long names/${String(index).padStart(100, 'n')}`), '');
      const { handle } = await client.get('handle', { kind: 'opendir', path: '/long names' });
      const { entries } = await client.get('name', { kind: 'readdir', handle });
      expect(entries.length).toBeGreaterThanOrEqual(100);
      await client.close(handle);
    });

    it('the long name is a line of ls -l: modes, links, owner, group, size, date, name', async () => {
      mkdirSync(remote('lines'));
      writeFileSync(remote('lines/with a space'), '12345', { mode: 0o640 });
      const { handle } = await client.get('handle', { kind: 'opendir', path: '/lines' });
      const { entries } = await client.get('name', { kind: 'readdir', handle });
      const lines = entries.map(({ longname }) => longname).sort();
      const dated = String.raw`[A-Z][a-z]{2} [ \d]\d +\d\d:\d\d`;
      expect(lines[0]).toMatch(new RegExp(String.raw`^-rw-r----- +1 alice +alice +5 ${dated} with a space$`));
      expect(lines[1]).toMatch(new RegExp(String.raw`^drwx------ +\d+ alice +alice +\d+ ${dated} \.{1,2}$`));
      await client.close(handle);
    });

    it('what comes after the end is the end, however often it is asked for', async () => {
      mkdirSync(remote('empty'));
      const { handle } = await client.get('handle', { kind: 'opendir', path: '/empty' });
      const ids = Array.from({ length: 4 }, () => client.send({ kind: 'readdir', handle }));
      await client.got('name', ids[0] ?? 0);
      for (const id of ids.slice(1)) expect(await client.got('status', id)).toMatchObject({ code: 1 });
      await client.close(handle);
    });
  });

  it('a file is exactly as long as it was written once CLOSE is answered [T4]', async () => {
    const handle = await client.open('/exact', write | create);
    const blocks = Array.from({ length: 40 }, (_, index) => Buffer.alloc(10_000 + index, 'x'));
    let size = 0;
    for (const block of blocks) {
      client.sendWrite(handle, size, block);
      size += block.length;
    }
    client.send({ kind: 'close', handle });
    const { attrs } = await client.get('attrs', { kind: 'stat', path: '/exact' });
    expect(attrs.size).toBe(size);
    expect(readFileSync(remote('exact')).length).toBe(size);
  });
});
