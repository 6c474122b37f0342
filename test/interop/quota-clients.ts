import {
  existsSync,
  mkdirSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { line, type LinedHome } from '../quota/lined-homes.js';
import { awaited } from './awaited.js';
import { sha256 } from './bytes.js';
import { lftp } from './lftp.js';
import { sizes, type LineStage } from './line-stage.js';
import { cannotMount, mountHome, type Mount } from './mount.js';
import { missing, type Result } from './programs.js';
import { rcloneFor } from './rclone.js';
import { must } from './server.js';
import { WinscpClient } from './winscp-client.js';

/** What every program has to show, wherever it shows it. */
const shown = /quota exceeded: \S+ \S+ of 1 MB used, \S+ \S+ more needed/;

/** Real programs that reach the line: each shows the sentence, and goes on. */
export function clientsReachTheLine(stage: () => LineStage): void {
  /** What came of `big` is its beginning, without a hole. */
  const expectBeginning = (home: LinedHome): void => {
    const part = readFileSync(join(home.folder, 'big'));
    expect(part.equals(readFileSync(stage().local('big')).subarray(0, part.length))).toBe(true);
  };
  const said = ({ stdout, stderr }: Result): string => `${stdout}\n${stderr}`;

  describe("OpenSSH's sftp", () => {
    it('shows the sentence, goes on in its session, and resumes once there is room', async () => {
      const home = stage().homes.next();
      const before = await stage().server.sftp(home.account, '-put big\nput small\nls -l\ndf');
      expect(before.status).toBe(0);
      expect(before.stderr).toMatch(shown);
      expect(before.stdout).toMatch(/ 10000 .* small$/m);
      await stage().arrived(home, 'small');
      expect(await stage().balance(home)).toBeGreaterThan(line.bytes / 2);
      expectBeginning(home);
      await must(stage().server.plimsoll(['user', 'set', home.account, '--quota', '2MB']));
      await must(stage().server.sftp(home.account, 'reput big'));
      expect(await sha256(join(home.folder, 'big'))).toBe(await sha256(stage().local('big')));
    });

    it('without - ends its batch with a status', async () => {
      const home = stage().homes.next();
      const { status, stderr } = await stage().server.sftp(home.account, 'put big\nput small');
      expect(status).not.toBe(0);
      expect(stderr).toMatch(shown);
      expect(existsSync(join(home.folder, 'small'))).toBe(false);
    });

    it('cp shows it too', async () => {
      const home = stage().homes.next();
      await must(stage().server.sftp(home.account, 'put same'));
      const { stderr } = await stage().server.sftp(home.account, '-cp same copy\nls');
      expect(stderr).toMatch(shown);
      expect(await stage().balance(home)).toBe(line.bytes);
    });
  });

  describe.each([
    ['scp', []],
    ['scp -O', ['-O']],
  ] as const)("OpenSSH's %s", (_name, mode) => {
    it('shows the sentence, and goes on with the next file', async () => {
      const home = stage().homes.next();
      const { status, stderr } = await stage().server.scp([
        ...mode,
        'big',
        'small',
        `${home.account}@127.0.0.1:`,
      ]);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(shown);
      await stage().arrived(home, 'small');
      await stage().balance(home);
    });

    it('refused at its announced size, or resumable: nothing of it is in the way', async () => {
      const home = stage().homes.next();
      const { stderr } = await stage().server.scp([...mode, 'big', `${home.account}@127.0.0.1:`]);
      expect(stderr).toMatch(shown);
      if (mode.length > 0) {
        expect(readdirSync(home.folder)).toEqual([]);
        return;
      }
      // In place it ends in FSETSTAT with a size that counts refused WRITEs too: granted, it would end in a hole.
      expectBeginning(home);
      expect(await stage().balance(home)).toBeGreaterThan(line.bytes / 2);
    });
  });

  describe.skipIf(missing('psftp', 'puttygen'))("PuTTY's psftp", () => {
    it('shows the sentence, and goes on in its session', async () => {
      const home = stage().homes.next();
      const result = await stage().psftp(home, 'put big\ndel big\nput small\nls\n', '-be');
      expect(said(result)).toMatch(shown);
      expect(result.stdout).toMatch(/ 10000 .* small/);
      await stage().arrived(home, 'small');
      await stage().balance(home);
    });
  });

  describe.skipIf(missing('lftp'))('lftp', () => {
    it('shows the sentence, and goes on in its session', async () => {
      const home = stage().homes.next();
      const client = lftp(stage().server, home.account);
      const result = await client('set cmd:fail-exit no\nput big\nput small\ncls -l');
      expect(said(result)).toMatch(shown);
      expect(result.stdout).toMatch(/ 10000 .* small/);
      await stage().arrived(home, 'small');
      expectBeginning(home);
      await stage().balance(home);
      await must(stage().server.plimsoll(['user', 'set', home.account, '--quota', '2MB']));
      await must(client('put -c big'));
      await stage().arrived(home, 'big');
    });
  });

  describe.skipIf(missing('rclone'))('rclone', () => {
    it('shows the sentence, copies what fits, and leaves nothing of what does not', async () => {
      const home = stage().homes.next();
      const rclone = rcloneFor(stage().server, home.account);
      mkdirSync(stage().local('both'), { recursive: true });
      for (const name of ['big', 'small']) copyFileSync(stage().local(name), stage().local(`both/${name}`));
      const result = await rclone.run('copy', 'both', 'home:');
      expect(result.status).not.toBe(0);
      expect(said(result)).toMatch(shown);
      await stage().arrived(home, 'small');
      expect(readdirSync(home.folder)).toEqual(['small']);
      expect(await stage().balance(home)).toBe(sizes.small);
      const about = JSON.parse((await rclone.done('about', '--json', 'home:')).stdout) as Record<
        string,
        number
      >;
      const inBlocks = (bytes: number): number => Math.floor(bytes / 512) * 512;
      expect(about['total']).toBe(inBlocks(line.bytes));
      expect(about['free']).toBe(inBlocks(line.bytes - sizes.small));
    });
  });

  describe.skipIf(cannotMount())('sshfs', () => {
    it('gives EIO or EDQUOT, and the mount goes on', async () => {
      const home = stage().homes.next();
      const mount = await mountHome(stage().server, 'mounted', [], home.account);
      try {
        expect(await writeThrough(mount, 'big')).toMatch(/^(EIO|EDQUOT)$/);
        unlinkSync(join(mount.path, 'big'));
        expect(await writeThrough(mount, 'small')).toBe('');
        await stage().arrived(home, 'small');
        expect(await stage().balance(home)).toBe(sizes.small);
      } finally {
        mount.unmount();
      }
    });

    /** The error of a copy, at whichever of its calls it comes. */
    async function writeThrough(mount: Mount, name: string): Promise<string> {
      try {
        const file = await open(join(mount.path, name), 'w');
        try {
          await file.writeFile(readFileSync(stage().local(name)));
        } finally {
          await file.close();
        }
        return '';
      } catch (thrown) {
        return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
      }
    }
  });

  describe("WinSCP's sequence", () => {
    it('goes on with the same .filepart in the same session once the line was raised', async () => {
      const home = stage().homes.next();
      const winscp = await WinscpClient.connect(stage().server, { account: home.account });
      const file = { data: readFileSync(stage().local('big')), mtime: 1_111_111_111, permissions: 0o640 };
      await expect(winscp.upload('/big', file)).rejects.toThrow(shown);
      const part = await winscp.lstat('/big.filepart');
      expect(part?.size).toBeGreaterThan(line.bytes / 2);
      expect(existsSync(join(home.folder, 'big'))).toBe(false);
      await stage().balance(home);
      const { ino } = statSync(join(home.folder, 'big.filepart'));
      await must(stage().server.plimsoll(['user', 'set', home.account, '--quota', '2MB']));
      await awaited(
        () => 'the line to be raised',
        async () => (await (await home.connect()).status()).home.bytes.limit === 2_000_000,
      );
      await winscp.upload('/big', file);
      expect(readFileSync(join(home.folder, 'big')).equals(file.data)).toBe(true);
      expect(statSync(join(home.folder, 'big'))).toMatchObject({ ino, mtimeMs: 1_111_111_111_000 });
      expect(readdirSync(home.folder)).toEqual(['big']);
      winscp.end();
    });

    it('a small file that does not fit is refused as well, and the session goes on', async () => {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/full', line.bytes - 10);
      const winscp = await WinscpClient.connect(stage().server, { account: home.account });
      const file = { data: readFileSync(stage().local('small')), mtime: 1, permissions: 0o640 };
      await expect(winscp.upload('/small', file)).rejects.toThrow(shown);
      await winscp.wire.must({ kind: 'remove', path: '/full' });
      await winscp.upload('/small', file);
      await stage().arrived(home, 'small');
      winscp.end();
    });
  });
}
