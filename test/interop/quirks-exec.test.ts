import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missing } from './programs.js';
import { startServer, type TestServer } from './server.js';
import { winscpIdent } from './winscp-client.js';
import { WireClient } from './wire-client.js';

/** What programs run on the server, or try to. */
describe.skipIf(missing('ssh-keygen'))('quirks of exec', () => {
  let server: TestServer;
  let client: WireClient;
  const remote = (name: string): string => join(server.home('alice'), name);

  beforeAll(async () => {
    server = await startServer();
    mkdirSync(server.home('alice'), { recursive: true });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = await WireClient.connect(server, { ident: winscpIdent });
  });
  afterEach(() => client.end());

  describe('rclone', () => {
    it('asks by echo ${ShellId}%ComSpec% which shell this is, and takes it for a Unix one', async () => {
      const { status, stdout } = await client.exec('echo ${ShellId}%ComSpec%');
      expect(status).toBe(0);
      // Windows' shells would put something in the place of one of the two.
      expect(stdout.toString()).not.toMatch(/Microsoft\.PowerShell|cmd\.exe/i);
    });

    it.each([
      ['md5sum', 'd41d8cd98f00b204e9800998ecf8427e'],
      ['sha1sum', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ])('tries %s without arguments on no input: the hash of nothing has to come', async (command, hash) => {
      const { status, stdout } = await client.exec(command);
      expect([status, stdout.toString().split(' ')[0]]).toEqual([0, hash]);
    });

    it('names the file with a backslash before each special character', async () => {
      writeFileSync(remote('a (b) & $c.txt'), 'x');
      const { status, stdout } = await client.exec(String.raw`md5sum /a\ \(b\)\ \&\ \$c.txt`);
      expect([status, stdout.toString().split(' ')[0]]).toEqual([0, '9dd4e461268c8034f5c8564e155c67a6']);
    });

    it('reads the table of df -k: numbers in the second, third and fourth column of the second line', async () => {
      const { status, stdout } = await client.exec('df -k /');
      expect(status).toBe(0);
      const [, line = ''] = stdout.toString().split('\n');
      const [total, used, free] = line.split(/\s+/).slice(1, 4).map(Number);
      expect((used ?? NaN) + (free ?? NaN)).toBeGreaterThan(0);
      expect(total).toBeGreaterThan(0);
    });
  });

  describe('WinSCP', () => {
    it.each([
      'pwd',
      'ls -la --full-time',
      'unset LANG ; echo "WinSCP: this is end-of-file:$?"',
      'echo "WinSCP: this is begin-of-file" ; pwd ; echo "WinSCP: this is end-of-file:$?"',
    ])('falls back to SCP with `%s`: refused at once, with a sentence, and SFTP goes on', async (command) => {
      const { status, stdout, stderr } = await client.exec(command);
      expect(status).toBe(127);
      expect(stdout.length).toBe(0);
      expect(stderr).toMatch(/^\S.*\r\n$/);
      expect(await client.get('name', { kind: 'realpath', path: '.' })).toMatchObject({ kind: 'name' });
    });

    it.each(['pwd', 'ls -la'])('is told by `%s` to choose SFTP', async (command) => {
      expect((await client.exec(command)).stderr).toContain('choose SFTP as the protocol, not SCP');
    });

    it('sends a file to scp -t', async () => {
      const content = 'through scp';
      const lines = `T1111111111 0 1111111111 0\nC0640 ${content.length} by scp\n${content}\0`;
      const { status, stdout, stderr } = await client.exec('scp -p -t /', lines);
      // One for being ready, one for each line, one for the file.
      expect([status, [...stdout], stderr]).toEqual([0, [0, 0, 0, 0], '']);
      expect(readFileSync(remote('by scp'), 'utf8')).toBe(content);
      expect(statSync(remote('by scp'))).toMatchObject({ mtimeMs: 1_111_111_111_000, mode: 0o100640 });
    });
  });

  describe('rsync and git-annex', () => {
    it.each([
      ['rsync --server -vlogDtprze.iLsfxC . /backup', /rsync is not served here/],
      ['git-annex-shell configlist /repository', /not served here/],
      ['git-upload-pack /repository', /not served here/],
    ])('`%s` ends with 127 and a sentence, at once', async (command, sentence) => {
      const { status, stdout, stderr } = await client.exec(command, 'some protocol of its own');
      expect(status).toBe(127);
      expect(stdout.length).toBe(0);
      expect(stderr).toMatch(sentence);
    });
  });
});
