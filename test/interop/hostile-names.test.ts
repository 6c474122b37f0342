import { createHash } from 'node:crypto';
import { mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBytes, type ByteString } from '../../src/names.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { hostileNames, shellQuoted } from './hostile-names.js';
import { faithful, readNamedFiles, writeNamedFiles } from './named-files.js';
import { missing, run, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { WireClient } from './wire-client.js';

const names = hostileNames.map(({ name }) => name);
/** A batch for sftp(1) has a command a line. */
const inOneLine = names.filter((name) => !name.includes('\n'));
/** One of them for each kind of program that may misread it; not all, where each costs a connection. */
const few = ['*', '[a]', 'wh?t', 'with  two spaces', "it's", 'a\\b', 'caf\xe9 \xff\xfe', 'two\nlines', '-rf'];

/** The word as sftp(1) takes it: a backslash before whatever its quoting or its glob would read. */
function sftpQuoted(name: ByteString): string {
  return name.replace(/[\s'"\\*?[\]#]/g, '\\$&');
}

/** The path as a glob that fits it alone. */
function globQuoted(name: ByteString): string {
  return name.replace(/[\\*?[\]]/g, '\\$&');
}

describe.skipIf(missing('sftp', 'scp', 'ssh', 'ssh-keygen'))('hostile names', () => {
  let server: TestServer;
  const remote = (name: string): string => join(server.home('alice'), name);
  const local = (name: string): string => join(server.work, name);

  /** Runs a line of bytes in a shell: a program's arguments from here would be UTF-8. */
  function shell(line: ByteString): Promise<Result> {
    writeFileSync(local('line.sh'), line, 'latin1');
    return run('sh', [local('line.sh')], { cwd: server.work });
  }
  function program(command: string, portOption: string, ...words: readonly string[]): Promise<Result> {
    const before = [command, ...server.sshOptions, portOption, String(server.port)];
    return shell([...before.map(shellQuoted), ...words].join(' '));
  }

  beforeAll(async () => {
    server = await startServer();
    await must(server.sftp('alice', 'pwd'));
    writeNamedFiles(local('out'), names);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    rmSync(remote('in'), { recursive: true, force: true });
    rmSync(local('back'), { recursive: true, force: true });
    mkdirSync(remote('in'));
    mkdirSync(local('back'));
  });

  describe('over SFTP, packet by packet', () => {
    let client: WireClient;
    beforeEach(async () => {
      client = await WireClient.connect(server, { ident: 'OpenSSH_9.2p1' });
      return () => client.end();
    });

    it.each(hostileNames)('$what: written, listed, read, renamed, linked, removed', async ({ name }) => {
      const path = `/in/${name}`;
      const handle = await client.open(path, openFlags.write | openFlags.create);
      await client.write(handle, 0, toBytes(name));
      await client.close(handle);
      expect(readNamedFiles(remote('in'))).toEqual(faithful([name]));

      const folder = await client.get('handle', { kind: 'opendir', path: '/in' });
      const { entries } = await client.get('name', { kind: 'readdir', handle: folder.handle });
      expect(entries.map((entry) => entry.name).filter((entry) => !/^\.\.?$/.test(entry))).toEqual([name]);
      const listed = entries.find((entry) => entry.name === name);
      expect(listed?.longname.endsWith(` ${name}`)).toBe(true);
      const real = await client.get('name', { kind: 'realpath', path });
      expect(real.entries[0]?.name).toBe(path);

      const reading = await client.open(path, openFlags.read);
      const { data } = await client.get('data', { kind: 'read', handle: reading, offset: 0, length: 4096 });
      expect(Buffer.concat(data).toString('latin1')).toBe(name);
      await client.close(reading);

      await client.must({ kind: 'rename', from: path, to: '/moved' });
      await client.must({ kind: 'posix-rename@openssh.com', from: '/moved', to: path });
      await client.must({ kind: 'symlink', first: name, second: '/link' });
      expect(readlinkSync(remote('link'), 'latin1')).toBe(name);
      const target = await client.get('name', { kind: 'readlink', path: '/link' });
      expect(target.entries[0]?.name).toBe(name);
      await client.must({ kind: 'remove', path: '/link' });
      await client.must({ kind: 'remove', path });
      await client.must({ kind: 'mkdir', path, attrs: {} });
      await client.must({ kind: 'rmdir', path });
      expect(readNamedFiles(remote('in'))).toEqual([]);
    });

    it('NFC and NFD are two files', async () => {
      for (const { what, name } of hostileNames.filter((one) => one.what.startsWith('accent'))) {
        const handle = await client.open(
          `/in/${name}`,
          openFlags.write | openFlags.create | openFlags.exclusive,
        );
        await client.close(handle);
        expect(what).toMatch(/NFC|NFD/);
      }
      expect(readNamedFiles(remote('in'))).toHaveLength(2);
    });
  });

  describe("by OpenSSH's sftp", () => {
    it('put and get of each name, quoted, survive both ways', async () => {
      const put = inOneLine.map((name) => `put out/${sftpQuoted(name)} /in/${sftpQuoted(name)}`);
      const get = inOneLine.map((name) => `get /in/${sftpQuoted(name)} back/`);
      await must(server.sftp('alice', [...put, ...get].join('\n')));
      expect(readNamedFiles(remote('in'))).toEqual(faithful(inOneLine));
      expect(readNamedFiles(local('back'))).toEqual(faithful(inOneLine));
    });

    it('put -r and get -r carry every name both ways', async () => {
      await must(server.sftp('alice', 'put -r out /in/all\nget -r /in/all back/all'));
      expect(readNamedFiles(remote('in/all'))).toEqual(faithful(names));
      expect(readNamedFiles(local('back/all'))).toEqual(faithful(names));
    });

    it('rename and rm of each name', async () => {
      writeNamedFiles(remote('in'), inOneLine);
      const moves = inOneLine.map(
        (name) => `rename /in/${sftpQuoted(name)} /moved\nrename /moved /in/${sftpQuoted(name)}`,
      );
      await must(server.sftp('alice', moves.join('\n')));
      expect(readNamedFiles(remote('in'))).toEqual(faithful(inOneLine));
      await must(server.sftp('alice', inOneLine.map((name) => `rm /in/${sftpQuoted(name)}`).join('\n')));
      expect(readNamedFiles(remote('in'))).toEqual([]);
    });
  });

  describe("by OpenSSH's scp over SFTP", () => {
    it('all names together, and the folder of them back', async () => {
      const sources = names.map((name) => shellQuoted(`./out/${name}`));
      await must(program('scp', '-P', ...sources, 'alice@127.0.0.1:/in'));
      expect(readNamedFiles(remote('in'))).toEqual(faithful(names));
      await must(program('scp', '-P', '-r', 'alice@127.0.0.1:/in', 'back/all'));
      expect(readNamedFiles(local('back/all'))).toEqual(faithful(names));
    });

    it.each(few)('%j alone, both ways', async (name) => {
      const there = `alice@127.0.0.1:/in/${name}`;
      await must(program('scp', '-P', shellQuoted(`./out/${name}`), shellQuoted(there)));
      expect(readNamedFiles(remote('in'))).toEqual(faithful([name]));
      // What is fetched is a pattern.
      const pattern = `alice@127.0.0.1:/in/${globQuoted(name)}`;
      await must(program('scp', '-P', shellQuoted(pattern), 'back/'));
      expect(readNamedFiles(local('back'))).toEqual(faithful([name]));
    });
  });

  describe('by commands over exec', () => {
    const hashOf = (name: ByteString): string => createHash('md5').update(toBytes(name)).digest('hex');

    it('md5sum of all names, each quoted for a shell', async () => {
      writeNamedFiles(remote('in'), names);
      const command = `md5sum -- ${names.map((name) => shellQuoted(`/in/${name}`)).join(' ')}`;
      const { stdout } = await must(program('ssh', '-p', 'alice@127.0.0.1', shellQuoted(command)));
      // GNU's lines: a name that would break its line is escaped, and so the line begins with a backslash.
      const hashes = stdout.split('\n').map((line) => /^\\?([0-9a-f]{32}) {2}/.exec(line)?.[1]);
      expect(hashes.slice(0, -1)).toEqual(names.map(hashOf));
    });

    it('md5sum of all names, each with a backslash before every byte, as rclone quotes', async () => {
      writeNamedFiles(remote('in'), inOneLine);
      const quoted = inOneLine.map((name) => `/in/${name.replace(/[^\w/]/g, '\\$&')}`);
      const command = shellQuoted(`md5sum -- ${quoted.join(' ')}`);
      const { stdout } = await must(program('ssh', '-p', 'alice@127.0.0.1', command));
      const hashes = stdout.split('\n').map((line) => /^\\?([0-9a-f]{32}) {2}/.exec(line)?.[1]);
      expect(hashes.slice(0, -1)).toEqual(inOneLine.map(hashOf));
    });
  });

  // Folders of them, quotes and newlines: openssh-scp-legacy.test.ts.
  describe("by OpenSSH's scp -O", () => {
    it('all names together', async () => {
      const sources = names.map((name) => shellQuoted(`./out/${name}`));
      await must(program('scp', '-P', '-O', ...sources, 'alice@127.0.0.1:/in'));
      expect(readNamedFiles(remote('in'))).toEqual(faithful(names));
    });

    it('a\\^Jb, what a newline is sent as: arrives with the newline [PROTOCOL 7.5.5]', async () => {
      // The one kind of ordinary name that does not survive: nothing on the way tells the two apart.
      writeNamedFiles(local('ambiguous'), ['a\\^Jb']);
      await must(program('scp', '-P', '-O', shellQuoted('./ambiguous/a\\^Jb'), 'alice@127.0.0.1:/in'));
      expect(readNamedFiles(remote('in'))).toEqual([['a\nb', 'a\\^Jb']]);
    });

    it.each(few.filter((name) => inOneLine.includes(name)))(
      '%j alone, both ways, with a backslash for the shell that there is not',
      async (name) => {
        // A word for a shell, and for the client's own check a pattern: a backslash serves both.
        const there = `alice@127.0.0.1:/in/${name.replace(/[^\w\x80-\xff]/g, '\\$&')}`;
        await must(program('scp', '-P', '-O', shellQuoted(`./out/${name}`), shellQuoted(there)));
        expect(readNamedFiles(remote('in'))).toEqual(faithful([name]));
        await must(program('scp', '-P', '-O', shellQuoted(there), 'back/'));
        expect(readNamedFiles(local('back'))).toEqual(faithful([name]));
      },
    );
  });
});
