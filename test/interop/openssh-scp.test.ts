import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';

describe.skipIf(missing('scp', 'ssh-keygen'))("OpenSSH's scp over SFTP", () => {
  let server: TestServer;
  const at = (path: string): string => `alice@127.0.0.1:${path}`;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('copies a file both ways', async () => {
    await writeNoise(join(server.work, 'noise'), 5_000_003);
    await must(server.scp(['noise', at('noise')]));
    await must(server.scp([at('noise'), 'back']));
    expect(await sha256(join(server.work, 'back'))).toBe(await sha256(join(server.work, 'noise')));
  });

  it('overwrites a longer file and leaves none of its tail', async () => {
    writeFileSync(join(server.work, 'long'), 'x'.repeat(10_000));
    writeFileSync(join(server.work, 'short'), 'short');
    await must(server.scp(['long', at('target')]));
    await must(server.scp(['short', at('target')]));
    expect(readFileSync(join(server.home('alice'), 'target'), 'utf8')).toBe('short');
  });

  it('copies trees both ways with -r and -p', async () => {
    const tree = join(server.work, 'tree');
    mkdirSync(join(tree, 'inner'), { recursive: true });
    writeFileSync(join(tree, 'inner', 'file'), 'content');
    chmodSync(join(tree, 'inner', 'file'), 0o640);
    utimesSync(join(tree, 'inner', 'file'), 1_200_000_000, 1_200_000_000);
    await must(server.scp(['-r', '-p', 'tree', at('tree')]));
    const uploaded = statSync(join(server.home('alice'), 'tree/inner/file'));
    expect([uploaded.mode & 0o777, uploaded.mtimeMs]).toEqual([0o640, 1_200_000_000_000]);
    await must(server.scp(['-r', '-p', at('tree'), 'tree.back']));
    const downloaded = statSync(join(server.work, 'tree.back/inner/file'));
    expect([downloaded.mode & 0o777, downloaded.mtimeMs]).toEqual([0o640, 1_200_000_000_000]);
  });

  it('expands ~ and globs on the server', async () => {
    mkdirSync(join(server.home('alice'), 'glob'), { recursive: true });
    for (const name of ['a.txt', 'b.txt', 'c.dat'])
      writeFileSync(join(server.home('alice'), 'glob', name), name);
    mkdirSync(join(server.work, 'globbed'));
    await must(server.scp([at('~/glob/*.txt'), 'globbed/']));
    expect(readFileSync(join(server.work, 'globbed/b.txt'), 'utf8')).toBe('b.txt');
    await must(server.scp([at('~alice/glob/c.dat'), 'globbed/']));
    expect(readFileSync(join(server.work, 'globbed/c.dat'), 'utf8')).toBe('c.dat');
  });
});
