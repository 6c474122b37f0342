import { describe, expect, it } from 'vitest';
import { DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Space } from '../../src/vfs/vfs.js';
import { outcome } from './running.js';

const line: Space = {
  bytesTotal: 100_000_000,
  bytesFree: 60_000_511,
  filesTotal: 10_000,
  filesFree: 9_990,
  readOnly: false,
  nameMax: 255,
};

class Lined extends DelegatingVfs {
  readonly #space: Space;

  constructor(space: Space) {
    super(memoryVfs());
    this.#space = space;
  }

  override async space(path: string): Promise<Space> {
    await this.stat(path, { follow: true });
    return this.#space;
  }
}

async function table(command: string, space: Space = line): Promise<readonly string[]> {
  const { status, stdout, stderr } = await outcome(command, { vfs: new Lined(space) });
  expect([status, stderr]).toEqual([0, []]);
  return stdout.split('\n').slice(0, -1);
}

describe('df [PROTOCOL 7.4.5]', () => {
  it.each<[string, readonly string[]]>([
    [
      'df -k /',
      ['Filesystem 1K-blocks  Used Available Use% Mounted on', 'plimsoll       97656 39062     58594  40% /'],
    ],
    [
      'df',
      ['Filesystem 1K-blocks  Used Available Use% Mounted on', 'plimsoll       97656 39062     58594  40% /'],
    ],
    [
      'df -Pk .',
      [
        'Filesystem 1024-blocks  Used Available Capacity Mounted on',
        'plimsoll         97656 39062     58594      40% /',
      ],
    ],
    [
      'df -kT ~',
      [
        'Filesystem Type     1K-blocks  Used Available Use% Mounted on',
        'plimsoll   plimsoll     97656 39062     58594  40% /',
      ],
    ],
    ['df -h /', ['Filesystem Size Used Avail Use% Mounted on', 'plimsoll    95M  38M   57M  40% /']],
    ['df -H /', ['Filesystem Size Used Avail Use% Mounted on', 'plimsoll   100M  39M   60M  40% /']],
    [
      'df -i -- / .',
      [
        'Filesystem Inodes IUsed IFree IUse% Mounted on',
        'plimsoll    10000    10  9990    1% /',
        'plimsoll    10000    10  9990    1% /',
      ],
    ],
  ])('%s', async (command, expected) => {
    expect(await table(command)).toEqual(expected);
  });

  it('rounds free space down as statvfs does [PROTOCOL 4.3], and shows the ends', async () => {
    const full = { ...line, bytesFree: 0 };
    expect((await table('df -k', full))[1]).toBe('plimsoll       97656 97656         0 100% /');
    expect((await table('df -k', { ...line, bytesFree: 1023 }))[1]).toContain(' 0 100% /');
    expect((await table('df -k', { ...line, bytesFree: line.bytesTotal }))[1]).toContain('   0% /');
    expect((await table('df -k', { ...line, bytesTotal: 0, bytesFree: 0 }))[1]).toContain(' - /');
    expect((await table('df -h', { ...line, bytesTotal: 9_999, bytesFree: 1 }))[1]).toBe(
      'plimsoll   9.7K 9.7K     1 100% /',
    );
    expect((await table('df -k', { ...line, bytesTotal: 2 ** 53 - 1, bytesFree: 2 ** 53 - 1 }))[1]).toContain(
      '8796093022207',
    );
  });

  it('is read as rclone reads it: six fields in the second line, in units of 1024 bytes', async () => {
    const fields = (await table('df -k /'))[1]?.split(/\s+/) ?? [];
    expect(fields).toHaveLength(6);
    expect(fields.slice(1, 4).map(Number)).toEqual([97_656, 39_062, 58_594]);
  });

  it('shows the paths that are there, and names the others', async () => {
    const { status, stdout, stderr } = await outcome('df / missing', { vfs: new Lined(line) });
    expect([status, stdout.split('\n').length]).toEqual([1, 3]);
    expect(stderr).toEqual(['df: missing: no such file or folder']);
    const none = await outcome('df missing', { vfs: new Lined(line) });
    expect([none.status, none.stdout]).toEqual([1, '']);
  });

  it('refuses other options, and tables without end', async () => {
    const { status, stderr } = await outcome('df -B1 /', { vfs: new Lined(line) });
    expect(status).toBe(1);
    expect(stderr[0]).toContain('there is no option -B here; usage: df');
    const long = await outcome(`df${' /'.repeat(1001)}`, { vfs: new Lined(line) });
    expect([long.status, long.stdout]).toEqual([1, '']);
    expect(long.stderr[0]).toContain('1000 paths at most');
  });
});
