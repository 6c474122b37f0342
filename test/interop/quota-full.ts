import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { line, overLine, type LinedHome } from '../quota/lined-homes.js';
import { openFlags } from '../../src/wire/open-flags.js';
import { sha256 } from './bytes.js';
import { lftp } from './lftp.js';
import { sizes, type LineStage } from './line-stage.js';
import { cannotMount, mountHome } from './mount.js';
import { missing } from './programs.js';
import { rcloneFor } from './rclone.js';
import { must } from './server.js';
import { WinscpClient } from './winscp-client.js';

/** What real programs still do in a home that is exactly full. */
export function fullHomesGoOn(stage: () => LineStage): void {
  describe('with exactly 0 bytes and 0 files free', () => {
    /** A home with one file of the line's size, and no room for another inode. */
    async function fullHome(): Promise<LinedHome> {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/same', line.bytes);
      const folders = Array.from({ length: line.files - 1 }, (_, index) => `/folder-${index}`);
      await Promise.all(folders.map((path) => user.wire.must({ kind: 'mkdir', path, attrs: {} })));
      expect(await user.balanced()).toEqual({ bytes: line.bytes, files: line.files });
      return home;
    }
    const expectSame = async (home: LinedHome): Promise<void> => {
      expect(await sha256(join(home.folder, 'same'))).toBe(await sha256(stage().local('same')));
      expect(await (await home.connect()).balanced()).toEqual({ bytes: line.bytes, files: line.files });
    };

    it('overwriting works by put, put -p and scp in both modes; so do chmod, rename and rm', async () => {
      const home = await fullHome();
      utimesSync(stage().local('same'), 1_000_000_000, 1_100_000_000);
      await must(
        stage().server.sftp(home.account, 'put same\nput -p same\nrename same moved\nrename moved same'),
      );
      await expectSame(home);
      expect(statSync(join(home.folder, 'same')).mtimeMs).toBe(1_100_000_000_000);
      for (const mode of [[], ['-O']]) {
        await must(stage().server.scp([...mode, 'same', `${home.account}@127.0.0.1:same`]));
        await must(stage().server.scp([...mode, '-p', 'same', `${home.account}@127.0.0.1:same`]));
        await expectSame(home);
      }
      const { stderr } = await stage().server.sftp(
        home.account,
        '-put small\nchmod 600 same\nrm same\nput small',
      );
      expect(stderr).toContain('quota exceeded: 100 of 100 files used, 1 more needed');
      await stage().arrived(home, 'small');
      expect(await stage().balance(home)).toBe(sizes.small);
    });

    it.skipIf(missing('psftp', 'puttygen'))('overwriting works by psftp', async () => {
      const home = await fullHome();
      await must(stage().psftp(home, 'put same\n'));
      await expectSame(home);
    });

    it.skipIf(missing('lftp'))('overwriting works by lftp', async () => {
      const home = await fullHome();
      await must(lftp(stage().server, home.account)('put same'));
      await expectSame(home);
    });

    it.skipIf(missing('rclone'))('overwriting works by rclone', async () => {
      const home = await fullHome();
      const rclone = rcloneFor(stage().server, home.account);
      // From 1.63 on rclone uploads beside the old file, which takes room for both, unless it is told not to.
      const { stdout: known } = await rclone.done('help', 'flags');
      const inplace = known.includes('--inplace') ? ['--inplace'] : [];
      await rclone.done('copyto', 'same', 'home:same', '--ignore-times', ...inplace);
      await expectSame(home);
    });

    it.skipIf(cannotMount())('overwriting works through sshfs', async () => {
      const home = await fullHome();
      const mount = await mountHome(stage().server, 'mounted full', [], home.account);
      try {
        writeFileSync(join(mount.path, 'same'), readFileSync(stage().local('same')));
      } finally {
        mount.unmount();
      }
      await expectSame(home);
    });

    it("WinSCP's upload of a small file overwrites; a large one wants room for both", async () => {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/small', sizes.small);
      await user.put('/large', line.bytes - sizes.small);
      const winscp = await WinscpClient.connect(stage().server, { account: home.account });
      const upload = { mtime: 1, permissions: 0o640 };
      await winscp.upload('/small', { ...upload, data: readFileSync(stage().local('small')) });
      await stage().arrived(home, 'small');
      const large = readFileSync(stage().local('same')).subarray(0, line.bytes - sizes.small);
      await expect(winscp.upload('/large', { ...upload, data: large })).rejects.toThrow(/quota exceeded: /);
      expect(statSync(join(home.folder, 'large')).size).toBe(line.bytes - sizes.small);
      const handle = await user.wire.open('/large', openFlags.write);
      expect(await user.writeRefusal(handle, line.bytes, 1)).toMatch(overLine);
      winscp.end();
    });
  });
}
