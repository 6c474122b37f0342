import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskVfs } from '../../src/vfs/disk.js';
import { pathThreads } from '../../src/vfs/path-threads.js';
import { scale } from '../scale.js';
import { Barrier, watchedVfs } from '../sftp/watched-vfs.js';
import { turns, until } from '../sftp/turns.js';
import { homeFolder, type HomeFolder } from '../vfs/home-folder.js';
import { mountOrSkip } from '../vfs/mounting.js';
import { Outside } from '../vfs/outside.js';
import { swapping } from '../vfs/swapping.js';
import { outcome, running, type Running } from './running.js';

const block = 256 * 1024;
const threads = pathThreads(4);
let home: HomeFolder;
let outside: Outside;
beforeEach(async () => {
  home = await homeFolder({ threads });
  outside = new Outside(home.around, home.root);
});
afterEach(() => home.close());
afterAll(() => threads.close());
const host = (name: string): string => join(home.root, name);

/** Waits until a sink or a source has said so many bytes. */
const said = (command: Running, bytes: number): Promise<void> =>
  until(() => command.stdout().length >= bytes);

/** What a session may have said to its peer: none of it is from outside. */
function judge(stdout: string): void {
  for (const line of stdout.split('\n')) outside.judge(line);
}

/** Of files and folders in the home, and of the home itself. */
function descriptors(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(home.root);
    } catch {
      return false;
    }
  }).length;
}

describe('scp and symbolic links out of the home [J1]', () => {
  it('-t: a folder that becomes such a link between D and C, and before E', async () => {
    for (const link of [outside.folder, '../jail-outside']) {
      rmSync(host('d'), { recursive: true, force: true });
      const command = running('scp -r -p -t .', { vfs: home.vfs });
      command.sink.data(Buffer.from('T5 0 5 0\nD0777 0 d\n'));
      await said(command, 3);
      rmSync(host('d'), { recursive: true });
      symlinkSync(link, host('d'));
      command.sink.data(Buffer.from('C0777 4 canary.txt\n'));
      await said(command, 4);
      command.sink.data(Buffer.from('D0777 0 sub\nE\n'));
      command.sink.end();
      expect(await command.ended).toBe(1);
      judge(command.stdout());
      outside.expectUntouched();
    }
  });

  it('-f: a folder that becomes such a link while its entries are sent', async () => {
    for (const link of [outside.folder, '../jail-outside']) {
      rmSync(host('d'), { recursive: true, force: true });
      mkdirSync(host('d'));
      writeFileSync(host('d/canary.txt'), 'own');
      const command = running('scp -r -f d', { vfs: home.vfs });
      command.sink.data(Buffer.of(0));
      await until(() => command.stdout().endsWith(' d\n'));
      rmSync(host('d'), { recursive: true });
      symlinkSync(link, host('d'));
      command.sink.data(Buffer.alloc(10));
      command.sink.end();
      await command.ended;
      judge(command.stdout());
    }
  });

  it('-t and -f, while the folder and such a link are swapped in a tight loop', async () => {
    mkdirSync(host('d'));
    writeFileSync(host('d/canary.txt'), 'own');
    symlinkSync(outside.folder, host('d.other'));
    const swap = swapping(host('d'), host('d.one'), host('d.other'));
    const statuses = new Set<number>();
    let over = false;
    try {
      const session = async (line: string, stdin: string): Promise<void> => {
        while (!over && swap.swaps() < scale('jailSwaps')) {
          const { stdout, status } = await outcome(line, { stdin: Buffer.from(stdin), vfs: home.vfs });
          judge(stdout);
          statuses.add(status);
        }
      };
      await Promise.all([
        // Into the folder only: one made anew under its name would end the swapping.
        session('scp -r -p -t d/sub', 'T5 0 5 0\nD0777 0 sub\nT5 0 5 0\nC0777 4 inside\nboom\0E\n'),
        session('scp -p -t d/canary.txt', 'T5 0 5 0\nC0777 4 x\nboom\0'),
        session('scp -r -p -f d', '\0'.repeat(20)),
        session('scp -f d/canary.txt', '\0'.repeat(20)),
      ]);
    } finally {
      over = true;
      await swap.stop();
    }
    outside.expectUntouched();
    // Both sides of the swap were met.
    expect([...statuses].sort()).toEqual([0, 1]);
  }, 60_000);
});

