import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotMount, mountHome, type Mount } from './mount.js';
import { startServer, type TestServer } from './server.js';

describe.skipIf(cannotMount())('sshfs', () => {
  let server: TestServer;
  let mounted: Mount;
  let mount: string;

  beforeAll(async () => {
    server = await startServer();
    mounted = await mountHome(server, 'mount');
    mount = mounted.path;
  });
  afterAll(async () => {
    mounted.unmount();
    await server.stop();
  });

  it('writes, lists and reads', () => {
    mkdirSync(join(mount, 'folder'));
    writeFileSync(join(mount, 'folder/file'), 'through the mount');
    expect(readdirSync(join(mount, 'folder'))).toEqual(['file']);
    expect(readFileSync(join(server.home('alice'), 'folder/file'), 'utf8')).toBe('through the mount');
    expect(readFileSync(join(mount, 'folder/file'), 'utf8')).toBe('through the mount');
  });

  it('edits in place', async () => {
    writeFileSync(join(mount, 'edited'), 'abcdefghij');
    const file = await open(join(mount, 'edited'), 'r+');
    await file.write('XY', 3);
    await file.close();
    expect(readFileSync(join(server.home('alice'), 'edited'), 'utf8')).toBe('abcXYfghij');
    appendFileSync(join(mount, 'edited'), '!');
    expect(readFileSync(join(server.home('alice'), 'edited'), 'utf8')).toBe('abcXYfghij!');
    truncateSync(join(mount, 'edited'), 4);
    expect(readFileSync(join(server.home('alice'), 'edited'), 'utf8')).toBe('abcX');
  });

  it('moves a file over another', () => {
    writeFileSync(join(mount, 'from'), 'new');
    writeFileSync(join(mount, 'onto'), 'old');
    renameSync(join(mount, 'from'), join(mount, 'onto'));
    expect(readFileSync(join(server.home('alice'), 'onto'), 'utf8')).toBe('new');
  });

  it('shows room to df', () => {
    const { blocks, bavail, bsize } = statfsSync(mount);
    expect(blocks * bsize).toBeGreaterThan(0);
    expect(bavail).toBeGreaterThan(0);
    expect(spawnSync('df', [mount]).status).toBe(0);
  });
});
