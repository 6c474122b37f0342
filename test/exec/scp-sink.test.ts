import { describe, expect, it } from 'vitest';
import { look } from '../../src/exec/scp-receive.js';
import { Fault } from '../../src/fault.js';
import { DelegatingHandle, DelegatingVfs } from '../../src/vfs/delegating.js';
import { memoryVfs } from '../../src/vfs/memory.js';
import { permitted } from '../../src/vfs/permitted.js';
import type { Change, Handle, OpenOptions, Space, Vfs } from '../../src/vfs/vfs.js';
import { turns, until } from '../sftp/turns.js';
import { Barrier, watchedVfs } from '../sftp/watched-vfs.js';
import { filled, outcome, running, type Outcome } from './running.js';

const block = 256 * 1024;
const follow = { follow: true };

/** What a source sends, and all that is answered to it. */
function received(sent: string | Buffer, vfs: Vfs, command = 'scp -t /'): Promise<Outcome> {
  return outcome(command, { stdin: Buffer.isBuffer(sent) ? sent : Buffer.from(sent, 'latin1'), vfs });
}

/** A file as a source sends it. */
function file(name: string, content: string, mode = '0644'): string {
  return `C${mode} ${content.length} ${name}\n${content}\0`;
}

async function contentOf(vfs: Vfs, path: string): Promise<string> {
  const { size } = await vfs.stat(path, follow);
  const handle = await vfs.open(path, { read: true });
  const bytes = Buffer.alloc(size);
  await handle.read(bytes, 0);
  await handle.close();
  return bytes.toString('latin1');
}

/** Names below a folder, with what is in files. */
async function tree(vfs: Vfs, folder = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const listing = await vfs.list(folder === '' ? '/' : folder);
  for (const { name, stats } of await listing.next(1000)) {
    const path = `${folder}/${name}`;
    if (stats.kind === 'folder') Object.assign(all, { [`${path}/`]: '' }, await tree(vfs, path));
    else all[path] = await contentOf(vfs, path);
  }
  await listing.close();
  return all;
}

/** A filesystem whose writes fail as the test says, by where they begin. */
function writing(inner: Vfs, fails: (position: number) => Promise<boolean> | boolean): Vfs {
  class Failing extends DelegatingHandle {
    override async write(slices: readonly Buffer[], position: number): Promise<Change> {
      if (await fails(position)) throw new Fault('no-space');
      return super.write(slices, position);
    }
  }
  return new (class extends DelegatingVfs {
    override async open(path: string, options: OpenOptions): Promise<Handle> {
      return new Failing(await super.open(path, options));
    }
  })(inner);
}

/** A filesystem with so much room. */
function roomy(inner: Vfs, bytesFree: number): Vfs {
  return new (class extends DelegatingVfs {
    override async space(path: string): Promise<Space> {
      return { ...(await super.space(path)), bytesFree };
    }
  })(inner);
}

