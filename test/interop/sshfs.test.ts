import { spawnSync } from 'node:child_process';
import {
  accessSync,
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
import { missing, run } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

function canMount(): boolean {
  try {
    accessSync('/dev/fuse');
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('/dev/fuse cannot be opened');
    return false;
  }
}

describe.skipIf(missing('sshfs', 'fusermount3') || !canMount())('sshfs', () => {
  let server: TestServer;
  let mount: string;

  beforeAll(async () => {
    server = await startServer();
    mount = join(server.work, 'mount');
    mkdirSync(mount);
    await must(
      run('sshfs', [
        ...server.sshOptions.filter((word) => word !== '-F' && word !== '/dev/null').flatMap(asSshfsOption),
        '-p',
        String(server.port),
        'alice@127.0.0.1:',
        mount,
      ]),
    );
  });
  afterAll(async () => {
    spawnSync('fusermount3', ['-u', '-z', mount]);
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

/** sshfs takes ssh's `-i FILE` as `-o IdentityFile=FILE` and hands every `-o` on. */
function asSshfsOption(word: string, index: number, words: readonly string[]): string[] {
  if (word === '-i') return [];
  return words[index - 1] === '-i' ? ['-o', `IdentityFile=${word}`] : [word];
}