describe('scp on a real disk', () => {
  it.each(['stat', 'space', 'open', 'write', 'set', 'close', 'mkdir'])(
    '-t cut off while it waits for %s: leaves no descriptor open',
    async (call) => {
      const before = descriptors();
      expect(before).toBe(1);
      const barrier = new Barrier();
      const { vfs } = watchedVfs({ inner: home.vfs, before: barrier.at(call) });
      const command = running('scp -r -p -t .', { vfs });
      command.sink.data(Buffer.from('D0755 0 d\nT5 0 5 0\nC0644 1 f\nx\0E\n'));
      await until(() => barrier.waiting > 0);
      command.sink.closed();
      await turns(3);
      barrier.lift();
      await command.ended;
      expect(descriptors()).toBe(before);
    },
  );

  it.each(['stat', 'list', 'next', 'open', 'read', 'close'])(
    '-f cut off while it waits for %s: leaves no descriptor open',
    async (call) => {
      mkdirSync(host('d'));
      writeFileSync(host('d/f'), Buffer.alloc(3 * block));
      const before = descriptors();
      const barrier = new Barrier();
      const { vfs } = watchedVfs({ inner: home.vfs, before: barrier.at(call) });
      const command = running('scp -r -p -f d', { vfs });
      command.sink.data(Buffer.alloc(20));
      await until(() => barrier.waiting > 0);
      command.sink.closed();
      await turns(3);
      barrier.lift();
      await command.ended;
      expect(descriptors()).toBe(before);
    },
  );

  it('-t twice at once onto one file: both end, and the size is one that was announced', async () => {
    const sizes = [5 * block, 2 * block + 1];
    const commands = sizes.map((size, index) => {
      const command = running('scp -t f', { vfs: home.vfs });
      command.sink.data(Buffer.from(`C0644 ${size} f\n`));
      for (let sent = 0; sent < size; sent += 50_000) {
        command.sink.data(Buffer.alloc(Math.min(50_000, size - sent), index + 1));
      }
      command.sink.data(Buffer.of(0));
      command.sink.end();
      return command;
    });
    expect(await Promise.all(commands.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(sizes).toContain(statSync(host('f')).size);
    expect(commands.flatMap(({ failures }) => failures)).toEqual([]);
  });

  it('-f sends all of a file that is removed meanwhile, and of one that is replaced', async () => {
    for (const [index, away] of [
      (): void => rmSync(host('f')),
      (): void => {
        writeFileSync(host('other'), 'other');
        renameSync(host('other'), host('f'));
      },
    ].entries()) {
      const content = String(index).repeat(3 * block);
      writeFileSync(host('f'), content);
      const command = running('scp -f f', { vfs: home.vfs });
      command.sink.data(Buffer.of(0));
      await until(() => command.stdout().endsWith(' f\n'));
      away();
      command.sink.data(Buffer.alloc(2));
      command.sink.end();
      expect(await command.ended).toBe(0);
      expect(command.stdout() === `C0644 ${3 * block} f\n${content}\0`).toBe(true);
    }
  });

  it('-t onto a file that is removed meanwhile: takes it to its end, and makes no other', async () => {
    const command = running('scp -t f', { vfs: home.vfs });
    command.sink.data(Buffer.from('C0644 4 f\nab'));
    await said(command, 2);
    rmSync(host('f'));
    command.sink.data(Buffer.from('cd\0'));
    command.sink.end();
    expect([await command.ended, existsSync(host('f'))]).toEqual([0, false]);
  });

  it('-t to a name with a slash at its end needs a folder there, as the real scp does', async () => {
    mkdirSync(host('d'));
    writeFileSync(host('file'), 'kept');
    for (const [target, status] of [
      ['new/', 1],
      ['file/', 1],
      ['d/', 0],
    ] as const) {
      const stdin = Buffer.from(status === 0 ? 'C0644 1 f\nx\0' : 'C0644 1 f\n');
      expect(await outcome(`scp -t ${target}`, { stdin, vfs: home.vfs })).toMatchObject({ status });
    }
    expect([readdirSync(home.root).sort(), readdirSync(host('d'))]).toEqual([['d', 'file'], ['f']]);
    expect(readFileSync(host('file'), 'utf8')).toBe('kept');
  });

  it('-t onto a full disk: says so, keeps what fitted to its end, and takes what fits', async (context) => {
    const mount = host('mount');
    mkdirSync(mount);
    mountOrSkip(context, '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount);
    try {
      const vfs = await diskVfs({ root: mount, threads, inodes: home.inodes, umask: 0o022 });
      const command = running('scp -t .', { vfs });
      command.sink.data(Buffer.from(`C0644 ${6 * block} f\n`));
      await said(command, 2);
      // It fitted when it was announced.
      writeFileSync(join(mount, 'somebody'), Buffer.alloc(5 * block));
      command.sink.data(Buffer.alloc(block, 7));
      // Blocks are written at once: without this a later one may take what the first needs.
      await until(() => statSync(join(mount, 'f')).size > 0);
      for (let sent = 1; sent < 6; sent++) command.sink.data(Buffer.alloc(block, 7));
      command.sink.data(Buffer.from('\0C0644 9999999 big\n'));
      await until(() => command.stdout().includes('big'));
      rmSync(join(mount, 'somebody'));
      command.sink.data(Buffer.from('C0644 3 g\nyes\0'));
      command.sink.end();
      expect(await command.ended).toBe(1);
      expect(command.stdout()).toMatch(
        /^\0\0\x01scp: f: no space on the server's disk\n\x01scp: big: needs 10 MB, [^\n]+ free\n\0\0$/,
      );
      const kept = readFileSync(join(mount, 'f'));
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.every((byte) => byte === 7)).toBe(true);
      expect([readFileSync(join(mount, 'g'), 'utf8'), existsSync(join(mount, 'big'))]).toEqual([
        'yes',
        false,
      ]);
      await vfs.close();
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });
});