describe('scp -t [PROTOCOL 7.5]', () => {
  it('takes a file into a folder, under the name that is sent', async () => {
    const vfs = await filled({ 'd/x': '' });
    const { stdout, status, stderr } = await received(file('f', 'content'), vfs, 'scp -t d');
    expect([stdout, status, stderr]).toEqual(['\0\0\0', 0, []]);
    expect(await contentOf(vfs, '/d/f')).toBe('content');
  });

  it('takes a file to a path that is no folder, under that name', async () => {
    const vfs = await filled({ there: 'old and long' });
    await received(file('sent', 'new'), vfs, 'scp -t there');
    await received(file('sent', 'made'), vfs, 'scp -t -- -made');
    expect(await tree(vfs)).toEqual({ '/there': 'new', '/-made': 'made' });
  });

  it('takes empty files, and many of all sizes in one session', async () => {
    const vfs = memoryVfs();
    const contents = [0, 1, 1000, block - 1, block, block + 1, 5 * block + 7].map((length, index) =>
      String(index).repeat(length),
    );
    const sent = contents.map((content, index) => file(`f${index}`, content)).join('');
    const { stdout, status } = await received(sent, vfs);
    expect([stdout, status]).toEqual(['\0'.repeat(1 + 2 * contents.length), 0]);
    for (const [index, content] of contents.entries()) {
      expect((await contentOf(vfs, `/f${index}`)) === content).toBe(true);
    }
  });

  it('takes bytes in pieces of any length', async () => {
    const vfs = memoryVfs();
    const sent = Buffer.from(file('f', 'abc'.repeat(500)) + file('g', 'x'), 'latin1');
    for (const length of [1, 7, 333]) {
      const command = running('scp -t /', { vfs });
      for (let at = 0; at < sent.length; at += length) command.sink.data(sent.subarray(at, at + length));
      command.sink.end();
      expect(await command.ended).toBe(0);
      expect(await tree(vfs)).toEqual({ '/f': 'abc'.repeat(500), '/g': 'x' });
    }
  });

  it('with -r makes folders, uses those that exist, and comes back out of them', async () => {
    const vfs = await filled({ 'a/kept': 'kept' });
    const sent = `D0755 0 a\nD0500 0 in\n${file('f', '1')}E\n${file('g', '2')}E\n${file('h', '3')}`;
    const { stdout, status } = await received(sent, vfs, 'scp -r -t .');
    expect([stdout, status]).toEqual(['\0'.repeat(11), 0]);
    expect(await tree(vfs)).toEqual({
      ...{ '/a/': '', '/a/in/': '', '/a/in/f': '1', '/a/g': '2', '/a/kept': 'kept', '/h': '3' },
    });
  });

  it('with -r to a name that is not there makes the folder under that name', async () => {
    const vfs = memoryVfs();
    await received(`D0755 0 sent\n${file('f', '1')}E\n`, vfs, 'scp -r -t target');
    expect(await tree(vfs)).toEqual({ '/target/': '', '/target/f': '1' });
  });

  it('with -p sets times and modes, those of folders once they are full', async () => {
    const vfs = await filled({ old: 'old' });
    const sent =
      `T1000000001 0 1000000002 0\nD0750 0 d\nT1100000001 0 1100000002 0\n${file('f', 'x', '0640')}E\n` +
      `T1200000001 0 1200000002 0\n${file('old', 'y', '0600')}`;
    const { status } = await received(sent, vfs, 'scp -r -p -t /');
    expect(status).toBe(0);
    const shown = await Promise.all(['/d', '/d/f', '/old'].map((path) => vfs.stat(path, follow)));
    expect(shown.map(({ mode, mtime, atime }) => [mode & 0o777, mtime, atime])).toEqual([
      [0o750, 1_000_000_001, 1_000_000_002],
      [0o640, 1_100_000_001, 1_100_000_002],
      [0o600, 1_200_000_001, 1_200_000_002],
    ]);
  });

  it('without -p gives new files the mode less umask, and leaves that of others', async () => {
    const vfs = await filled({ old: 'old' });
    await vfs.set('/old', { mode: 0o640 }, follow);
    await received(file('old', 'x', '0777') + file('new', 'x', '0775'), vfs);
    const modes = await Promise.all(
      ['/old', '/new'].map(async (path) => (await vfs.stat(path, follow)).mode),
    );
    expect(modes).toEqual([0o640, 0o755]);
  });

  it('sets neither setuid nor setgid nor sticky bits [J6]', async () => {
    const vfs = memoryVfs();
    await received(`D7777 0 d\n${file('f', 'x', '7777')}E\n`, vfs, 'scp -r -p -t /');
    expect([(await vfs.stat('/d', follow)).mode, (await vfs.stat('/d/f', follow)).mode]).toEqual([
      0o777, 0o777,
    ]);
  });

  it('forgets the times of an entry that it refused', async () => {
    const vfs = await filled({ 'd/x': '' });
    const before = (await vfs.stat('/d', follow)).mtime;
    const { stdout } = await received(`T5 0 5 0\nC0644 1 d\n${file('f', 'x')}`, vfs);
    expect(stdout).toBe('\0\0\x01scp: /d: is a folder\n\0\0');
    expect((await vfs.stat('/f', follow)).mtime).toBeGreaterThanOrEqual(Math.floor(before));
  });

  it('survives names of any bytes, and decodes what OpenSSH makes of a newline', async () => {
    const vfs = memoryVfs();
    const names = [
      'a b',
      'q\'"',
      '*?[x]',
      '-rf',
      '\xe4\xb8\xad\xe6\x96\x87',
      '\xff\xfe',
      'tab\t\x1b',
      '\\^A',
    ];
    const sent = [...names, 'new\\^Jline', 'odd\\x\\^J'].map((name) => file(name, 'x')).join('');
    expect((await received(sent, vfs)).status).toBe(0);
    const there = Object.keys(await tree(vfs)).sort();
    expect(there).toEqual([...names, 'new\nline', 'odd\\x\\^J'].map((name) => `/${name}`).sort());
  });

  it('overwrites in place: the rest of a longer file stays until all has come', async () => {
    const inner = await filled({ f: 'old content' });
    const { inode } = await inner.open('/f', { read: true });
    const command = running('scp -t f', { vfs: inner });
    command.sink.data(Buffer.from('C0644 5 f\nnew'));
    command.sink.end();
    await command.ended;
    expect(await contentOf(inner, '/f')).toBe('new content');
    await received('C0644 5 f\nnewer\0', inner, 'scp -t f');
    expect(await contentOf(inner, '/f')).toBe('newer');
    expect((await inner.stat('/f', follow)).ino).toBe(inode.ino);
  });
});

