import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, writeNoise } from './bytes.js';
import { missing } from './programs.js';
import { must, startServer, type TestServer } from './server.js';
import { accountStatus, WireClient } from './wire-client.js';

/** The library is a version ahead of its types. */
interface LibraryClient extends SftpClient {
  lstat(path: string): Promise<SftpClient.FileStats>;
  debugMsg(text: string): void;
  fmtError(error: Error | string, name: string, code?: string): Error & { code: string };
}

interface Listener {
  readonly heard: () => number;
  readonly listen: () => void;
}

describe.skipIf(missing('ssh-keygen'))('ssh2-sftp-client', () => {
  const password = 'a pass  phrase';
  const clients: SftpClient[] = [];
  let server: TestServer;
  let home: string;
  let client: LibraryClient;
  let wrapper: SFTPWrapper;
  const local = (name: string): string => join(server.work, name);
  const remote = (name: string): string => join(home, name);
  const text = (path: string): string => readFileSync(path, 'utf8');

  function create(): LibraryClient {
    const silent = { error: () => undefined, end: () => undefined, close: () => undefined };
    const made = new SftpClient('test', silent) as LibraryClient;
    clients.push(made);
    return made;
  }

  const options = (username: string): SftpClient.ConnectOptions => ({
    host: '127.0.0.1',
    port: server.port,
    username,
    privateKey: readFileSync(server.keyFile),
  });

  beforeAll(async () => {
    server = await startServer();
    home = server.home('alice');
    mkdirSync(home, { recursive: true });
    await writeNoise(local('noise'), 1_000_001);
    client = create();
    wrapper = await client.connect(options('alice'));
  });
  afterAll(async () => {
    for (const one of clients) await one.end();
    await server.stop();
  });

  /** `get` and what is built on it are done when the last byte has come, a moment before it is in the file. */
  const arrives = (path: string, expected: string): Promise<void> =>
    expect.poll(() => (existsSync(path) ? sha256(path) : '')).toBe(expected);

  /** Each method of the library, and what is expected of it. */
  const cases: Readonly<Record<string, Readonly<Record<string, () => Promise<void>>>>> = {
    connect: {
      'by password, with a check of the host key': async () => {
        await must(server.plimsoll(['user', 'add', 'paula', '--password-stdin'], password));
        const { stdout: shown } = await must(server.plimsoll(['hostkey', 'show']));
        const login = { host: '127.0.0.1', port: server.port, username: 'paula', password };
        const paula = create();
        const seen: string[] = [];
        await paula.connect({
          ...login,
          hostVerifier: (key: Buffer) => seen.push(key.toString('base64')) > 0,
        });
        expect(await paula.cwd()).toBe('/');
        expect(seen).toHaveLength(1);
        expect(shown).toContain('ssh-ed25519');
        await expect(create().connect({ ...login, hostVerifier: () => false })).rejects.toThrow(
          /verification/,
        );
      },
      'a wrong password is refused': async () => {
        await must(server.plimsoll(['user', 'add', 'quentin', '--password-stdin'], password));
        const wrong = { host: '127.0.0.1', port: server.port, username: 'quentin', password: 'wrong' };
        await expect(create().connect(wrong)).rejects.toThrow(/authentication methods failed/);
      },
      'gives the handle of ssh2: its symlink has link and target the right way round [PROTOCOL 3.2]':
        async () => {
          await new Promise<void>((resolve, reject) => {
            wrapper.symlink('the target', '/the link', (error) => (error ? reject(error) : resolve()));
          });
          expect(readlinkSync(remote('the link'))).toBe('the target');
        },
      'and statvfs, which tells the room that is left': async () => {
        const room = await new Promise<Record<string, number>>((resolve, reject) => {
          wrapper.ext_openssh_statvfs('/', (error: Error | undefined, info: Record<string, number>) => {
            if (error) reject(error);
            else resolve(info);
          });
        });
        const wire = await WireClient.connect(server);
        const { bytes } = (await accountStatus(wire)).home;
        wire.end();
        expect([room['f_bsize'], room['f_blocks']]).toEqual([512, Math.floor((bytes.limit ?? 0) / 512)]);
        expect(room['f_bavail']).toBe(Math.floor(((bytes.limit ?? 0) - bytes.used) / 512));
      },
    },
    realPath: {
      'resolves, and is empty for what is not there': async () => {
        mkdirSync(remote('real/inner'), { recursive: true });
        expect(await client.realPath('real/inner/..')).toBe('/real');
        expect(await client.realPath('/none/at/all')).toBe('');
      },
    },
    cwd: {
      'is the home, as /': async () => {
        expect(await client.cwd()).toBe('/');
      },
    },
    stat: {
      'follows links, has size and times': async () => {
        writeFileSync(remote('looked'), 'four');
        symlinkSync('looked', remote('looked link'));
        expect(await client.stat('/looked link')).toMatchObject({
          size: 4,
          isFile: true,
          isDirectory: false,
          isSymbolicLink: false,
          mode: 0o100644,
          modifyTime: Math.floor(statSync(remote('looked')).mtimeMs / 1000) * 1000,
        });
      },
      'of nothing is ENOENT': async () => {
        await expect(client.stat('/none')).rejects.toMatchObject({ code: 'ENOENT' });
      },
    },
    lstat: {
      'does not follow links': async () => {
        symlinkSync('nowhere', remote('dangling'));
        expect(await client.lstat('/dangling')).toMatchObject({ isSymbolicLink: true, isFile: false });
        await expect(client.stat('/dangling')).rejects.toMatchObject({ code: 'ENOENT' });
      },
    },
    exists: {
      'tells what it is, or false': async () => {
        mkdirSync(remote('kinds'));
        writeFileSync(remote('kinds/file'), '');
        symlinkSync('file', remote('kinds/link'));
        expect(await client.exists('/kinds')).toBe('d');
        expect(await client.exists('/kinds/file')).toBe('-');
        expect(await client.exists('/kinds/link')).toBe('l');
        expect(await client.exists('/kinds/none')).toBe(false);
      },
    },
    list: {
      'all names, with type, size, rights and times; a filter keeps some': async () => {
        mkdirSync(remote('listed/sub'), { recursive: true });
        for (let index = 0; index < 500; index++) writeFileSync(remote(`listed/file ${index}`), 'four');
        const listed = await client.list('/listed');
        expect(listed).toHaveLength(501);
        expect(listed.find(({ name }) => name === 'file 7')).toMatchObject({
          type: '-',
          size: 4,
          rights: { user: 'rw', group: 'r', other: 'r' },
        });
        expect(listed.find(({ name }) => name === 'sub')?.type).toBe('d');
        expect(await client.list('/listed', ({ name }) => name.endsWith('99'))).toHaveLength(5);
      },
      'of nothing fails': async () => {
        await expect(client.list('/none')).rejects.toMatchObject({ code: 2 });
      },
    },
    get: {
      'into a buffer, a file and a stream': async () => {
        writeFileSync(remote('got'), readFileSync(local('noise')));
        const expected = readFileSync(local('noise'));
        expect(expected.equals((await client.get('/got')) as Buffer)).toBe(true);
        await client.get('/got', local('got file'));
        await arrives(local('got file'), await sha256(local('noise')));
        const chunks: Buffer[] = [];
        const into = new Writable({
          write: (chunk: Buffer, _encoding, done) => {
            chunks.push(chunk);
            done();
          },
        });
        await client.get('/got', into);
        await expect.poll(() => Buffer.concat(chunks).equals(expected)).toBe(true);
      },
      'from an offset, which is how a download is resumed': async () => {
        writeFileSync(remote('tail'), '0123456789');
        const tail = (await client.get('/tail', undefined, {
          readStreamOptions: { start: 4 } as SftpClient.ReadStreamOptions,
        })) as Buffer;
        expect(tail.toString()).toBe('456789');
      },
      'of nothing fails': async () => {
        await expect(client.get('/none')).rejects.toMatchObject({ code: 2 });
      },
    },
    fastGet: {
      'many READs at once: bytes equal': async () => {
        writeFileSync(remote('fast'), readFileSync(local('noise')));
        let last = 0;
        await client.fastGet('/fast', local('fast'), {
          concurrency: 64,
          chunkSize: 32_768,
          step: (total) => (last = total),
        });
        expect(await sha256(local('fast'))).toBe(await sha256(local('noise')));
        expect(last).toBe(1_000_001);
      },
      'of a folder or of nothing fails': async () => {
        await expect(client.fastGet('/none', local('never'))).rejects.toThrow(/No such file/);
        await expect(client.fastGet('/', local('never'))).rejects.toThrow(/Not a regular file/);
      },
    },
    put: {
      'from a buffer, a file and a stream': async () => {
        const data = readFileSync(local('noise'));
        await client.put(data, '/from buffer');
        await client.put(local('noise'), '/from file');
        await client.put(Readable.from([data.subarray(0, 1000), data.subarray(1000)]), '/from stream');
        for (const name of ['from buffer', 'from file', 'from stream']) {
          expect(await sha256(remote(name))).toBe(await sha256(local('noise')));
        }
      },
      'with the mode that is asked for; onto a longer file leaves nothing of it': async () => {
        writeFileSync(remote('moded'), 'long before');
        await client.put(Buffer.from('now'), '/moded', { writeStreamOptions: { mode: 0o600 } });
        expect(text(remote('moded'))).toBe('now');
        expect(statSync(remote('moded')).mode & 0o777).toBe(0o600);
      },
      'into a folder that is not there fails': async () => {
        await expect(client.put(Buffer.from('x'), '/none/x')).rejects.toMatchObject({ code: 2 });
      },
      'by a read-only account fails with our sentence': async () => {
        await server.addAccount('reader', '--read-only');
        const reader = create();
        await reader.connect(options('reader'));
        await expect(reader.put(Buffer.from('x'), '/x')).rejects.toThrow(/this account may only read/);
        await expect(reader.mkdir('/x')).rejects.toThrow(/this account may only read/);
        expect(readdirSync(server.home('reader'))).toEqual([]);
      },
    },
    fastPut: {
      'many WRITEs at once: bytes equal': async () => {
        await client.fastPut(local('noise'), '/fast put', { concurrency: 64, chunkSize: 32_768 });
        expect(await sha256(remote('fast put'))).toBe(await sha256(local('noise')));
        writeFileSync(local('empty'), '');
        await client.fastPut(local('empty'), '/empty');
        expect(statSync(remote('empty')).size).toBe(0);
      },
    },
    append: {
      'from a buffer and a stream, and makes what is not there': async () => {
        await client.append(Buffer.from('one'), '/appended');
        await client.append(Buffer.from(' two'), '/appended');
        await client.append(Readable.from([Buffer.from(' three'), Buffer.from(' four')]), '/appended');
        expect(text(remote('appended'))).toBe('one two three four');
      },
      'to a folder is refused': async () => {
        await expect(client.append(Buffer.from('x'), '/')).rejects.toThrow(/cannot append to a directory/);
      },
    },
    mkdir: {
      'one, and a whole path': async () => {
        await client.mkdir('/made');
        await client.mkdir('/made/a/b/c', true);
        await client.mkdir('/made/a/b/c', true);
        expect(statSync(remote('made/a/b/c')).isDirectory()).toBe(true);
        await expect(client.mkdir('/made/x/y')).rejects.toThrow(/parent not a directory or not exist/);
      },
    },
    rmdir: {
      'an empty one, and a whole tree': async () => {
        mkdirSync(remote('tree/inner/deep'), { recursive: true });
        mkdirSync(remote('hollow'));
        for (let index = 0; index < 50; index++) writeFileSync(remote(`tree/inner/${index}`), 'x');
        await client.rmdir('/hollow');
        await expect(client.rmdir('/tree')).rejects.toThrow(/the folder is not empty/);
        await client.rmdir('/tree', true);
        expect(existsSync(remote('tree'))).toBe(false);
        expect(existsSync(remote('hollow'))).toBe(false);
      },
    },
    delete: {
      'a file; nothing there is an error, or is not': async () => {
        writeFileSync(remote('gone'), 'x');
        await client.delete('/gone');
        expect(existsSync(remote('gone'))).toBe(false);
        await expect(client.delete('/gone')).rejects.toMatchObject({ code: 2 });
        await client.delete('/gone', true);
      },
    },
    rename: {
      'never replaces': async () => {
        writeFileSync(remote('old'), 'old');
        writeFileSync(remote('new'), 'new');
        await expect(client.rename('/new', '/old')).rejects.toThrow(/exists/);
        await client.rename('/new', '/newer');
        expect(text(remote('old'))).toBe('old');
        expect(text(remote('newer'))).toBe('new');
      },
    },
    posixRename: {
      replaces: async () => {
        writeFileSync(remote('posix old'), 'old');
        writeFileSync(remote('posix new'), 'new');
        await client.posixRename('/posix new', '/posix old');
        expect(text(remote('posix old'))).toBe('new');
        expect(existsSync(remote('posix new'))).toBe(false);
      },
    },
    chmod: {
      'by number and by text': async () => {
        writeFileSync(remote('mode'), 'x');
        await client.chmod('/mode', 0o640);
        expect(statSync(remote('mode')).mode & 0o777).toBe(0o640);
        await client.chmod('/mode', '755');
        expect(statSync(remote('mode')).mode & 0o777).toBe(0o755);
      },
    },
    uploadDir: {
      'a tree, plain and fast; a filter leaves some out': async () => {
        mkdirSync(local('up/inner/deep'), { recursive: true });
        for (let index = 0; index < 30; index++) writeFileSync(local(`up/inner/${index}`), String(index));
        writeFileSync(local('up/inner/deep/中文'), 'deep');
        await client.uploadDir(local('up'), '/plain');
        await client.uploadDir(local('up'), '/fast tree', { useFastput: true });
        await client.uploadDir(local('up'), '/some', { filter: (path) => !path.endsWith('7') });
        for (const name of ['plain', 'fast tree']) {
          expect(readdirSync(remote(`${name}/inner`))).toHaveLength(31);
          expect(text(remote(`${name}/inner/29`))).toBe('29');
          expect(text(remote(`${name}/inner/deep/中文`))).toBe('deep');
        }
        expect(readdirSync(remote('some/inner'))).toHaveLength(28);
      },
    },
    downloadDir: {
      'a tree, plain and fast': async () => {
        mkdirSync(remote('down/inner/deep'), { recursive: true });
        for (let index = 0; index < 30; index++) writeFileSync(remote(`down/inner/${index}`), String(index));
        writeFileSync(remote('down/inner/deep/中文'), 'deep');
        await client.downloadDir('/down', local('plain'));
        await client.downloadDir('/down', local('fast tree'), { useFastget: true });
        for (const name of ['plain', 'fast tree']) {
          expect(readdirSync(local(`${name}/inner`))).toHaveLength(31);
          await expect.poll(() => text(local(`${name}/inner/deep/中文`))).toBe('deep');
          await expect.poll(() => text(local(`${name}/inner/29`))).toBe('29');
        }
      },
    },
    createReadStream: {
      'of a range': async () => {
        writeFileSync(remote('streamed'), '0123456789');
        const parts: Buffer[] = [];
        for await (const part of client.createReadStream('/streamed', { start: 2, end: 5 })) {
          parts.push(part as Buffer);
        }
        expect(Buffer.concat(parts).toString()).toBe('2345');
      },
    },
    createWriteStream: {
      'whole, and at a place in a file that is there': async () => {
        await pipeline(
          Readable.from([Buffer.from('01234'), Buffer.from('56789')]),
          client.createWriteStream('/written'),
        );
        expect(text(remote('written'))).toBe('0123456789');
        await pipeline(
          Readable.from([Buffer.from('xyz')]),
          client.createWriteStream('/written', { flags: 'r+', start: 4 }),
        );
        expect(text(remote('written'))).toBe('0123xyz789');
      },
    },
    rcopy: {
      'a file; never onto one that is there': async () => {
        writeFileSync(remote('copied'), readFileSync(local('noise')));
        await client.rcopy('/copied', '/copy');
        expect(await sha256(remote('copy'))).toBe(await sha256(local('noise')));
        await expect(client.rcopy('/copied', '/copy')).rejects.toThrow(/already exists/);
      },
    },
    on: {
      'hears of the files of uploadDir': async () => {
        const { heard, listen } = listener();
        client.on('upload', listen);
        mkdirSync(local('two'));
        writeFileSync(local('two/1'), '1');
        writeFileSync(local('two/2'), '2');
        await client.uploadDir(local('two'), '/two');
        client.removeListener('upload', listen);
        expect(heard()).toBe(2);
      },
      'hears the end that the server makes when its account is locked [A3]': async () => {
        await server.addAccount('lena');
        const lena = create();
        await lena.connect(options('lena'));
        const closed = new Promise((resolve) => lena.on('close', resolve));
        await must(server.plimsoll(['user', 'lock', 'lena']));
        await closed;
        await expect(lena.cwd()).rejects.toThrow();
      },
    },
    removeListener: {
      'hears no more': async () => {
        const { heard, listen } = listener();
        client.on('upload', listen);
        client.removeListener('upload', listen);
        mkdirSync(local('unheard'));
        writeFileSync(local('unheard/1'), '1');
        await client.uploadDir(local('unheard'), '/unheard');
        expect(heard()).toBe(0);
      },
    },
    debugMsg: {
      'is told what goes on': async () => {
        const told: string[] = [];
        const talking = create();
        await talking.connect({ ...options('alice'), debug: (line) => told.push(line) });
        talking.debugMsg('hello');
        expect(told.some((line) => line.endsWith('hello'))).toBe(true);
        expect(told.join('\n')).not.toContain(server.root);
      },
    },
    fmtError: {
      'keeps the words and the code of the server': async () => {
        const failed = await client.rename('/none', '/other').catch((error: unknown) => error);
        expect(failed).toMatchObject({ code: 2 });
        expect(client.fmtError(failed as Error, 'outer').message).toMatch(/^outer->.*\/none/);
      },
    },
    end: {
      'ends, and may be called again': async () => {
        const ending = create();
        await ending.connect(options('alice'));
        expect(await ending.end()).toBe(true);
        expect(await ending.end()).toBe(true);
        await expect(ending.list('/')).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' });
      },
    },
  };

  it('every method has a case', () => {
    const internal = (name: string): boolean => name === 'constructor' || name.startsWith('_');
    const methods = Object.getOwnPropertyNames(SftpClient.prototype).filter((name) => !internal(name));
    expect(Object.keys(cases).sort()).toEqual(methods.sort());
  });

  describe.each(Object.entries(cases))('%s', (_method, tests) => {
    it.each(Object.entries(tests))('%s', (_title, test) => test());
  });
});

/** A listener that counts. */
function listener(): Listener {
  let count = 0;
  return { heard: () => count, listen: () => void (count += 1) };
}
