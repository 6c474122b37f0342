import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { DelegatingHandle, DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import type { Entry, FollowOption, Handle, Listing, OpenOptions, Stats, Vfs } from '../../src/vfs/vfs.js';
import { turns, until } from '../sftp/turns.js';
import { Barrier, watchedVfs } from '../sftp/watched-vfs.js';
import { filled, outcome, running, type Outcome } from './running.js';

const block = 256 * 1024;
const follow = { follow: true };

/** What is sent to a sink that gives these answers; all is well as long as none is given. */
function sent(command: string, vfs: Vfs, answers: string | null = null): Promise<Outcome> {
  return outcome(command, { stdin: Buffer.from(answers ?? '\0'.repeat(500), 'latin1'), vfs });
}

/** A filesystem whose files read as the test says. */
function reading(inner: Vfs, read: (file: Handle, into: Buffer, position: number) => Promise<number>): Vfs {
  class Reading extends DelegatingHandle {
    override read(into: Buffer, position: number): Promise<number> {
      return read(this.inner, into, position);
    }
  }
  return new (class extends DelegatingVfs {
    override async open(path: string, options: OpenOptions): Promise<Handle> {
      return new Reading(await super.open(path, options));
    }
  })(inner);
}

describe('scp -f [PROTOCOL 7.5]', () => {
  it('sends a file with its mode and its size', async () => {
    const vfs = await filled({ 'd/f': 'content' });
    await vfs.set('/d/f', { mode: 0o640 }, follow);
    const { stdout, stderr, status } = await sent('scp -f d/f', vfs, '\0\0\0');
    expect([stdout, stderr, status]).toEqual(['C0640 7 f\ncontent\0', [], 0]);
  });

  it('sends several, in the order of the words, and those that a pattern stands for', async () => {
    const vfs = await filled({ 'a.txt': '1', 'b.txt': '2', 'c.dat': '3', '*': '4' });
    const { stdout } = await sent("scp -f c.dat *.txt '*'", vfs);
    expect(stdout).toBe('C0644 1 c.dat\n3\0C0644 1 a.txt\n1\0C0644 1 b.txt\n2\0C0644 1 *\n4\0');
  });

  it('with -p sends times before each entry', async () => {
    const vfs = await filled({ 'd/f': 'x' });
    await vfs.set('/d/f', { times: { atime: 1_000_000_000, mtime: 1_100_000_000 } }, follow);
    await vfs.set('/d', { times: { atime: 5, mtime: -6 } }, follow);
    const { stdout } = await sent('scp -prf d', vfs);
    expect(stdout).toBe('T0 0 5 0\nD0755 0 d\nT1100000000 0 1000000000 0\nC0644 1 f\nx\0E\n');
  });

  it('with -r sends folders, with what is in them, and follows symbolic links', async () => {
    const vfs = await filled({ 'd/in/f': '1', 'd/g': '2', 'other/h': '3' });
    await vfs.symlink('/d/link', '/other/h');
    await vfs.symlink('/d/folder', '../other');
    const { stdout, status } = await sent('scp -r -f d/', vfs);
    const [head, ...rest] = stdout.split(/(?=[CD]0)/);
    expect([head, rest.sort(), status]).toEqual([
      'D0755 0 d\n',
      [
        ...['C0644 1 f\n1\0E\n', 'C0644 1 g\n2\0', 'C0644 1 h\n3\0E\nE\n', 'C0644 1 link\n3\0'],
        ...['D0755 0 folder\n', 'D0755 0 in\n'],
      ],
      0,
    ]);
  });

  it('sends an empty file and an empty folder', async () => {
    const vfs = await filled({ empty: '' });
    await vfs.mkdir('/d', 0o750);
    expect((await sent('scp -r -f empty d', vfs)).stdout).toBe('C0644 0 empty\n\0D0750 0 d\nE\n');
  });

  it.each([block - 1, block, block + 1, 4 * block, 9 * block + 5])('sends %i bytes', async (size) => {
    const content = Array.from({ length: size / 5 + 1 }, (_, index) => String(index % 10000).padStart(5))
      .join('')
      .slice(0, size);
    const { stdout } = await sent('scp -f f', await filled({ f: content }));
    expect(stdout === `C0644 ${size} f\n${content}\0`).toBe(true);
  });

  it.each(['a b', 'q\'"', '*?[x]', '-rf', '\xe4\xb8\xad\xe6\x96\x87', '\xff\xfe', 'tab\t\x1b', '\\^J'])(
    'sends the name %j as it is',
    async (name) => {
      const { stdout } = await sent('scp -r -f d', await filled({ [`d/${name}`]: '' }));
      expect(stdout).toBe(`D0755 0 d\nC0644 0 ${name}\n\0E\n`);
    },
  );

  it('encodes a newline in the name of a file and of a folder', async () => {
    const { stdout } = await sent("scp -r -f 'd\n'", await filled({ 'd\n/\nf\\': '' }));
    expect(stdout).toBe('D0755 0 d\\^J\nC0644 0 \\^Jf\\\\\n\0E\n');
  });

  it.each([
    ['d/in/..', 'd'],
    ['d/.', 'd'],
    ['.', 'alice'],
    ['/', 'alice'],
    ['..', 'alice'],
    ['link/..', 'alice'],
  ])('sends %s under a name that a sink can take, %s', async (path, name) => {
    const vfs = await filled({ 'd/in/f': '' });
    await vfs.symlink('/link', '/d');
    expect((await sent(`scp -r -f ${path}`, vfs)).stdout.split('\n')[0]).toBe(`D0755 0 ${name}`);
  });
});

describe('scp -f tells of', () => {
  it.each([
    ['what is not there', 'gone', 'gone: no such file or folder'],
    ['a pattern that nothing matches', '*.gone', '*.gone: no such file or folder'],
    ['a folder without -r', 'd', 'd: is a folder, and -r was not given'],
    ['a link that leads nowhere', 'nowhere', 'nowhere: no such file or folder'],
    ['a link to itself', 'self', 'self: too many symbolic links'],
    ['a name behind a file', 'f/x', 'f/x: not a folder'],
  ])('%s, and goes on', async (_what, word, sentence) => {
    const vfs = await filled({ f: 'x', 'd/x': '' });
    await vfs.symlink('/nowhere', 'gone');
    await vfs.symlink('/self', 'self');
    const { stdout, status } = await sent(`scp -f ${word} f`, vfs);
    expect([stdout, status]).toEqual([`\x01scp: ${sentence}\nC0644 1 f\nx\0`, 1]);
  });

  it.each(['fifo', 'socket', 'block-device', 'character-device'] as const)(
    'a %s, which it does not open',
    async (kind) => {
      const inner = await filled({ 'd/strange': '' });
      class Strange extends DelegatingVfs {
        override async stat(path: string, options: FollowOption): Promise<Stats> {
          const stats = await super.stat(path, options);
          return path.endsWith('strange') ? { ...stats, kind } : stats;
        }
        override async list(path: string): Promise<Listing> {
          const listing = await super.list(path);
          const changed = (entries: readonly Entry[]): readonly Entry[] =>
            entries.map(({ name, stats }) => ({ name, stats: { ...stats, kind } }));
          return {
            path,
            next: async (count) => changed(await listing.next(count)),
            close: () => listing.close(),
          };
        }
      }
      const { vfs, calls } = watchedVfs({ inner: new Strange(inner) });
      const { stdout, status } = await sent('scp -r -f d/strange d', vfs);
      const sentence = '\x01scp: d/strange: not a regular file\n';
      expect([stdout, status]).toEqual([`${sentence}D0755 0 d\n${sentence}E\n`, 1]);
      expect(calls).not.toContain('open');
    },
  );

  it('a folder that lies within itself, once for each way into it', async () => {
    const vfs = await filled({ 'd/f': '' });
    await vfs.symlink('/d/up', '.');
    await vfs.symlink('/d/home', '/');
    const { stdout, status } = await sent('scp -r -f d', vfs);
    expect(status).toBe(1);
    expect(stdout.match(/lies within itself/g)).toHaveLength(2);
    expect(stdout.length).toBeLessThan(500);
  });

  it('folders that are too deep, with no more open than that', async () => {
    const inner = memoryVfs();
    for (let path = '/d', depth = 0; depth < 300; depth++, path += '/d') await inner.mkdir(path, 0o755);
    let most = 0;
    const watched = watchedVfs({ inner, before: () => void (most = Math.max(most, watched.open.size)) });
    const { stdout, status } = await sent('scp -r -f d', watched.vfs, '\0'.repeat(2000));
    expect([stdout.match(/^D/gm)?.length, status, most]).toEqual([256, 1, 256]);
    expect(stdout).toContain('more than 256 folders deep');
  });

  it.each([
    ['got shorter', (length: number) => length - 1, 'the file got shorter while it was sent'],
    ['cannot be read', () => null, 'permission denied'],
  ])('a file that %s, and sends as many bytes as it announced', async (_what, left, sentence) => {
    const size = 6 * block;
    const inner = await filled({ f: 'x'.repeat(size), g: 'next' });
    const vfs = reading(inner, async (file, into, position) => {
      if (file.path === 'g' || position !== 2 * block) return file.read(into, position);
      const length = left(into.length);
      if (length === null) throw new Fault('denied');
      return file.read(into.subarray(0, length), position);
    });
    const { stdout, status } = await sent('scp -f f g', vfs);
    expect(status).toBe(1);
    const bytes = stdout.slice(`C0644 ${size} f\n`.length);
    expect(bytes.slice(0, 2 * block) === 'x'.repeat(2 * block)).toBe(true);
    expect(bytes.charCodeAt(3 * block - 1)).toBe(0);
    expect(bytes.slice(size)).toBe(`\x01scp: f: ${sentence}\nC0644 4 g\nnext\0`);
  });

  it('nothing when a file grows: what was announced is sent', async () => {
    const inner = await filled({ f: 'x'.repeat(10) });
    const vfs = reading(inner, async (file, into, position) => {
      const more = await inner.open('/f', { append: true });
      await more.write([Buffer.from('more')], 0);
      await more.close();
      return file.read(into, position);
    });
    expect(await sent('scp -f f', vfs)).toMatchObject({
      stdout: `C0644 10 f\n${'x'.repeat(10)}\0`,
      status: 0,
    });
  });
});

describe('scp -f with a sink that', () => {
  it('refuses a file: sends none of its bytes, goes on, and exits with 1', async () => {
    const { vfs, open, endings } = watchedVfs({ inner: await filled({ f: 'x', g: 'y' }) });
    const { stdout, status } = await sent('scp -f f g', vfs, '\0\x01scp: f: no space\n\0\0');
    expect([stdout, status, open.size]).toEqual(['C0644 1 f\nC0644 1 g\ny\0', 1, 0]);
    expect(endings).toEqual([{ complete: false }, { complete: true }]);
  });

  it('refuses a folder: sends nothing of it, not its end either', async () => {
    const vfs = await filled({ 'd/f': 'x', g: 'y' });
    const { stdout, status } = await sent('scp -r -f d g', vfs, '\0\x01no\n\0\0');
    expect([stdout, status]).toEqual(['D0755 0 d\nC0644 1 g\ny\0', 1]);
  });

  it('could not write a file: exits with 1', async () => {
    const { endings, vfs } = watchedVfs({ inner: await filled({ f: 'x' }) });
    expect((await sent('scp -f f', vfs, '\0\0\x01scp: f: no space\n')).status).toBe(1);
    expect(endings).toEqual([{ complete: false }]);
  });

  it('gives up: stops', async () => {
    const { vfs, open } = watchedVfs({ inner: await filled({ f: 'x', g: 'y' }) });
    const { stdout, stderr, status } = await sent('scp -f f g', vfs, '\0\x02enough\n');
    expect([stdout, stderr, status]).toEqual(['C0644 1 f\n', ['scp: the other end gave up'], 1]);
    expect(open.size).toBe(0);
  });

  it('gives no answer that is one: says so and stops', async () => {
    const { stdout, status } = await sent('scp -f f', await filled({ f: 'x' }), '\0hello');
    const sentence = 'scp: protocol error: no answer where one is due';
    expect([stdout, status]).toEqual([`C0644 1 f\n\x02${sentence}\n`, 1]);
  });

  it('ends after any number of answers: leaves nothing open', async () => {
    const inner = await filled({ 'd/f': 'content', 'd/in/g': 'x' });
    const whole = 1 + 4 * 3;
    for (let count = 0; count <= whole; count++) {
      const { vfs, open } = watchedVfs({ inner });
      const { status } = await sent('scp -p -r -f d', vfs, '\0'.repeat(count));
      expect([count, status, open.size]).toEqual([count, count < whole ? 1 : 0, 0]);
    }
  });

  it.each(['stat', 'list', 'next', 'open', 'read', 'close'])(
    'is cut off while a file waits for %s: leaves nothing open',
    async (call) => {
      const barrier = new Barrier();
      const { vfs, open } = watchedVfs({
        inner: await filled({ 'd/f': 'content' }),
        before: barrier.at(call),
      });
      const command = running('scp -p -r -f d', { vfs });
      command.sink.data(Buffer.alloc(100));
      await until(() => barrier.waiting > 0);
      command.sink.closed();
      await turns(3);
      barrier.lift();
      await command.ended;
      expect([open.size, command.output.taken, command.input.taken, command.failures]).toEqual([0, 0, 0, []]);
    },
  );

  it('is cut off while it reads ahead: closes the file after the last read', async () => {
    const ahead = new Barrier();
    let reads = 0;
    let readsAtClose: number | null = null;
    const inner = reading(await filled({ f: 'x'.repeat(8 * block) }), async (file, into, position) => {
      reads++;
      // Four blocks are as much as the peer takes without asking for more.
      if (position >= 4 * block) await ahead.wait();
      reads--;
      return file.read(into, position);
    });
    const before = (call: string): undefined => {
      if (call === 'close') readsAtClose = reads;
    };
    const { vfs, endings } = watchedVfs({ inner, before });
    const command = running('scp -f f', { vfs, manual: true });
    command.sink.data(Buffer.alloc(2));
    await until(() => ahead.waiting === 2);
    command.sink.closed();
    await turns(20);
    expect([readsAtClose, command.hasEnded()]).toEqual([null, false]);
    ahead.lift();
    await command.ended;
    expect([readsAtClose, endings, command.failures]).toEqual([0, [{ complete: false }], []]);
  });

  it('does not answer: reads nothing for it, and holds no output, so that its connection is idle', async () => {
    const { vfs, calls } = watchedVfs({ inner: await filled({ f: 'x'.repeat(block) }) });
    const command = running('scp -f f', { vfs });
    for (const answers of [0, 1]) {
      command.sink.data(Buffer.alloc(answers));
      await turns(20);
      expect([command.output.taken, calls.includes('read')]).toEqual([0, false]);
    }
    command.sink.end();
    expect([await command.ended, command.stdout()]).toEqual([1, `C0644 ${block} f\n`]);
  });

  it('takes nothing: reads ahead a little, and no more until it does', async () => {
    const size = 40 * block;
    const { vfs, calls } = watchedVfs({ inner: await filled({ f: 'x'.repeat(size) }) });
    const command = running('scp -f f', { vfs, manual: true });
    command.sink.data(Buffer.alloc(3));
    const reads = (): number => calls.filter((call) => call === 'read').length;
    await turns(50);
    expect(reads()).toBe(4 + 2);
    const header = `C0644 ${size} f\n`.length;
    expect(command.output.taken).toBeGreaterThanOrEqual(6 * block + header);
    for (let sentSoFar = 0; !command.stdout().endsWith('x\0'); sentSoFar++) {
      expect(sentSoFar).toBeLessThan(100);
      command.sent();
      await turns(5);
    }
    expect(reads()).toBe(40);
    command.sink.closed();
    await command.ended;
  });
});