describe('scp -t refuses', () => {
  it.each([
    ['a target that is a file, with -d', 'scp -d -t f', '\x01scp: f: not a folder\n'],
    ['a target that is not there, with -d', 'scp -d -t gone', '\x01scp: gone: no such file or folder\n'],
    ['two targets', 'scp -t f g', '\x02scp: ambiguous target\n'],
  ])('%s', async (_what, command, stdout) => {
    const vfs = await filled({ f: 'kept', g: '' });
    expect(await received(file('f', 'new'), vfs, command)).toMatchObject({ stdout, status: 1 });
    expect(await contentOf(vfs, '/f')).toBe('kept');
  });

  it('several targets before it looks for what they stand for', async () => {
    const { vfs, calls } = watchedVfs({ inner: await filled({ f: '', g: '' }) });
    const { stdout } = await received('', vfs, `scp -t${' *'.repeat(10_000)}`);
    expect([stdout, calls]).toEqual(['\x02scp: ambiguous target\n', []]);
  });

  it.each([
    ['a file without room', 'scp -t d', 'C0644 60 f\n', 'd/f', 'no-space'],
    ['a file in the way of a folder', 'scp -r -t .', 'D0755 0 old\n', 'old', 'not-a-folder'],
    ['a target that is no folder', 'scp -d -t old', '', 'old', 'not-a-folder'],
    ['a path for a name', 'scp -t d', 'C0644 4 ../x\n', '', 'bad-message'],
  ])('%s, and tells the operator', async (_what, line, sent, path, code) => {
    const command = running(line, { vfs: roomy(await filled({ old: '', 'd/x': '' }), 50) });
    command.sink.data(Buffer.from(sent));
    command.sink.end();
    await command.ended;
    expect(command.refusals).toEqual([[path, expect.objectContaining({ code })]]);
    expect(command.stdout()).toContain(command.refusals[0]?.[1].message);
  });

  it('nothing twice to the operator, whom the filesystem tells of its own refusals', async () => {
    const command = running('scp -t /', { vfs: permitted(memoryVfs(), () => ({ readOnly: true })) });
    command.sink.data(Buffer.from('C0644 0 f\n'));
    command.sink.end();
    expect([await command.ended, command.refusals]).toEqual([1, []]);
  });

  it.each([
    ['scp', 'either -t or -f is needed'],
    ['scp -t -f x', 'either -t or -f is needed'],
    ['scp -t', 'a name is missing'],
    ['scp -tx y', 'scp has no option -x here'],
    ['scp -S sh -t y', 'scp has no option -S here; usage: scp '],
    ["scp '-\x1b[2J' -t y", 'scp has no option -\\x1b here; usage: scp '],
    ['scp -\xe9 -t y', 'scp has no option -\\xe9 here; usage: scp '],
  ])('%s, and says how it is called', async (command, why) => {
    const { stdout, stderr, status } = await received('', memoryVfs(), command);
    expect([stdout, stderr.join(), status]).toEqual(['', expect.stringContaining(why), 1]);
  });

  it.each([
    ['a folder in the way of a file', file('d', ''), '/d: is a folder'],
    ['a file in the way of a folder', 'D0755 0 f\n', '/f: not a folder'],
  ])('%s, and goes on', async (_what, first, sentence) => {
    const vfs = await filled({ 'd/x': '', f: 'kept' });
    // A source that is refused sends none of the bytes.
    const sent = first.replace('\0', '') + file('next', 'taken');
    const { stdout, status } = await received(sent, vfs, 'scp -r -t /');
    expect([stdout, status]).toEqual([`\0\x01scp: ${sentence}\n\0\0`, 1]);
    expect(await tree(vfs)).toMatchObject({ '/f': 'kept', '/next': 'taken' });
  });

  it('everything of a read-only account, and makes nothing', async () => {
    const inner = memoryVfs();
    const vfs = permitted(inner, () => ({ readOnly: true }));
    const { stdout, status } = await received('C0644 3 f\nD0755 0 d\n', vfs, 'scp -r -t /');
    const sentence = 'this account may only read';
    expect([stdout, status]).toEqual([`\0\x01scp: /f: ${sentence}\n\x01scp: /d: ${sentence}\n`, 1]);
    expect(await tree(inner)).toEqual({});
  });

  it('a file that is larger than the room, before its first byte, less what it replaces', async () => {
    const inner = await filled({ old: 'x'.repeat(100) });
    const vfs = roomy(inner, 50);
    const sent =
      `C0644 20000000000 big\nC0644 51 new\nC0644 151 old\n` +
      file('old', 'y'.repeat(150)) +
      file('fits', 'z'.repeat(50));
    const { stdout, status } = await received(sent, vfs);
    expect([stdout, status]).toEqual([
      '\0\x01scp: /big: needs 20 GB, 50 B free\n\x01scp: /new: needs 51 B, 50 B free\n' +
        '\x01scp: /old: needs 51 B, 50 B free\n\0\0\0\0',
      1,
    ]);
    expect(Object.keys(await tree(inner))).toEqual(['/old', '/fits']);
  });

  it('by the name that was sent, where the target is the home', async () => {
    const { stdout } = await received('C0644 60 f\n', roomy(memoryVfs(), 50), 'scp -t .');
    expect(stdout).toBe('\0\x01scp: f: needs 60 B, 50 B free\n');
  });

  it('by exact bytes where sizes for people look the same', async () => {
    const { stdout } = await received('C0644 3100000001 f\n', roomy(memoryVfs(), 3_100_000_000));
    expect(stdout).toBe('\0\x01scp: /f: needs 3100000001 bytes, 3100000000 free\n');
  });

  it('a file whose write fails: its bytes are dropped, the next file is taken', async () => {
    const { vfs, open, endings } = watchedVfs({
      inner: writing(memoryVfs(), (position) => position >= block),
    });
    const sent = file('f', 'x'.repeat(10 * block)) + file('g', 'good');
    const { stdout, status } = await received(sent, vfs);
    expect([stdout, status]).toEqual(["\0\0\x01scp: /f: no space on the server's disk\n\0\0", 1]);
    expect([await contentOf(vfs, '/g'), (await vfs.stat('/f', follow)).size]).toEqual(['good', block]);
    expect([open.size, endings.slice(0, 2)]).toEqual([0, [{ complete: false }, { complete: true }]]);
  });

  it('keeps of such a file what can be resumed from its end, though later blocks were written', async () => {
    const inner = memoryVfs();
    const later = new Barrier();
    const vfs = writing(inner, async (position) => {
      if (position === 3 * block) later.lift();
      if (position === block) await later.wait();
      return position === block;
    });
    await received(file('f', 'x'.repeat(8 * block)), vfs);
    expect((await inner.stat('/f', follow)).size).toBe(block);
  });

  it('to leave a file shorter than announced, though another cut it behind the last block', async () => {
    const inner = memoryVfs();
    const barrier = new Barrier();
    const vfs = writing(inner, async (position) => {
      if (position === block) await barrier.wait();
      return false;
    });
    const result = received(file('f', 'x'.repeat(3 * block)), vfs);
    while ((await look(inner, '/f'))?.size !== 3 * block) await turns();
    await inner.set('/f', { size: 0 }, follow);
    barrier.lift();
    expect([(await result).status, (await inner.stat('/f', follow)).size]).toEqual([0, 3 * block]);
  });

  it('to cut a file that was longer before', async () => {
    const inner = await filled({ f: 'o'.repeat(4 * block) });
    await received(
      file('f', 'n'.repeat(3 * block)),
      writing(inner, (position) => position === block),
    );
    expect((await inner.stat('/f', follow)).size).toBe(4 * block);
  });

  it.each([
    ['a line that is none', 'hello\n', 'no C, D, E or T line'],
    ['a line that does not end', 'C0644 1 '.padEnd(9000, 'x'), 'a line of more than 8192 bytes'],
    ['a folder without -r', 'D0755 0 d\n', 'a folder without -r'],
    ['an end without a folder', 'E\n', 'E without a folder'],
    ['a path for a name', 'C0644 4 ../x\nboom\0', 'not a name that a file can have'],
    ['an absolute path', 'C0644 4 /x\nboom\0', 'not a name that a file can have'],
    ['the folder above', 'D0755 0 ..\n', 'not a name that a file can have'],
    ['no answer after the bytes', 'C0644 1 f\nxC0644', 'no answer where one is due'],
  ])('%s, and ends', async (_what, sent, why) => {
    const vfs = memoryVfs();
    const { stdout, status } = await received(sent + file('after', 'x'), vfs);
    expect(stdout.split('\x02')[1]).toMatch(/^scp: protocol error: [^\n]+\n$/);
    expect([stdout, status]).toEqual([expect.stringContaining(why), 1]);
    expect(Object.keys(await tree(vfs)).filter((path) => path !== '/f')).toEqual([]);
  });

  it('tells no more than OpenSSH takes for one answer, and no control characters', async () => {
    const deep = `${'\x1b'.repeat(200)}/`.repeat(19);
    const { stdout } = await received('C0644 1 f\n', memoryVfs(), `scp -t '${deep}f'`);
    expect(stdout.length).toBeLessThan(2000);
    expect(stdout).toMatch(/^\0\x01[^\x00-\x1f]+: no such file or folder\n$/);
  });
});

