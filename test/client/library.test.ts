import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  connect,
  Fault,
  TreeFault,
  type Client,
  type ClientOptions,
  type FaultCode,
} from '../../src/client.js';
import { createServer, type Server } from '../../src/index.js';
import { fromBytes, toBytes } from '../../src/names.js';
import { startSshd, withoutSshd } from './sshd.js';

let work: string;
let server: Server;
let options: ClientOptions;
/** On the server's disk. */
let home: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plimsoll-library-'));
  server = await createServer({
    accounts: { alice: { password: 'secret', quota: '20MB' } },
    homes: join(work, 'homes'),
  }).listen(0);
  home = join(work, 'homes/alice');
  options = {
    host: '127.0.0.1',
    port: server.port,
    user: 'alice',
    password: 'secret',
    hostKey: server.fingerprint,
    retries: 0,
  };
});
afterAll(async () => {
  await server.close({ grace: 0 });
  rmSync(work, { recursive: true });
});

async function codeOf(running: Promise<unknown>): Promise<FaultCode | 'none'> {
  try {
    await running;
    return 'none';
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Fault);
    return (thrown as Fault).code;
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

describe('connect', () => {
  it('knows the server by its fingerprint, by a file, or by what the program decides', async () => {
    const { hostKey: _fingerprint, ...without } = options;
    const file = join(work, 'known_hosts');
    const seen: string[] = [];
    expect(await codeOf(connect({ ...without, knownHosts: file }))).toBe('wrong-host-key');
    for (const known of [
      { hostKey: ['SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8', server.fingerprint] },
      { knownHosts: file, acceptNew: true },
      { knownHosts: [file, join(work, 'nowhere')] },
      { checkHostKey: ({ fingerprint }: { fingerprint: string }) => seen.push(fingerprint) > 0 },
    ]) {
      const client = await connect({ ...without, ...known });
      await client.close();
    }
    expect(seen).toEqual([server.fingerprint]);
    expect(await codeOf(connect({ ...without, checkHostKey: () => false }))).toBe('wrong-host-key');
  });

  it.each<[string, Record<string, unknown>]>([
    ['connect has to know', { hostKey: undefined }],
    ["no option 'hostkey'", { hostkey: 'SHA256:x' }],
    ['needs a user', { user: '' }],
    ['port is', { port: 70_000 }],
    ['timeout is', { timeout: 0 }],
    ['retries is', { retries: -1 }],
    ['needs knownHosts', { acceptNew: true }],
    ['no fingerprint', { hostKey: 'SHA256:short' }],
  ])('refuses what is wrong: %s', async (sentence, wrong) => {
    const connecting = connect({ ...options, ...wrong });
    await expect(connecting).rejects.toThrow(sentence);
    await expect(connecting).rejects.toMatchObject({ code: 'invalid' });
  });

  it('asks for a password as often as the server lets it, and gives up when nobody answers', async () => {
    const attempts: number[] = [];
    const client = await connect({
      ...options,
      password: (attempt) => {
        attempts.push(attempt);
        return attempt === 0 ? 'wrong' : 'secret';
      },
    });
    await client.close();
    expect(attempts).toEqual([0, 1]);
    expect(await codeOf(connect({ ...options, password: () => null }))).toBe('login-refused');
  });

  it('ends when its signal aborts, before and meanwhile', async () => {
    expect(await codeOf(connect({ ...options, signal: AbortSignal.abort() }))).toBe('cancelled');
    const stop = new AbortController();
    const password = (): Promise<string> => {
      stop.abort();
      return new Promise(() => undefined);
    };
    expect(await codeOf(connect({ ...options, password, signal: stop.signal }))).toBe('cancelled');
  });

  it('is no longer about a signal that aborts later', async () => {
    const stop = new AbortController();
    const client = await connect({ ...options, signal: stop.signal });
    stop.abort();
    expect(await client.realpath()).toBe('/');
    await client.close();
    expect(await codeOf(client.realpath())).toBe('no-connection');
  });
});

describe('a client', () => {
  let client: Client;
  let here: string;
  beforeAll(async () => (client = await connect(options)));
  afterAll(() => client.close());
  beforeEach(() => {
    mkdirSync(home, { recursive: true });
    here = mkdtempSync(join(work, 'here-'));
  });
  afterEach(() => {
    for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true });
  });

  it('makes folders, lists, and removes them', async () => {
    await client.mkdir('a/b/c', { recursive: true });
    await client.mkdir('/a/b', { recursive: true });
    expect(await codeOf(client.mkdir('a'))).toBe('exists');
    writeFileSync(join(home, 'a/file'), 'four');
    symlinkSync('/', join(home, 'a/link'));
    const entries = await client.list('a');
    expect(entries.map(({ name, kind }) => `${name} ${kind}`).sort()).toEqual([
      'b folder',
      'file file',
      'link symlink',
    ]);
    expect(entries.find(({ name }) => name === 'file')).toMatchObject({
      size: 4,
      nameBytes: Buffer.from('file'),
    });
    expect(await codeOf(client.remove('a'))).toBe('not-empty');
    await client.remove('a', { recursive: true });
    expect(readdirSync(home)).toEqual([]);
    expect(await codeOf(client.mkdir('x/y'))).toBe('not-found');
  });

  it('does not follow a symlink that it removes', async () => {
    mkdirSync(join(home, 'kept'));
    writeFileSync(join(home, 'kept/file'), 'x');
    symlinkSync('kept', join(home, 'link'));
    await client.remove('link', { recursive: true });
    expect(readdirSync(join(home, 'kept'))).toEqual(['file']);
  });

  it('tells what a file is, renames, copies, changes and hashes it', async () => {
    const bytes = randomBytes(1000);
    writeFileSync(join(home, 'one'), bytes);
    await client.chmod('one', 0o600);
    const time = new Date('2001-02-03T04:05:06Z');
    await client.setTimes('one', { accessed: time, modified: time });
    expect(await client.stat('one')).toMatchObject({ kind: 'file', size: 1000, mode: 0o600, modified: time });
    await client.copy('one', 'two');
    expect(await codeOf(client.copy('one', 'two'))).toBe('exists');
    expect(await codeOf(client.rename('one', 'two'))).toBe('exists');
    await client.rename('one', 'two', { replace: true });
    expect(await client.exists('one')).toBe(false);
    expect(await client.hash('two', { algorithm: 'md5' })).toBe(md5(bytes));
    expect(await client.hash('two', { algorithm: 'md5', start: 10, length: 20 })).toBe(
      md5(bytes.subarray(10, 30)),
    );
    await client.symlink('two', 'three');
    expect(await client.readlink('three')).toBe('two');
    expect((await client.stat('three', { follow: false })).kind).toBe('symlink');
  });

  it('takes bytes for names that are no text, and gives them', async () => {
    const name = Buffer.from([0x61, 0xff, 0x0a]);
    await client.mkdir(name);
    const [entry] = await client.list();
    expect(entry?.nameBytes).toEqual(name);
    expect(fromBytes(readdirSync(home, { encoding: 'buffer' })[0] ?? Buffer.alloc(0))).toBe('a\xff\n');
    await client.remove(toBytes('a\xff\n'));
    await client.mkdir('grün');
    expect((await client.list())[0]?.name).toBe('grün');
  });

  it.each([
    ['an empty path', () => client.stat('')],
    ['a NUL byte', () => client.stat('a\0b')],
    ['a NUL byte in a local path', () => client.put('a\0b', 'c')],
  ])('refuses %s', async (_what, asking) => {
    expect(await codeOf(asking())).toBe('bad-name');
  });

  it('refuses values that are none', async () => {
    expect(await codeOf(client.chmod('x', 0o10000))).toBe('invalid');
    expect(await codeOf(client.setTimes('x', { accessed: new Date(-1), modified: new Date(NaN) }))).toBe(
      'invalid',
    );
    expect(await codeOf(client.hash('x', { algorithm: 'md4' as 'md5' }))).toBe('invalid');
    expect(await codeOf(client.putTree(here, 'x', { jobs: 0 }))).toBe('invalid');
    expect(await codeOf(client.put('x', 'x', { limit: 0 }))).toBe('invalid');
  });

  it('tells what the server says of itself and of the account', async () => {
    const { ident, account, space, extensions } = await client.info();
    expect(ident).toContain('Plimsoll');
    expect(account).toMatchObject({ account: 'alice', home: { bytes: { limit: 20_000_000 } } });
    expect(space?.total).toBe(20_000_000);
    expect(extensions.has('limits@openssh.com')).toBe(true);
  });

  it('moves a file both ways, verified, and tells how far it is', async () => {
    const bytes = randomBytes(3_000_000);
    writeFileSync(join(here, 'file'), bytes);
    const states: (number | null)[][] = [];
    const put = await client.put(join(here, 'file'), 'file', {
      verify: 'sha256',
      progress: ({ done, total }) => states.push([done, total]),
    });
    expect(put).toMatchObject({ outcome: 'transferred', remote: '/file', size: 3_000_000, moved: 3_000_000 });
    expect(put.verified).toMatchObject({
      algorithm: 'sha256',
      here: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(states[0]).toEqual([0, 3_000_000]);
    expect(states.at(-1)).toEqual([3_000_000, 3_000_000]);
    expect(readFileSync(join(home, 'file')).equals(bytes)).toBe(true);
    const got = await client.get('file', join(here, 'back'));
    expect(got.verified?.there).toBe(md5(bytes));
    expect(readFileSync(join(here, 'back')).equals(bytes)).toBe(true);
    expect(readdirSync(home)).toEqual(['file']);
  });

  it('touches nothing that is there unless told to', async () => {
    writeFileSync(join(here, 'file'), 'new content');
    writeFileSync(join(home, 'file'), 'old content!');
    expect(await codeOf(client.put(join(here, 'file'), 'file'))).toBe('exists');
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('old content!');
    expect((await client.put(join(here, 'file'), 'file', { ifExists: 'skip' })).outcome).toBe('skipped');
    await client.put(join(here, 'file'), 'file', { ifExists: 'overwrite' });
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('new content');
    expect((await client.put(join(here, 'file'), 'file')).outcome).toBe('already-there');
    writeFileSync(join(here, 'file'), 'newest content');
    await client.put(join(here, 'file'), 'file', { ifExists: 'rename' });
    expect(readdirSync(home).sort()).toEqual(['file', 'file.new']);
  });

  it('stops when its signal aborts, and goes on from there', async () => {
    const bytes = randomBytes(6_000_000);
    writeFileSync(join(here, 'file'), bytes);
    const stop = new AbortController();
    const stopping = client.put(join(here, 'file'), 'file', {
      signal: stop.signal,
      progress: ({ done }) => {
        if (done > 1_000_000) stop.abort();
      },
    });
    expect(await codeOf(stopping)).toBe('cancelled');
    expect(existsSync(join(home, 'file'))).toBe(false);
    const { resumedAt, moved } = await client.put(join(here, 'file'), 'file', { ifExists: 'resume' });
    expect(resumedAt).toBeGreaterThan(1_000_000);
    expect(resumedAt + moved).toBe(bytes.length);
    expect(readFileSync(join(home, 'file')).equals(bytes)).toBe(true);
  });

  it('takes streams in the place of files, and leaves nothing of one that breaks', async () => {
    const pieces = [randomBytes(100_000), randomBytes(300_000)];
    const all = Buffer.concat(pieces);
    await client.put(Readable.from(pieces), 'streamed');
    expect(readFileSync(join(home, 'streamed')).equals(all)).toBe(true);
    const got: Buffer[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        got.push(Buffer.from(chunk));
        done();
      },
    });
    expect((await client.get('streamed', sink)).verified?.here).toBe(md5(all));
    expect(Buffer.concat(got).equals(all)).toBe(true);
    const broken = new PassThrough();
    broken.write(pieces[0]);
    setImmediate(() => broken.destroy(new Error('the producer broke')));
    await expect(client.put(broken, 'unfinished')).rejects.toThrow();
    expect(existsSync(join(home, 'unfinished'))).toBe(false);
  });

  it('moves trees both ways, with times and modes', async () => {
    mkdirSync(join(here, 'tree/deep/er'), { recursive: true });
    mkdirSync(join(here, 'tree/empty'));
    for (const name of ['a', 'deep/b', 'deep/er/c'])
      writeFileSync(join(here, 'tree', name), name, { mode: 0o640 });
    const time = new Date('2001-02-03T04:05:06Z');
    utimesSync(join(here, 'tree/a'), time, time);
    const put = await client.putTree(join(here, 'tree'), 'tree', { preserve: true });
    expect(put.map(({ remote }) => remote).sort()).toEqual(['/tree/a', '/tree/deep/b', '/tree/deep/er/c']);
    expect(await client.stat('tree/a')).toMatchObject({ modified: time, mode: 0o640 });
    await client.getTree('tree', join(here, 'back'), { preserve: true });
    expect(readdirSync(join(here, 'back'), { recursive: true }).sort()).toEqual(
      readdirSync(join(here, 'tree'), { recursive: true }).sort(),
    );
    expect(readFileSync(join(here, 'back/deep/er/c'), 'utf8')).toBe('deep/er/c');
  });

  it('tells which files of a tree failed, and moves the others', async () => {
    mkdirSync(join(here, 'tree'));
    for (const name of ['a', 'b']) writeFileSync(join(here, 'tree', name), name);
    mkdirSync(join(home, 'tree'));
    writeFileSync(join(home, 'tree/a'), 'another');
    const fault = await client.putTree(join(here, 'tree'), 'tree').catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(TreeFault);
    const { code, files, failed } = fault as TreeFault;
    expect(code).toBe('some-failed');
    expect(files.map(({ remote }) => remote)).toEqual(['/tree/b']);
    expect(failed.map(({ remote, fault: { code } }) => [remote, code])).toEqual([['/tree/a', 'exists']]);
    expect(readFileSync(join(home, 'tree/a'), 'utf8')).toBe('another');
  });

  it('refuses what does not fit before it is sent', async () => {
    writeFileSync(join(here, 'large'), Buffer.alloc(20_000_001));
    expect(await codeOf(client.put(join(here, 'large'), 'large'))).toBe('quota');
    expect(readdirSync(home)).toEqual([]);
  });

  it('ends what it waits for when its signal aborts', async () => {
    expect(await codeOf(client.list('.', { signal: AbortSignal.abort() }))).toBe('cancelled');
    const stop = new AbortController();
    const asking = client.stat('nothing', { signal: stop.signal });
    stop.abort();
    expect(await codeOf(asking)).toBe('cancelled');
  });
});

describe.skipIf(withoutSshd())("a client of OpenSSH's server", () => {
  it('logs in with a key, moves files, and has no account to tell of', async () => {
    const sshd = await startSshd();
    try {
      const { host, port, user, knownHosts } = sshd;
      const key = readFileSync(sshd.keyFile);
      const client = await connect({ host, port, user, knownHosts, key });
      writeFileSync(join(work, 'file'), 'content');
      const settings = { verify: 'md5' } as const;
      const { verified } = await client.put(join(work, 'file'), 'there', settings);
      expect(verified?.there).toBe(md5(Buffer.from('content')));
      const notes: string[] = [];
      const got = await client.get('there', join(work, 'back'), { note: (sentence) => notes.push(sentence) });
      expect(got.verified?.there).toBe(md5(Buffer.from('content')));
      expect(notes).toEqual([]);
      expect(readFileSync(join(sshd.folder, 'there'), 'utf8')).toBe('content');
      const info = await client.info();
      expect(info.ident).toContain('OpenSSH');
      expect(info.account).toBe(null);
      expect(info.space?.free).toBeGreaterThan(0);
      await client.close();
    } finally {
      await sshd.stop();
    }
  });
});
