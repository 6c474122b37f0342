import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBytes, type ByteString } from '../../src/names.js';
import { auditLines, audited, type AuditLine } from './audit.js';
import { awaited } from './awaited.js';
import { writeNoise } from './bytes.js';
import { hostileNames, shellQuoted } from './hostile-names.js';
import { writeNamedFiles } from './named-files.js';
import { missing, run, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { WireClient } from './wire-client.js';

const mebibyte = 2 ** 20;

describe.skipIf(missing('ssh', 'ssh-keygen', 'bash', 'md5sum'))('ssh HOST COMMAND', () => {
  let server: TestServer;
  let home: string;
  let commands = 0;

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    mkdirSync(home, { recursive: true });
    await writeNoise(join(home, 'noise'), 50 * mebibyte);
    // Takes many seconds to hash, and no room on the disk.
    writeFileSync(join(home, 'endless'), '');
    truncateSync(join(home, 'endless'), 20 * 2 ** 30);
  });
  afterAll(() => server.stop());

  const sshArgs = (): readonly string[] => [
    ...server.sshOptions,
    '-p',
    String(server.port),
    'alice@127.0.0.1',
  ];

  /** Runs a command there; its bytes go through a file, since arguments of a program are text in Node. */
  function ssh(command: ByteString, input?: Buffer): Promise<Result> {
    const file = join(server.work, `command-${commands++}`);
    writeFileSync(file, toBytes(`${command}x`));
    const script = 'line=$(cat "$0"); exec ssh "$@" "${line%x}"';
    return run('bash', ['-c', script, file, ...sshArgs()], { ...(input && { input }) });
  }

  /** Runs it in a real shell, in the same folder. */
  function shell(command: ByteString, folder: string): Promise<Result> {
    const file = join(server.work, `command-${commands++}`);
    writeFileSync(file, toBytes(command));
    const env = { LC_ALL: 'C', PATH: process.env['PATH'], HOME: folder };
    return must(run('bash', [file], { cwd: folder, env }));
  }

  it('hashes as GNU does, the beginning of a file too', async () => {
    const lines = [
      ...['md5sum noise', 'sha1sum noise', 'sha224sum noise', 'sha256sum noise', 'sha384sum noise'],
      ...['sha512sum noise', 'md5sum -b n*', 'head -c 1048577 noise | sha256sum', 'head -c 0 noise | md5sum'],
    ];
    for (const line of lines) {
      const real = await shell(line, home);
      expect(await ssh(line), line).toEqual({ status: 0, stdout: real.stdout, stderr: '' });
    }
  });

  it('goes on answering others while it hashes, whichever way many at once are asked for', async () => {
    // Of zeros, which take as long to hash as any others, and no room on the disk.
    writeFileSync(join(home, 'long'), '');
    truncateSync(join(home, 'long'), 256 * mebibyte);
    const real = await shell('sha512sum long', home);
    const client = await WireClient.connect(server);
    const hashing = new AbortController();
    const hashed = Promise.all(Array.from({ length: 4 }, () => ssh('sha512sum long'))).finally(() =>
      hashing.abort(),
    );
    const replies: number[] = [];
    while (!hashing.signal.aborted) {
      await client.ask({ kind: 'realpath', path: '.' });
      replies.push(Date.now());
    }
    client.end();
    for (const { stdout } of await hashed) expect(stdout).toBe(real.stdout);
    const ends = await awaited(
      () => 'four hashes in the audit',
      () => {
        const closed = auditLines(server).filter(
          ({ event, path }) => event === 'file.closed' && path === 'long',
        );
        return closed.length === 4 && closed.map(({ time }) => Date.parse(time));
      },
    );
    const opened = auditLines(server).find(({ event, path }) => event === 'file.opened' && path === 'long');
    const began = Date.parse(opened?.time ?? '');
    // A hash in one go would leave none to others, from its beginning to its end.
    const during = replies.filter((at) => at > began && at < Math.min(...ends));
    expect(during.length).toBeGreaterThan(20);
  });

  it('stops a hash when its client is killed, and gives its turn to the next one [T7]', async () => {
    const before = auditLines(server).length;
    const killed = ['sha512sum', 'md5sum'].map((command) =>
      spawn('ssh', [...sshArgs(), `${command} endless`], { stdio: 'ignore' }),
    );
    // As many as an account may have at once: the next one has to wait.
    const lines = (): readonly AuditLine[] => auditLines(server).slice(before);
    const opened = (): number =>
      lines().filter(({ event, path }) => event === 'file.opened' && path === 'endless').length;
    await awaited(
      () => `2 hashes at work, of which ${opened()} are`,
      () => opened() === 2,
    );
    const next = ssh('head -c 5 noise | md5sum');
    await audited(server, ({ command }) => command === 'head -c 5 noise | md5sum');
    for (const child of killed) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    expect((await next).status).toBe(0);
    const closed = await audited(server, ({ event, path }) => event === 'file.closed' && path === 'endless');
    expect(closed.complete).toBe(false);
    const begun = (): number =>
      lines().findIndex(({ event, path }) => event === 'file.opened' && path === 'noise');
    await awaited(
      () => 'the next hash is in the audit log',
      () => begun() >= 0,
    );
    expect(lines().findIndex(({ event }) => event === 'file.closed')).toBeLessThan(begun());
    expect(closed.bytesRead).toBeLessThan(20 * 2 ** 30);
  });

  it('has the hash of what comes on standard input', async () => {
    const input = Buffer.alloc(3 * mebibyte, 'input');
    const real = await must(run('sha256sum', [], { input }));
    expect((await ssh('sha256sum', input)).stdout).toBe(real.stdout);
    expect((await ssh('sha256sum -', input)).stdout).toBe(real.stdout);
  });

  it('takes hostile names byte for byte, and prints them as GNU does', async () => {
    const folder = join(home, 'hostile');
    const names = hostileNames.map(({ name }) => name);
    writeNamedFiles(folder, names);
    const backslashed = (name: ByteString): ByteString =>
      name.replace(/[^A-Za-z0-9\n\x80-\xff]/g, '\\$&').replaceAll('\n', "'\n'");
    for (const quoted of [shellQuoted, backslashed]) {
      const line = `md5sum -- ${names.map(quoted).join(' ')}`;
      const real = await shell(line, folder);
      const inFolder = `md5sum -- ${names.map((name) => quoted(`/hostile/${name}`)).join(' ')}`;
      const { status, stdout, stderr } = await ssh(inFolder);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout.replaceAll(' /hostile/', ' ')).toBe(real.stdout);
    }
    const each = await ssh(`echo ${names.map(shellQuoted).join(' ')}`);
    expect(each.stdout).toBe(`${names.join(' ')}\n`);
  });

  it('expands patterns to names of any bytes, as a shell does', async () => {
    const folder = join(home, 'patterns');
    mkdirSync(folder);
    mkdtempSync(join(folder, 'sub-'));
    writeNamedFiles(join(folder, 'deep'), ['a', '-b', 'c\xff', 'd\ne', '.hidden', '*']);
    for (const pattern of ['~/patterns/*/*', '~/patterns/deep/[!a-c]*', "~/patterns/deep/'*'", '~/pat*/']) {
      const real = await shell(`echo ${pattern}`, home);
      expect((await ssh(`echo ${pattern}`)).stdout, pattern).toBe(real.stdout.replaceAll(home, ''));
    }
  });

  it("shows the room that sftp's df shows [PROTOCOL 4.3]", async () => {
    const { stdout } = await must(ssh('df -k /'));
    const total = Number(stdout.split('\n')[1]?.split(/\s+/)[1]);
    const statvfs = await must(server.sftp('alice', 'df'));
    const [size] = /\d+/.exec(statvfs.stdout.split('\n').find((line) => /^\s+\d/.test(line)) ?? '') ?? [];
    expect(total).toBe(Number(size));
  });

  it('is told when it is not served, and so is the log [PROTOCOL 7.4.6]', async () => {
    const { status, stdout, stderr } = await ssh('rsync --server -e.LsfxCIvu . /x');
    expect([status, stdout]).toEqual([127, '']);
    expect(stderr).toContain('rsync is not served here');
    const refused = await audited(
      server,
      ({ event, fault }) => event === 'request.refused' && fault === 'unsupported',
    );
    expect(refused.path).toBe('rsync --server -e.LsfxCIvu . /x');
    expect((await ssh('reboot; true')).status).toBe(127);
    expect(await ssh('md5sum missing')).toMatchObject({
      status: 1,
      stderr: 'md5sum: missing: no such file or folder\r\n',
    });
  });
});
