import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Remote, RemoteHandle } from '../../../../src/client/remote.js';
import { Fault } from '../../../../src/fault.js';
import { entry, fakeRemote, listing } from './fake-remote.js';
import { typing } from './typed.js';

/** A person at a server that answers so. */
function at(given: Partial<Remote>): ReturnType<typeof typing> {
  return typing({ remote: fakeRemote(given), folder: '/home' });
}

const never = new Promise<never>(() => undefined);

describe('names that lead out of a folder', () => {
  it.each(['../precious', '..', 'sub/../../precious', '/precious', 'a\0b', ''])(
    'are not removed by rm -r: %j',
    async (name) => {
      const removed: string[] = [];
      const { stderr, exit } = await at({
        ...listing({ '/home/tree': [entry(name)] }),
        lstat: (path) => Promise.resolve({ kind: path === '/home/tree' ? 'folder' : 'file' }),
        remove: (path) => Promise.resolve(void removed.push(path)),
        rmdir: (path) => Promise.resolve(void removed.push(path)),
      }).type('rm -r tree');
      expect(removed.filter((path) => path !== '/home/tree')).toEqual([]);
      if (name !== '..')
        expect({ stderr, exit }).toMatchObject({
          exit: 1,
          stderr: expect.stringContaining('no file can have') as string,
        });
    },
  );

  it('match no pattern', async () => {
    const removed: string[] = [];
    const { exit } = await at({
      ...listing({ '/home': [entry('../x.txt'), entry('a/b.txt'), entry('ok.txt')] }),
      remove: (path) => Promise.resolve(void removed.push(path)),
    }).type('rm *.txt');
    expect({ exit, removed }).toEqual({ exit: 0, removed: ['/home/ok.txt'] });
  });

  it('are shown escaped by ls', async () => {
    const evil = '\u001b]0;owned\u0007\r\nplim: all is well';
    const { stdout } = await at(
      listing({ '/home': [entry(evil, 'file', `-rw-r--r-- 1 \u001b[31mroot root 1 x`)] }),
    ).type('ls -l');
    expect(stdout).not.toMatch(/[\u001b\u0007\r]/);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout).toContain('\\x1b[31mroot');
  });
});

describe('a folder that is a link by the time it is removed', () => {
  it('is removed as the link it is', async () => {
    const removed: string[] = [];
    const { exit } = await at({
      ...listing({ '/home/tree': [entry('sub', 'folder')], '/home/tree/sub': [entry('precious')] }),
      lstat: (path) => Promise.resolve({ kind: path === '/home/tree' ? 'folder' : 'symlink' }),
      remove: (path) => Promise.resolve(void removed.push(path)),
      rmdir: (path) => Promise.resolve(void removed.push(path)),
    }).type('rm -r tree');
    expect({ exit, removed }).toEqual({ exit: 0, removed: ['/home/tree/sub', '/home/tree'] });
  });
});

describe('what has no end', () => {
  const endless: Pick<Remote, 'list'> = {
    async *list() {
      const batch = Array.from({ length: 10_000 }, (_, index) => entry(`f${index}`));
      // As a socket does, it lets others have their turn.
      for (;;) {
        await setImmediate();
        yield batch;
      }
    },
  };
  const folder = () => Promise.resolve({ kind: 'folder' } as const);

  it('is not gathered for sorting or removing for ever', async () => {
    const site = at({ ...endless, lstat: folder, stat: folder });
    expect(await site.type('ls')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('ls -f lists them') as string,
    });
    expect(await site.type('rm -r tree')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('more than') as string,
    });
    expect(await site.type('rm *x')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('names at most') as string,
    });
  });

  it('is not walked for ever by du and cp: a folder in each folder', async () => {
    const deep = at({
      list: async function* () {
        yield await Promise.resolve([entry('d'.repeat(200), 'folder')]);
      },
      lstat: (path) => (path.includes('copy') ? Promise.reject(new Fault('not-found')) : folder()),
      stat: (path) => (path.includes('copy') ? Promise.reject(new Fault('not-found')) : folder()),
      realpath: (path) => Promise.resolve(path),
      mkdir: () => Promise.resolve(),
    });
    expect(await deep.type('du tree')).toMatchObject({
      stderr: expect.stringContaining('path is too long') as string,
    });
    expect(await deep.type('cp -r tree copy')).toMatchObject({
      exit: 10,
      stderr: expect.stringContaining('path is too long') as string,
    });
  });

  it('ends with Ctrl-C: no answer, and a listing that goes on', async () => {
    const stop = new AbortController();
    const silent = at({ lstat: () => never, stat: () => never, list: endless.list }).type(
      'rm nothing',
      stop.signal,
    );
    stop.abort();
    expect(await silent).toMatchObject({ exit: 130 });
    const later = new AbortController();
    const going = at({ ...endless, stat: folder, lstat: folder }).type('ls -f', later.signal);
    setTimeout(() => later.abort(), 20);
    expect(await going).toMatchObject({ exit: 130 });
  });
});

