import { statfsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { line, type Loader } from '../quota/lined-homes.js';
import { awaited } from './awaited.js';
import type { LineStage } from './line-stage.js';
import { must } from './server.js';

/** Bytes and files that are free, and that there are in all. */
interface Room {
  readonly free: number;
  readonly total: number;
}

/** How a home's line and use are shown: the same by every way [PROTOCOL 4.3, 4.7, 5, 7.4.5]. */
export function roomIsShown(stage: () => LineStage): void {
  describe('room', () => {
    it('is the line less what is used: in blocks of 512, rounded down, and exact by space-available', async () => {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/file', 123_457);
      const room = { total: line.bytes, free: line.bytes - 123_457 };
      await expectShown(user, room, { total: line.files, free: line.files - 1 });

      const { stdout } = await must(stage().server.sftp(home.account, 'df\ndf -i'));
      // OpenSSH counts in units of 1024, and knows only blocks of 512.
      // Each command of a batch is printed, and a line of titles.
      expect(numbersIn(stdout, 3)).toEqual([
        Math.floor(Math.floor(room.total / 512) / 2),
        expect.any(Number),
        Math.floor(Math.floor(room.free / 512) / 2),
        expect.any(Number),
        Math.floor((room.total - room.free) / 10_000),
      ]);
      expect(numbersIn(stdout, 6).slice(0, 3)).toEqual([line.files, 1, line.files - 1]);
      expect((await user.status()).home).toEqual({
        bytes: { used: 123_457, limit: line.bytes },
        files: { used: 1, limit: line.files },
      });
    });

    it('is nothing at the line, and above one that was lowered', async () => {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/file', line.bytes);
      const files = { total: line.files, free: line.files - 1 };
      await expectShown(user, { total: line.bytes, free: 0 }, files);
      await must(stage().server.plimsoll(['user', 'set', home.account, '--quota', '300KB']));
      await awaited(
        () => 'the line to be lowered',
        async () => (await user.status()).home.bytes.limit === 300_000,
      );
      await expectShown(user, { total: 300_000, free: 0 }, files);
      await user.put('/file', 299_999);
      await expectShown(user, { total: 300_000, free: 1 }, files);
    });

    it("is the disk's where there is no line, and where the disk has less", async () => {
      const { server, homes } = stage();
      const user = await homes.of('lineless').connect();
      const disk = statfsSync(server.home('lineless'));
      const space = await user.wire.get('space-available', { kind: 'space-available', path: '/' });
      expect(space.bytesAvailableToUser).toBe(disk.blocks * disk.bsize);
      // Others write to it meanwhile.
      const near = (free: number): void =>
        expect(Math.abs(free - disk.bavail * disk.bsize)).toBeLessThan(256 * 2 ** 20);
      near(space.unusedBytesAvailableToUser);
      expect((await user.status()).home.bytes.limit).toBeNull();
      const boundless = await homes.of('boundless').connect();
      const less = await boundless.wire.get('space-available', { kind: 'space-available', path: '/' });
      near(less.unusedBytesAvailableToUser);
      expect((await boundless.status()).home.bytes.limit).toBe(2 ** 52);
    });

    it('that is nearly gone is told when a session starts, once, on stderr', async () => {
      const home = stage().homes.next();
      const user = await home.connect();
      await user.put('/file', 899_999);
      const under = await home.connect();
      await under.used();
      expect(under.wire.stderr).toBe('');
      await user.put('/file', 933_000);
      const over = await home.connect();
      await over.used();
      expect(over.wire.stderr).toMatch(/^your home is 93 % full: 933 KB of 1 MB used\r?\n$/);
      const { stdout, stderr } = await must(stage().server.sftp(home.account, 'pwd'));
      expect(stderr).toContain('your home is 93 % full: 933 KB of 1 MB used');
      expect(stdout).toContain('Remote working directory: /');
    });
  });
}

/** By each way that a session has. */
async function expectShown(user: Loader, bytes: Room, files: Room): Promise<void> {
  const { wire } = user;
  const space = await wire.get('space-available', { kind: 'space-available', path: '/' });
  expect(space).toMatchObject({
    bytesAvailableToUser: bytes.total,
    unusedBytesAvailableToUser: bytes.free,
  });
  const [total, free] = [bytes.total, bytes.free].map((size) => Math.floor(size / 512));
  const blocks = { bsize: 512, frsize: 512, blocks: total, bfree: free, bavail: free };
  const inodes = { files: files.total, ffree: files.free, favail: files.free };
  const statvfs = { kind: 'statvfs@openssh.com', path: '/' } as const;
  expect(await wire.get('statvfs@openssh.com', statvfs)).toMatchObject({ ...blocks, ...inodes });
  const handle = await wire.open('/file', 1);
  const fstatvfs = { kind: 'fstatvfs@openssh.com', handle } as const;
  expect(await wire.get('fstatvfs@openssh.com', fstatvfs)).toMatchObject({ ...blocks, ...inodes });
  await wire.close(handle);

  const table = async (command: string) =>
    numbersIn((await wire.exec(command)).stdout.toString(), 2).slice(0, 3);
  const [size, left] = [bytes.total, bytes.free].map((count) => Math.floor(count / 1024));
  expect(await table('df')).toEqual([size, (size ?? 0) - (left ?? 0), left]);
  expect(await table('df -i')).toEqual([files.total, files.total - files.free, files.free]);
}

/** The numbers in the line of that number, counted from 1. */
function numbersIn(text: string, number: number): readonly number[] {
  const [, ...words] = `_ ${text.split('\n')[number - 1] ?? ''}`.split(/[^\d.]+/);
  return words.filter((word) => word !== '').map(Number);
}
