import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashAlgorithms } from '../../../../src/hash/algorithms.js';
import { formatSize } from '../../../../src/size.js';
import { typing, type Typing } from './typed.js';
import { openSite, siteNames, type Site } from './two-servers.js';

describe.each(siteNames)('at %s', (name) => {
  let site: Site;
  let local: string;
  let alice: Typing;

  beforeAll(async () => {
    site = await openSite(name);
    local = mkdtempSync(join(tmpdir(), 'plim-tell-'));
  });

  afterAll(async () => {
    rmSync(local, { recursive: true });
    await site.stop();
  });

  beforeEach(() => {
    site.empty();
    alice = typing({ remote: site.remote, folder: site.folder, local });
  });

  const at = (path: string): string => join(site.disk, path);
  const ours = name === 'plimsoll';
  const works = async (line: string): Promise<string> => {
    const said = await alice.type(line);
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    return said.stdout;
  };
  const document = async (line: string): Promise<Record<string, unknown>> => {
    const { exit, documents } = await alice.json(line);
    expect(exit).toBe(0);
    expect(documents).toHaveLength(1);
    return documents[0] as Record<string, unknown>;
  };

  describe('info', () => {
    it('tells of the home, and of partial uploads wherever they are', async () => {
      mkdirSync(at('deep/deeper'), { recursive: true });
      writeFileSync(at('deep/deeper/big.iso.filepart'), 'x'.repeat(4321));
      symlinkSync('nowhere', at('link.filepart'));
      const said = await works('info');
      expect(said).toMatch(/^used {6}\S+ [KMGTP]?B/m);
      expect(said).toMatch(/^limit {5}/m);
      expect(said).toMatch(/^free {6}\S+ [KMGTP]?B$/m);
      expect(said).toMatch(/^files {5}/m);
      expect(said).toMatch(/1 partial uploads \(looked into \d+ folders\)/);
      expect(said).toMatch(/ 4\.3 KB {2}work\/deep\/deeper\/big\.iso\.filepart$/m);
      const told = await document('info');
      expect(told['partial']).toEqual([expect.objectContaining({ size: 4321 })]);
      expect(told['looked']).toMatchObject({ complete: true });
      if (ours) expect(told).toMatchObject({ limit: 100_000_000, of: 'home' });
      else expect(told).toMatchObject({ of: 'disk', limit: expect.any(Number) as number });
    });

    it('tells exactly what is used', async () => {
      const before = await document('info -q');
      expect(await alice.type('mkdir sub')).toMatchObject({ exit: 0 });
      const after = await document('info --quick');
      expect('partial' in after).toBe(false);
      if (ours) expect(after['files']).toBe((before['files'] as number) + 1);
    });

    it('stops looking after 500 folders unless told to look at all', async () => {
      for (let index = 0; index < 520; index++) mkdirSync(at(`f${index}`));
      expect(await works('info')).toMatch(/looked into the first 500 folders; info --all looks into all/);
      expect(await works('info --all')).toMatch(/looked into 52\d folders\)/);
    });

    it('tells size, mode, times and hash of a name', async () => {
      writeFileSync(at('notes'), 'x'.repeat(2_000_000));
      const hash = createHash('md5').update('x'.repeat(2_000_000)).digest('hex');
      const said = await works('info notes');
      expect(said).toContain('  size      2 MB (2000000 bytes)\n');
      expect(said).toContain('  mode      644 -rw-r--r--\n');
      expect(said).toMatch(/ {2}modified {2}20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\n {2}accessed {2}20/);
      expect(said).toContain(`  md5       ${hash}\n`);
      expect(await document('info notes --algorithm sha256')).toMatchObject({
        ...{ type: 'file', size: 2_000_000, mode: 0o644, algorithm: 'sha256' },
        hash: createHash('sha256').update('x'.repeat(2_000_000)).digest('hex'),
      });
    });

    it('tells of folders and links too', async () => {
      symlinkSync('elsewhere', at('way'));
      mkdirSync(at('sub'));
      const said = await works('info way sub');
      expect(said).toContain('type      symlink to elsewhere');
      expect(said).toContain('type      folder');
      expect(await alice.type('info nothing')).toMatchObject({ exit: 4 });
    });
  });

  describe('status, system and version', () => {
    it('tells of the account and of both sides', async () => {
      const said = await works('status');
      expect(said).toMatch(/^client {6}plim 1\.2\.3, SFTP version 3$/m);
      expect(said).toContain('files.example.org:22');
      if (ours) {
        expect(said).toMatch(/^account {5}alice$/m);
        expect(said).toMatch(/^role {8}user$/m);
        expect(said).toMatch(/^state {7}active$/m);
        expect(said).toMatch(/^expires {5}never$/m);
        expect(said).toMatch(/^last login {2}/m);
        expect(said).toMatch(/of 100 MB \(0 %\)/);
      } else {
        expect(said).toMatch(/^role {8}not said by this server$/m);
        expect(said).toMatch(/^used {8}.* free \(of the server's disk\)$/m);
      }
      expect(await document('status')).toMatchObject({
        account: 'alice',
        role: ours ? 'user' : null,
        client: { product: 'plim', version: '1.2.3' },
        protocol: 3,
      });
    });

    it('tells what the server is', async () => {
      const said = await works('system');
      expect(said).toMatch(/^protocol {4}SFTP version 3/m);
      expect(said).toMatch(/^ {2}statvfs@openssh\.com 2$/m);
      if (ours) expect(said).toMatch(/^platform {4}linux/m);
      const told = await document('system');
      expect(told['extensions']).toMatchObject({ 'statvfs@openssh.com': '2' });
      expect(await works('version')).toMatch(/^plim 1\.2\.3\nSFTP protocol version 3\nserver SSH-2\.0-/);
    });
  });

  describe('df and du', () => {
    it('tells the room', async () => {
      expect(await works('df')).toMatch(/^ +Size +Used +Avail +%Capacity\n +\d+ +\d+ +\d+ +\d+%\n$/);
      expect(await works('df -h .')).toMatch(
        /^ +Size +Used +Avail .*\n +\S+ [KMGTP]B +\S+ [KMGTP]?B +\S+ [KMGTP]B/,
      );
      expect(await works('df -i')).toMatch(/^ +Inodes +Used +Avail/);
      const { bytes } = await document('df');
      expect(bytes).toMatchObject(ours ? { total: 100_000_000 } : { total: expect.any(Number) as number });
      expect(await alice.type('df nothing')).toMatchObject({ exit: 4 });
    });

    it('sums up folders without following links', async () => {
      mkdirSync(at('tree/sub'), { recursive: true });
      writeFileSync(at('tree/a'), 'x'.repeat(1000));
      writeFileSync(at('tree/sub/b'), 'x'.repeat(500));
      writeFileSync(at('other'), 'x'.repeat(7));
      symlinkSync('../other', at('tree/way'));
      symlinkSync('..', at('tree/up'));
      expect(await works('du tree other')).toBe('1500  tree\n   7  other\n');
      expect(await works('du -h tree')).toBe(`${formatSize(1500)}  tree\n`);
      expect(await works('du')).toBe('1507  .\n');
      expect((await alice.json('du tree')).documents).toEqual([
        [{ name: `${site.folder}/tree`, size: 1500, files: 4, folders: 2 }],
      ]);
      expect(await alice.type('du nothing tree')).toMatchObject({ exit: 10, stdout: '1500  tree\n' });
    });
  });

  describe('hash and verify', () => {
    it.each(Object.keys(hashAlgorithms).filter((one) => ours || /^(md5|sha(1|224|256|384|512))$/.test(one)))(
      'has the server make a %s',
      async (algorithm) => {
        writeFileSync(at('notes'), 'hello');
        const said = await works(`hash --algorithm ${algorithm} notes`);
        if (algorithm === 'crc32') expect(said).toBe('3610a686  notes\n');
        else expect(said).toBe(`${createHash(algorithm).update('hello').digest('hex')}  notes\n`);
      },
    );

    it('hashes several, and says what it cannot', async () => {
      writeFileSync(at('a'), 'a');
      writeFileSync(at('b'), 'b');
      mkdirSync(at('sub'));
      const said = await alice.type('hash *');
      expect(said.exit).toBe(10);
      expect(said.stdout.split('\n')).toHaveLength(3);
      expect(said.stderr).toContain('hash sub: is a folder, which has no hash');
      expect(await alice.type('hash --algorithm md6 a')).toMatchObject({
        exit: 2,
        stderr:
          "plim: hash 'md6' is no hash: choose one of md5, sha1, sha224, sha256, sha384, sha512, crc32\n",
      });
    });

    it('compares both sides', async () => {
      writeFileSync(at('same'), 'equal content');
      writeFileSync(join(local, 'same'), 'equal content');
      writeFileSync(join(local, 'different'), 'equal c0ntent');
      const hash = createHash('md5').update('equal content').digest('hex');
      expect(await works('verify same')).toBe(`${hash}  same at the server\n${hash}  same here\nMD5 equal\n`);
      expect(await works('verify --algorithm sha256 same ./same')).toContain('SHA256 equal');
      const differs = await alice.type('verify same different');
      expect(differs.exit).toBe(7);
      expect(differs.stdout.split('\n')).toHaveLength(3);
      expect(differs.stderr).toBe('plim: verify same: MD5 differs: the two files are not the same\n');
      expect(await alice.type('verify same nothing')).toMatchObject({ exit: 4 });
      expect(await alice.type('verify nothing same')).toMatchObject({ exit: 4 });
      expect(await document('verify same')).toMatchObject({ equal: true, outcome: 'equal', here: hash });
    });
  });
});
