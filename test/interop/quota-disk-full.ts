import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { openFlags } from '../../src/wire/open-flags.js';
import { addAccounts, LinedHomes, writeOf, type Loader } from '../quota/lined-homes.js';
import { mountOrSkip } from '../vfs/mounting.js';
import { writeNoise } from './bytes.js';
import type { LineStage } from './line-stage.js';
import { startServer } from './server.js';

const sentence = "no space on the server's disk";
const mebi = 2 ** 20;

/** A disk that is full before the line is reached: what it costs, and how it is told. */
export function diskFillsUp(stage: () => LineStage): void {
  it('a disk that is full: 8 uploads get the sentence, the ledger is right, deleting recovers', async (context) => {
    const { server, homes } = stage();
    const disk = stage().local('small disk');
    await withDisk(context, disk, 64, async () => {
      const folder = join(disk, 'home');
      mkdirSync(folder);
      await addAccounts(server, { crowded: { quota: '1GB', files: 'none', home: folder } });
      const home = homes.of('crowded', folder);
      await fillWith(await Promise.all(Array.from({ length: 8 }, () => home.connect())), 60);

      // The session of a person who comes now.
      await writeNoise(stage().local('16 MiB'), 16 * mebi);
      const { stderr } = await server.sftp('crowded', '-put "16 MiB" more\nls');
      expect(stderr).toContain(sentence);
      const user = await home.connect();
      await user.balanced();
      await user.remove('/more');
      await recovers(user, disk);
    });
  });

  it('a disk that is full with the database on it: the same', async (context) => {
    const disk = stage().local('disk of a root');
    await withDisk(context, disk, 24, async () => {
      const server = await startServer({ folder: disk });
      try {
        await addAccounts(server, { crowded: { quota: '1GB', files: 'none' } });
        const homes = new LinedHomes(server);
        await fillWith(await Promise.all([1, 2, 3, 4].map(() => homes.of('crowded').connect())), 18);
        // Whose login cannot be recorded gets in all the same.
        const user = await homes.of('crowded').connect();
        await user.balanced();
        await recovers(user, disk);
        homes.leave();
      } finally {
        await server.stop();
      }
      expect(server.log()).not.toContain('request.failed');
    });
  });
}

/** Runs it with a filesystem of so many MiB at `path`. */
async function withDisk(
  context: TestContext,
  path: string,
  size: number,
  run: () => Promise<void>,
): Promise<void> {
  mkdirSync(path);
  mountOrSkip(context, '-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', path);
  try {
    await run();
  } finally {
    spawnSync('umount', ['-l', path]);
  }
}

/**
 * Everybody uploads until it is refused, by the sentence, as STATUS and on stderr; the ledger is the disk's.
 * @param atLeast MiB that have to fit
 */
async function fillWith(users: readonly Loader[], atLeast: number): Promise<void> {
  const sentences = await Promise.all(
    users.map(async (user, index) => {
      const handle = await user.create(`/upload-${index}`);
      for (let offset = 0; ; offset += 250_000) {
        const { code, message } = await user.wire.get('status', writeOf(handle, offset, 250_000));
        if (code === 0) continue;
        expect(code).toBe(4);
        // Later ones are answered, too.
        const later = await user.wire.get('status', writeOf(handle, offset + 250_000, 250_000));
        expect(later.message).toBe(sentence);
        await user.wire.close(handle);
        return message;
      }
    }),
  );
  expect(sentences).toEqual(users.map(() => sentence));
  for (const { wire } of users) expect(wire.stderr.split(sentence)).toHaveLength(2);
  const used = await users[0]?.balanced();
  expect(used?.files).toBe(users.length);
  expect(used?.bytes).toBeGreaterThan(atLeast * mebi);
}

/** Reading goes on, the room shown is the disk's, and what is removed can be written again. */
async function recovers(user: Loader, disk: string): Promise<void> {
  const handle = await user.wire.open('/upload-0', openFlags.read);
  const { length } = await user.wire.get('data', { kind: 'read', handle, offset: 0, length: 100_000 });
  expect(length).toBe(100_000);
  const { attrs } = await user.wire.get('attrs', { kind: 'fstat', handle });
  await user.wire.close(handle);
  await user.remove('/upload-0');
  // The server's own database may be on that disk, and be written between the two looks.
  await expect
    .poll(async () => {
      const space = await user.wire.get('space-available', { kind: 'space-available', path: '/' });
      const { bavail, bsize } = statfsSync(disk);
      return [space.bytesAvailableToUser, space.unusedBytesAvailableToUser - bavail * bsize];
    })
    .toEqual([1_000_000_000, 0]);
  const most = Math.floor((attrs.size ?? 0) / 2);
  expect(most).toBeGreaterThan(0);
  await user.put('/again', most);
  await user.balanced();
}