describe('answers that make no sense', () => {
  it.each([null, 'text', 7, [], { home: 7 }, { home: { bytes: { used: -1 } }, role: 5, expires: {} }])(
    'about the account: %j',
    async (status) => {
      const site = at({
        accountStatus: () => Promise.resolve(status as never),
        realpath: () => Promise.resolve('/home'),
        ...listing({ '/home': [] }),
      });
      for (const line of ['status', 'info', 'system'])
        expect(await site.type(line)).toMatchObject({ exit: 0 });
      expect((await site.type('status')).stdout).toContain('role        not said by this server');
    },
  );

  it('about the account: refused', async () => {
    const site = at({
      accountStatus: () => Promise.reject(new Fault('failure')),
      space: () => Promise.reject(new Fault('denied')),
      realpath: () => Promise.resolve('/home'),
      ...listing({ '/home': [] }),
    });
    expect(await site.type('info')).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('not said') as string,
    });
    expect(await site.type('df')).toMatchObject({ exit: 5 });
  });

  it('about where a folder is', async () => {
    const site = at({
      realpath: () => Promise.resolve('nonsense'),
      stat: () => Promise.resolve({ kind: 'folder' }),
    });
    expect(await site.type('cd x')).toMatchObject({ exit: 1 });
    expect(site.at.remote).toBe('/home');
  });
});

describe('a server that can do little', () => {
  const files = new Map<string, Buffer>([['/home/a', Buffer.from('content')]]);
  const handle = (path: string): RemoteHandle => ({
    read: (offset, length) => {
      const bytes = files.get(path)?.subarray(offset, offset + length) ?? Buffer.alloc(0);
      return Promise.resolve(bytes.length === 0 ? null : [bytes]);
    },
    write: (_offset, data) => Promise.resolve(void files.set(path, Buffer.from(data))),
    stat: () => Promise.resolve({ kind: 'file', size: files.get(path)?.length ?? 0 }),
    setStat: () => Promise.resolve(),
    sync: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  });
  const stat = (path: string): ReturnType<Remote['stat']> =>
    files.has(path) ? Promise.resolve({ kind: 'file' }) : Promise.reject(new Fault('not-found'));
  const simple = (): ReturnType<typeof typing> =>
    at({
      stat,
      lstat: stat,
      open: (path) => Promise.resolve(handle(path)),
      setStat: () => Promise.resolve(),
    });

  it('says that it cannot copy, and copies through the client when asked', async () => {
    expect(await simple().type('cp a b')).toMatchObject({
      exit: 1,
      stderr:
        'plim: cp a: this server cannot copy: cp --through-client does it over the line, as get and put would\n',
    });
    expect(files.has('/home/b')).toBe(false);
    expect(await simple().type('cp --through-client a b')).toMatchObject({ exit: 0 });
    expect(files.get('/home/b')?.toString()).toBe('content');
  });

  it('says that it cannot hash, and hashes through the client when asked', async () => {
    expect(await simple().type('hash a')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('--read reads') as string,
    });
    expect((await simple().type('hash --read a')).stdout).toMatch(/^9a0364b9e99bb480dd25e1f0284c8555 {2}a$/m);
    expect(await simple().type('verify a package.json')).toMatchObject({
      exit: 7,
      stderr: expect.stringContaining('verify a: not verified: this server has no MD5') as string,
    });
    expect(await simple().type('verify --read a package.json')).toMatchObject({
      exit: 7,
      stderr: expect.stringContaining('MD5 differs') as string,
    });
  });

  it('shows what little it tells', async () => {
    const { stdout } = await at(listing({ '/home': [entry('x', 'unknown')] })).type('ls -l');
    expect(stdout).toBe('?????????? ? ? ? ? ?            x\n');
    expect(await at({ space: () => Promise.resolve(null) }).type('df')).toMatchObject({
      exit: 1,
      stderr: 'plim: df /home: this server does not say how much room there is\n',
    });
  });

  it('takes owners from its own lines', async () => {
    const { stdout } = await at(
      listing({ '/home': [entry('x', 'file', '-rw-r--r--   3 bob      staff  12 Nov 21 10:00 x')] }),
    ).type('ls -l');
    expect(stdout).toMatch(/ 3 bob staff /);
  });
});

it('stops at once when the connection is gone', async () => {
  const asked: string[] = [];
  const said = await at({
    lstat: (path) => {
      asked.push(path);
      return Promise.reject(new Fault('no-connection'));
    },
  }).type('delete a b c');
  expect(said).toMatchObject({ exit: 8 });
  expect(asked).toEqual(['/home/a']);
});
