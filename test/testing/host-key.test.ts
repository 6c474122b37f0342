import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { missing, run, type Result } from '../interop/programs.js';
import { TestClient } from './client.js';

async function keyOf(server: TestServer): Promise<string> {
  let shown = '';
  const client = await TestClient.login(server, {
    hostVerifier: (key: Buffer) => {
      shown = `ssh-ed25519 ${key.toString('base64')}`;
      return true;
    },
  });
  await client.leave();
  return shown;
}

describe('changeHostKey', () => {
  it('shows another key to the next connections, until clear()', async () => {
    const server = await startTestServer();
    const before = await TestClient.login(server);
    const other = server.faults.changeHostKey();
    expect(other.fingerprint).toMatch(/^SHA256:\S{43}$/);
    expect(await keyOf(server)).toBe(other.hostKey);
    expect(server.hostKey).not.toBe(other.hostKey);
    await before.write('/f', 'the connection that was there goes on');
    server.faults.clear();
    expect(await keyOf(server)).toBe(server.hostKey);
    await server.close();
  });
});

describe.skipIf(missing('sftp', 'ssh-keygen'))("OpenSSH's sftp and a test server", () => {
  let work: string;
  let server: TestServer;
  beforeEach(async () => {
    work = mkdtempSync(join(tmpdir(), 'plimsoll-testing-'));
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(work, 'id')]);
    const line = execFileSync('ssh-keygen', ['-y', '-f', join(work, 'id')]).toString();
    server = await startTestServer({
      accounts: { alice: { keys: [line.trim()] } },
      files: { '/hello.txt': 'hello' },
    });
    writeFileSync(join(work, 'known_hosts'), `[${server.host}]:${server.port} ${server.hostKey}\n`);
  });
  afterEach(async () => {
    await server.close();
    rmSync(work, { recursive: true, force: true });
  });

  function sftp(batch: string): Promise<Result> {
    writeFileSync(join(work, 'batch'), batch);
    const options = [
      'IdentitiesOnly=yes',
      'BatchMode=yes',
      `UserKnownHostsFile=${join(work, 'known_hosts')}`,
    ];
    const args = [
      ...['-F', '/dev/null', '-i', join(work, 'id'), '-P', String(server.port), '-b', join(work, 'batch')],
      ...options.flatMap((option) => ['-o', option]),
    ];
    return run('sftp', [...args, `alice@${server.host}`], { cwd: work });
  }

  it('get along', async () => {
    expect((await sftp('get hello.txt\nput hello.txt back.txt\n')).status).toBe(0);
    expect((await server.read('/back.txt')).toString()).toBe('hello');
  });

  it('it refuses a changed host key', async () => {
    server.faults.changeHostKey();
    const { status, stderr } = await sftp('get hello.txt\n');
    expect(status).not.toBe(0);
    expect(stderr).toContain('REMOTE HOST IDENTIFICATION HAS CHANGED');
    expect(server.requests).toEqual([]);
    server.faults.clear();
    expect((await sftp('get hello.txt\n')).status).toBe(0);
  });

  it('it is told of a refused request in words', async () => {
    server.faults.refuse('open', { fault: 'quota', message: 'quota exceeded: a test says so' });
    const { status, stderr } = await sftp('put batch up.txt\n');
    expect(status).not.toBe(0);
    expect(stderr).toContain('quota exceeded: a test says so');
  });

  it('it notices that the link was cut', async () => {
    await server.write('/big.bin', Buffer.alloc(2_000_000));
    server.faults.cutAfter(500_000, { direction: 'down' });
    expect((await sftp('get big.bin\n')).status).not.toBe(0);
    expect((await sftp('reget big.bin\n')).status).toBe(0);
  });
});
