import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RemoteEntry, Remote } from '../../src/client/remote.js';
import { fromText } from '../../src/names.js';
import { startServer, type TestServer } from '../interop/server.js';
import { remoteAt, type OpenedRemote } from './open-remote.js';
import { startSshd, withoutSshd, type Sshd } from './sshd.js';

interface Place {
  readonly folder: string;
  /** How the folder is called at the server. */
  readonly path: string;
  readonly remote: Remote;
}

async function entriesOf(remote: Remote, path: string): Promise<RemoteEntry[]> {
  const found: RemoteEntry[] = [];
  for await (const batch of remote.list(path)) found.push(...batch);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What holds at every server. */
function everywhere(place: () => Place): void {
  it('lists a folder of more names than fit one answer, without . and ..', async () => {
    const { folder, path, remote } = place();
    mkdirSync(join(folder, 'many'));
    for (let number = 0; number < 1000; number++) writeFileSync(join(folder, 'many', `f${number}`), '');
    const entries = await entriesOf(remote, `${path}/many`);
    expect(entries).toHaveLength(1000);
    expect(entries[0]).toMatchObject({ name: 'f0', stat: { kind: 'file', size: 0 } });
    expect(entries[0]?.longname).toContain('f0');
  });

  it('stops a listing in the middle, and closes it', async () => {
    const { folder, path, remote } = place();
    mkdirSync(join(folder, 'few'));
    writeFileSync(join(folder, 'few', 'one'), '');
    // More than a session may have open.
    for (let times = 0; times < 270; times++) {
      for await (const batch of remote.list(`${path}/few`)) {
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
    }
    await remote.stat(path);
  });

  it('keeps names that are not UTF-8, byte for byte', async () => {
    const { folder, path, remote } = place();
    mkdirSync(join(folder, 'bytes'));
    const name = 'a\xff\xfe b';
    const handle = await remote.open(`${path}/bytes/${name}`, { write: true, create: true, exclusive: true });
    await handle.close();
    expect((await entriesOf(remote, `${path}/bytes`)).map((entry) => entry.name)).toEqual([name]);
    await remote.rename(`${path}/bytes/${name}`, `${path}/bytes/\xe9`, { replace: false });
    expect((await entriesOf(remote, `${path}/bytes`)).map((entry) => entry.name)).toEqual(['\xe9']);
    await remote.remove(`${path}/bytes/\xe9`);
    await remote.rmdir(`${path}/bytes`);
    expect(existsSync(join(folder, 'bytes'))).toBe(false);
  });

  it('writes and reads at places, and says what a file is', async () => {
    const { folder, path, remote } = place();
    const handle = await remote.open(`${path}/placed`, {
      read: true,
      write: true,
      create: true,
      mode: 0o600,
    });
    await handle.write(5, Buffer.from('world'));
    await handle.write(0, Buffer.from('hello'));
    expect(Buffer.concat((await handle.read(3, 100)) ?? []).toString()).toBe('loworld');
    expect(await handle.read(10, 1)).toBeNull();
    expect(await handle.sync()).toBe(true);
    await handle.setStat({ size: 7 });
    expect(await handle.stat()).toMatchObject({ kind: 'file', size: 7, mode: 0o600 });
    await handle.close();
    expect(readFileSync(join(folder, 'placed'), 'utf8')).toBe('hellowo');
    await remote.setStat(`${path}/placed`, { mode: 0o640, atime: 1000, mtime: 2000 });
    expect(await remote.stat(`${path}/placed`)).toMatchObject({ mode: 0o640, mtime: 2000 });
    expect(statSync(join(folder, 'placed')).mtimeMs).toBe(2_000_000);
  });

  it('makes nothing where it should be new and is there', async () => {
    const { folder, path, remote } = place();
    writeFileSync(join(folder, 'there'), 'old');
    const opening = remote.open(`${path}/there`, { write: true, create: true, exclusive: true });
    await expect(opening).rejects.toMatchObject({ name: 'Fault' });
    expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('old');
  });

  it('renames without replacing, and with', async () => {
    const { folder, path, remote } = place();
    writeFileSync(join(folder, 'one'), '1');
    writeFileSync(join(folder, 'two'), '2');
    const [one, two] = [`${path}/one`, `${path}/two`];
    await expect(remote.rename(one, two, { replace: false })).rejects.toMatchObject({ code: 'exists' });
    expect(readFileSync(join(folder, 'two'), 'utf8')).toBe('2');
    await remote.rename(one, two, { replace: true });
    expect(readFileSync(join(folder, 'two'), 'utf8')).toBe('1');
    expect(existsSync(join(folder, 'one'))).toBe(false);
    await expect(remote.rename(one, two, { replace: true })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('makes links, with the target first [PROTOCOL 3.2]', async () => {
    const { folder, path, remote } = place();
    writeFileSync(join(folder, 'target'), 'x');
    await remote.symlink('target', `${path}/soft`);
    expect(readlinkSync(join(folder, 'soft'))).toBe('target');
    expect(await remote.readlink(`${path}/soft`)).toBe('target');
    expect((await remote.lstat(`${path}/soft`)).kind).toBe('symlink');
    expect((await remote.stat(`${path}/soft`)).kind).toBe('file');
    await remote.hardlink(`${path}/target`, `${path}/hard`);
    expect(statSync(join(folder, 'hard')).nlink).toBe(2);
  });

  it('copies on the server, and replaces only when told', async () => {
    const { folder, path, remote } = place();
    const bytes = randomBytes(300_000);
    writeFileSync(join(folder, 'source'), bytes);
    const [source, copy] = [`${path}/source`, `${path}/copy`];
    await remote.copyFile(source, copy, { overwrite: false });
    expect(readFileSync(join(folder, 'copy')).equals(bytes)).toBe(true);
    writeFileSync(join(folder, 'source'), 'short');
    await expect(remote.copyFile(source, copy, { overwrite: false })).rejects.toMatchObject({
      name: 'Fault',
    });
    expect(readFileSync(join(folder, 'copy')).equals(bytes)).toBe(true);
    await remote.copyFile(source, copy, { overwrite: true });
    expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe('short');
  });

  it('copies over what leads to the source itself, and loses nothing', async () => {
    const { folder, path, remote } = place();
    writeFileSync(join(folder, 'precious'), 'precious');
    symlinkSync('precious', join(folder, 'precious-soft'));
    linkSync(join(folder, 'precious'), join(folder, 'precious-hard'));
    for (const link of ['precious-soft', 'precious-hard']) {
      const copied = remote.copyFile(`${path}/precious`, `${path}/${link}`, { overwrite: true });
      await copied.catch(() => undefined);
    }
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
  });

  it('hashes the whole of a file, a beginning and a middle', async () => {
    const { folder, path, remote } = place();
    const bytes = randomBytes(100_000);
    const name = "a hash's file é";
    writeFileSync(join(folder, name), bytes);
    const at = `${path}/${fromText(name)}`;
    for (const algorithm of ['md5', 'sha256'] as const) {
      for (const [start, length] of [
        [0, 0],
        [0, 1234],
        [500, 777],
        [99_000, 0],
      ] as const) {
        const wanted = createHash(algorithm).update(
          bytes.subarray(start, length === 0 ? undefined : start + length),
        );
        expect((await remote.hash(at, algorithm, { start, length }))?.hash.toString('hex')).toBe(
          wanted.digest('hex'),
        );
      }
    }
  });

  it('names the owners of files', async () => {
    const { path, remote } = place();
    const { uid = 0, gid = 0 } = await remote.stat(path);
    const owners = await remote.owners([uid, 4_000_000], [gid]);
    expect(owners?.users).toHaveLength(2);
    expect(owners?.users[0]).not.toBe('');
    expect(owners?.users[1]).toBe('');
  });

  it('says that what is not there is not there', async () => {
    const { path, remote } = place();
    const nothing = `${path}/nothing`;
    for (const asked of [
      remote.stat(nothing),
      remote.lstat(nothing),
      remote.remove(nothing),
      remote.rmdir(nothing),
      remote.open(nothing, { read: true }),
      entriesOf(remote, nothing),
      remote.readlink(nothing),
      remote.setStat(nothing, { mode: 0o600 }),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: 'not-found' });
    }
  });
}

describe('remote files at our server', () => {
  let server: TestServer;
  let opened: OpenedRemote;
  let place: Place;

  beforeAll(async () => {
    server = await startServer();
    opened = await remoteAt({ port: server.port, keyFile: server.keyFile, user: 'alice' });
    place = { folder: server.home('alice'), path: '', remote: opened.remote };
  });
  afterAll(async () => {
    opened.end();
    await server.stop();
  });

  everywhere(() => place);

  it('knows the server, its blocks and the account', async () => {
    const { remote } = opened;
    expect(remote.facts).toMatchObject({ version: 3, maxRead: 261_120, maxWrite: 261_120 });
    expect(remote.facts.product).toMatchObject({ name: 'Plimsoll' });
    expect(remote.hashesCheaply('md5')).toBe(true);
    expect(await remote.accountStatus()).toMatchObject({ account: 'alice', state: 'active' });
    expect(await remote.realpath('.')).toBe('/');
  });

  it('says what room there is, to the byte', async () => {
    const before = await opened.remote.space('/');
    writeFileSync(join(server.home('alice'), 'behind its back'), '');
    const handle = await opened.remote.open('/roomy', { write: true, create: true });
    await handle.write(0, Buffer.alloc(12_345));
    await handle.close();
    const after = await opened.remote.space('/');
    expect((before?.free ?? 0) - (after?.free ?? 0)).toBe(12_345);
    expect(after).toMatchObject({ total: 100_000_000, readOnly: false });
  });

  it('tells a command that is not served', async () => {
    const { status } = await opened.remote.exec('rm -rf x');
    expect(status).toBe(127);
  });
});

describe.skipIf(withoutSshd())("remote files at OpenSSH's server", () => {
  let server: Sshd;
  let opened: OpenedRemote;

  beforeAll(async () => {
    server = await startSshd();
    opened = await remoteAt(server);
  });
  afterAll(async () => {
    opened.end();
    await server.stop();
  });

  everywhere(() => ({ folder: server.folder, path: fromText(server.folder), remote: opened.remote }));

  it('knows that there is no account, and hashes by the shell', async () => {
    const { remote } = opened;
    expect(remote.facts.product).toBeNull();
    expect(remote.hashesCheaply('md5')).toBe(false);
    expect(await remote.accountStatus()).toBeNull();
    expect((await remote.space('.'))?.total).toBeGreaterThan(0);
    chmodSync(server.folder, 0o755);
    linkSync(join(server.folder, 'target'), join(server.folder, '-n'));
    symlinkSync('target', join(server.folder, 'to'));
    expect(await remote.hash(`${fromText(server.folder)}/-n`, 'md5', { start: 0, length: 0 })).toMatchObject({
      by: 'shell',
    });
  });
});

describe.skipIf(withoutSshd())('remote files at a server that runs nothing', () => {
  it('gives no hash, and asks for one only once', async () => {
    const server = await startSshd({ config: ['ForceCommand internal-sftp'] });
    const opened = await remoteAt(server);
    try {
      writeFileSync(join(server.folder, 'file'), 'x');
      const path = `${fromText(server.folder)}/file`;
      expect(await opened.remote.hash(path, 'md5', { start: 0, length: 0 })).toBeNull();
      expect(await opened.remote.hash(path, 'md5', { start: 0, length: 0 })).toBeNull();
    } finally {
      opened.end();
      await server.stop();
    }
  });
});