describe('scp -t with a source that fails', () => {
  it('that could not read a file: keeps what came, without its time, and exits with 1', async () => {
    const { vfs, endings } = watchedVfs();
    const sent =
      'T5 0 5 0\nC0644 4 f\nha\0\0\x01scp: f: i/o error\n\x01scp: gone: not found\n' + file('g', 'x');
    const { stdout, status } = await received(sent, vfs);
    expect([stdout, status]).toEqual(['\0'.repeat(6), 1]);
    expect(await contentOf(vfs, '/f')).toBe('ha\0\0');
    expect((await vfs.stat('/f', follow)).mtime).not.toBe(5);
    expect(endings[0]).toEqual({ complete: false });
  });

  it('that gives up: says so, and exits with 1', async () => {
    const { stdout, stderr, status } = await received('\x02fatal\n', memoryVfs());
    expect([stdout, stderr, status]).toEqual(['\0', ['scp: the other end gave up'], 1]);
  });

  it('at every byte: ends, keeps what came of the file as it is, and leaves nothing open', async () => {
    const transcript = `D0755 0 d\nT5 0 5 0\n${file('f', 'content')}E\n${file('g', 'x')}`;
    for (let length = 0; length <= transcript.length; length++) {
      const { vfs, open } = watchedVfs();
      const { status } = await received(transcript.slice(0, length), vfs, 'scp -r -p -t /');
      const whole = [0, transcript.indexOf('C0644 1 g'), transcript.length].includes(length);
      expect([length, status, open.size]).toEqual([length, whole ? 0 : 1, 0]);
      const came = length - transcript.indexOf('content');
      if (came > 0 && came < 7) {
        expect(await tree(vfs)).toEqual({ '/d/': '', '/d/f': 'content'.slice(0, came) });
      }
    }
  });

  it('cut off at every byte: leaves nothing open and nothing charged', async () => {
    const transcript = Buffer.from(`D0755 0 d\n${file('f', 'content')}E\n`, 'latin1');
    for (let length = 0; length <= transcript.length; length++) {
      const { vfs, open, endings } = watchedVfs();
      const command = running('scp -r -t /', { vfs, manual: true });
      command.sink.data(transcript.subarray(0, length));
      await turns(5);
      command.sink.closed();
      await command.ended;
      expect([open.size, command.output.taken, command.input.taken, command.failures]).toEqual([0, 0, 0, []]);
      if (length < transcript.length - 2) expect(endings.every((ending) => !isComplete(ending))).toBe(true);
    }
  });

  it.each(['stat', 'space', 'open', 'write', 'set', 'close', 'mkdir'])(
    'cut off while it waits for %s: leaves nothing open',
    async (call) => {
      const barrier = new Barrier();
      const { vfs, open } = watchedVfs({ before: barrier.at(call) });
      const command = running('scp -r -p -t /', { vfs });
      command.sink.data(Buffer.from(`D0755 0 d\nT5 0 5 0\n${file('f', 'x')}E\n`));
      await until(() => barrier.waiting > 0);
      command.sink.closed();
      await turns(3);
      barrier.lift();
      await command.ended;
      expect([open.size, command.input.taken, command.failures]).toEqual([0, 0, []]);
    },
  );
});

