import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskUsage } from '../quota/system/disk-usage.js';
import { auditLines } from './audit.js';
import { writeNoise } from './bytes.js';
import { missing, run, type Result } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { treeOf } from './tree.js';
import { accountStatus, WireClient } from './wire-client.js';

/** A life of a repository, in order: each test goes on where the one before ended. */
describe.skipIf(missing('restic', 'ssh'))('restic', () => {
  let server: TestServer;
  const local = (path: string): string => join(server.work, path);
  const repository = (...path: string[]): string => join(server.home('alice'), 'backups/repository', ...path);

  beforeAll(async () => {
    server = await startServer();
    mkdirSync(local('source/deep/empty'), { recursive: true });
    await writeNoise(local('source/noise'), 12_000_000);
    for (let index = 0; index < 50; index++) writeFileSync(local(`source/deep/${index}`), `file ${index}`);
    writeFileSync(local('source/deep/it\'s "名字" *'), 'a name');
    utimesSync(local('source/noise'), 1_000_000_000, 1_100_000_000);
  });
  afterAll(async () => {
    await server.stop();
    expect(server.log()).not.toContain('request.failed');
  });

  function restic(...args: readonly string[]): Promise<Result> {
    const ssh = ['ssh', ...server.sshOptions, '-p', String(server.port), 'alice@127.0.0.1', '-s', 'sftp'];
    const options = ['-o', `sftp.command=${ssh.join(' ')}`];
    return run('restic', ['--repo', 'sftp:alice@127.0.0.1:backups/repository', ...options, ...args], {
      cwd: server.work,
      env: {
        PATH: process.env['PATH'],
        HOME: local('nowhere'),
        RESTIC_CACHE_DIR: local('cache'),
        RESTIC_PASSWORD: 'correct horse battery',
      },
    });
  }

  async function restored(snapshot: string): Promise<ReturnType<typeof treeOf>> {
    rmSync(local('restored'), { recursive: true, force: true });
    await must(restic('restore', snapshot, '--target', local('restored')));
    return treeOf(local('restored/source'));
  }

  it('init makes a repository', async () => {
    await must(restic('init'));
    expect(readdirSync(repository()).sort()).toEqual([
      'config',
      'data',
      'index',
      'keys',
      'locks',
      'snapshots',
    ]);
  });

  it('backup and restore: every byte and time', async () => {
    await must(restic('backup', 'source'));
    expect(await restored('latest')).toEqual(treeOf(local('source')));
    expect(statSync(local('restored/source/noise')).mtimeMs).toBe(1_100_000_000_000);
  });

  it('what it stored cannot be changed by others, and nothing half-written is left', () => {
    const stored = ['index', 'keys', 'snapshots'].flatMap((folder) =>
      readdirSync(repository(folder)).map((name) => repository(folder, name)),
    );
    expect(stored.length).toBeGreaterThan(2);
    for (const path of stored) expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(Object.keys(treeOf(repository())).filter((path) => path.includes('restic-temp'))).toEqual([]);
    expect(readdirSync(repository('locks'))).toEqual([]);
  });

  it('a second backup adds what changed, while another restic reads', async () => {
    const before = repositorySize();
    appendFileSync(local('source/deep/0'), ' and more');
    const [second] = await Promise.all([
      must(restic('backup', 'source')),
      // Without a lock: a restic that sees another's lock go waits for it for half a minute and more, on any server.
      must(restic('ls', '--no-lock', 'latest')),
    ]);
    expect(second.stdout).toMatch(/1 changed/);
    expect(repositorySize() - before).toBeLessThan(1_000_000);
  });

  it('check --read-data finds a pack in which one byte is wrong', async () => {
    const [largest = ''] = packs().sort((one, other) => statSync(other).size - statSync(one).size);
    const bytes = readFileSync(largest);
    const damaged = Buffer.from(bytes);
    damaged[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(largest, damaged);
    const { status, stderr } = await restic('check', '--read-data');
    writeFileSync(largest, bytes);
    expect(status).not.toBe(0);
    expect(stderr).toContain('repository contains errors');
  });

  it('forget and prune give the room back, and what stays is whole', async () => {
    rmSync(local('source/noise'));
    await must(restic('backup', 'source'));
    const before = repositorySize();
    await must(restic('forget', '--group-by', 'host', '--keep-last', '1', '--prune', '--max-unused', '0'));
    expect(before - repositorySize()).toBeGreaterThan(11_000_000);
    const { stdout } = await must(restic('check', '--read-data'));
    expect(stdout).toContain('no errors were found');
    expect(await restored('latest')).toEqual(treeOf(local('source')));
  });

  it('every byte of it is on the ledger, and none that is gone', async () => {
    const wire = await WireClient.connect(server);
    const { bytes, files } = (await accountStatus(wire)).home;
    wire.end();
    expect({ bytes: bytes.used, files: files.used }).toEqual(diskUsage(server.home('alice')));
  });

  it('refused was only what was there already', () => {
    const refused = auditLines(server).filter(({ event }) => event === 'request.refused');
    expect(refused.filter(({ fault }) => fault !== 'exists' && fault !== 'not-found')).toEqual([]);
  });

  function packs(): string[] {
    const paths = Object.keys(treeOf(repository('data'))).map((path) => repository('data', path));
    return paths.filter((path) => statSync(path).isFile());
  }

  function repositorySize(): number {
    return packs().reduce((sum, path) => sum + statSync(path).size, 0);
  }
});