function isComplete(ending: unknown): boolean {
  return (ending as { readonly complete?: boolean } | undefined)?.complete !== false;
}

describe('scp -t on a slow disk', () => {
  it('holds nothing of a file whose write failed', async () => {
    const barrier = new Barrier();
    const vfs = writing(memoryVfs(), async () => {
      await barrier.wait();
      return true;
    });
    const command = running('scp -t /', { vfs });
    command.sink.data(Buffer.from(`C0644 ${3 * block} f\n`));
    command.sink.data(Buffer.alloc(block + 1000));
    await until(() => barrier.waiting === 1 && command.input.taken === block + 1000);
    barrier.lift();
    command.sink.data(Buffer.alloc(2 * block - 1000));
    command.sink.data(Buffer.of(0));
    await until(() => command.stdout().endsWith("no space on the server's disk\n"));
    expect(command.input.taken).toBe(0);
    command.sink.end();
    expect(await command.ended).toBe(1);
  });

  it('has several writes on the way, and no more; the rest waits in the channel', async () => {
    const barrier = new Barrier();
    const { vfs } = watchedVfs({ before: barrier.at('write') });
    const command = running('scp -t /', { vfs });
    command.sink.data(Buffer.from(`C0644 ${20 * block} f\n`));
    for (let sent = 0; sent < 20 * block; sent += 32768) command.sink.data(Buffer.alloc(32768, 1));
    await until(() => barrier.waiting === 4);
    await turns(20);
    expect(barrier.waiting).toBe(4);
    // What is gathered and being written too: memory is memory.
    expect(command.input.taken).toBe(20 * block);
    barrier.lift();
    command.sink.data(Buffer.of(0));
    command.sink.end();
    expect(await command.ended).toBe(0);
    expect((await vfs.stat('/f', follow)).size).toBe(20 * block);
    expect(command.input.taken).toBe(0);
  });
});
