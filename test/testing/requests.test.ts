import { once } from 'node:events';
import ssh2, { type ClientChannel } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import {
  startTestServer,
  type SeenRequest,
  type TestServer,
  type TestServerOptions,
} from '../../src/testing.js';
import { TestClient } from './client.js';

let server: TestServer;
afterEach(() => server.close());

async function started(options?: TestServerOptions): Promise<TestClient> {
  server = await startTestServer(options);
  const client = await TestClient.login(server);
  server.requests.clear();
  return client;
}

const brief = ({ operation, path, answered }: SeenRequest) => [operation, path, answered];

describe('the record of requests', () => {
  it('has each in order, with its path, its numbers and its answer', async () => {
    const client = await started({ files: { '/sub/old.txt': 'abc' } });
    await client.write('/sub/../new.txt', Buffer.alloc(1000));
    await client.read('/sub/old.txt');
    await client.refusal((sftp, done) => sftp.stat('nowhere', done));
    expect(server.requests.map(brief)).toEqual(
      [
        ['open', '/new.txt', 'handle'],
        ['fsetstat', '/new.txt', 'ok'],
        ['write', '/new.txt', 'ok'],
        ['close', '/new.txt', 'ok'],
        ['open', '/sub/old.txt', 'handle'],
        ['fstat', '/sub/old.txt', 'attrs'],
        ['read', '/sub/old.txt', 'data'],
        ['close', '/sub/old.txt', 'ok'],
        ['stat', '/nowhere', 'no-such-file'],
      ].filter(([operation]) => server.requests.some((seen) => seen.operation === operation)),
    );
    const of = (operation: string) => server.requests.find((seen) => seen.operation === operation);
    expect(of('open')).toMatchObject({
      account: 'alice',
      flags: ['write', 'create', 'truncate'],
      id: expect.any(Number) as number,
    });
    expect(of('write')).toMatchObject({ offset: 0, length: 1000, status: 0 });
    expect(of('read')).toMatchObject({ offset: 0, length: 3, bytes: 3 });
    expect(of('stat')).toMatchObject({ status: 2, text: expect.stringContaining('no such') as string });
    expect(of('stat')?.at).toBeInstanceOf(Date);
  });

  it('never has what was written or read', async () => {
    const client = await started({ files: { '/in.txt': 'the secret that is read' } });
    await client.write('/out.txt', 'the secret that is written');
    await client.read('/in.txt');
    expect(JSON.stringify(server.requests)).not.toContain('secret');
  });

  it('names what has two paths, and extensions by their names', async () => {
    const client = await started({ files: { '/a': 'x' } });
    const { sftp } = client;
    await client.ask((_sftp, done) => sftp.rename('/a', '/b', done));
    await client.ask((_sftp, done) => {
      sftp.ext_openssh_rename('/b', '/c', done);
    });
    await client.ask((_sftp, done) => sftp.symlink('c', '/link', done));
    await client.ask((_sftp, done) => {
      sftp.ext_openssh_hardlink('/c', '/hard', done);
    });
    await client.ask((_sftp, done) => sftp.chmod('/c', 0o640, done));
    await client.ask((_sftp, done) => {
      sftp.ext_openssh_statvfs('/', done);
    });
    await client.ask((_sftp, done) => sftp.readdir('/', done));
    const seen = server.requests;
    expect(seen[0]).toMatchObject({ operation: 'rename', path: '/a', to: '/b' });
    expect(seen[1]).toMatchObject({ operation: 'posix-rename@openssh.com', path: '/b', to: '/c' });
    expect(seen[2]).toMatchObject({ operation: 'symlink', path: '/link', to: 'c' });
    expect(seen[3]).toMatchObject({ operation: 'hardlink@openssh.com', path: '/hard', to: '/c' });
    expect(seen[4]).toMatchObject({ operation: 'setstat', path: '/c', mode: 0o640 });
    expect(seen[5]).toMatchObject({ operation: 'statvfs@openssh.com', answered: 'extended-reply' });
    expect(seen.slice(6).map(brief)).toEqual(
      expect.arrayContaining([
        ['opendir', '/', 'handle'],
        ['readdir', '/', 'name'],
        ['readdir', '/', 'eof'],
        ['close', '/', 'ok'],
      ]),
    );
  });

  it('tells sessions and accounts apart', async () => {
    const client = await started({ accounts: { bob: { password: 'b' } } });
    const second = await client.another();
    const bob = await TestClient.login(server, { username: 'bob', password: 'b' });
    server.requests.clear();
    await client.ask((sftp, done) => sftp.stat('/', done));
    await client.ask((_sftp, done) => second.stat('/', done));
    await bob.ask((sftp, done) => sftp.stat('/', done));
    const [one, two, three] = server.requests;
    expect([one?.account, two?.account, three?.account]).toEqual(['alice', 'alice', 'bob']);
    expect(one?.session.replace(/1$/, '2')).toBe(two?.session);
    expect(three?.session.split('/')[0]).not.toBe(one?.session.split('/')[0]);
  });

  it('has the commands that were run outside of SFTP', async () => {
    const client = await started();
    await client.exec('echo hello');
    expect(server.requests).toMatchObject([{ operation: 'exec', command: 'echo hello', account: 'alice' }]);
  });

  it('has what a fault answered, as the client was told it', async () => {
    const client = await started({ files: { '/a': 'x' } });
    server.faults.status('stat', { code: 21, text: 'odd' });
    await client.refusal((sftp, done) => sftp.stat('/a', done));
    server.faults.refuse('lstat', { fault: 'denied' });
    await client.refusal((sftp, done) => sftp.lstat('/a', done));
    expect(server.requests).toMatchObject([
      { operation: 'stat', answered: 'status', status: 21, text: 'odd' },
      { operation: 'lstat', answered: 'permission-denied', status: 3 },
    ]);
  });

  it('has malformed packets, unknown requests and unknown extensions', async () => {
    const client = await started();
    const raw = new ssh2.Client();
    const { host, port, user: username, password } = server;
    raw.connect({ host, port, username, password });
    await once(raw, 'ready');
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      raw.subsys('sftp', (error, made) => (error ? reject(error) : resolve(made)));
    });
    channel.write(Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]));
    await once(channel, 'data');
    server.requests.clear();
    channel.write(Buffer.from([0, 0, 0, 9, 17, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]));
    channel.write(Buffer.from([0, 0, 0, 5, 99, 0, 0, 1, 1]));
    channel.write(
      Buffer.concat([Buffer.from([0, 0, 0, 13, 200, 0, 0, 1, 2, 0, 0, 0, 4]), Buffer.from('nope')]),
    );
    while (server.requests.length < 3 || server.requests[2]?.answered === undefined)
      await once(channel, 'data');
    expect(server.requests).toMatchObject([
      { operation: 'malformed', id: 256, answered: 'bad-message' },
      { operation: 'unknown', id: 257, answered: 'op-unsupported' },
      { operation: 'unknown-extension', id: 258, extension: 'nope', answered: 'op-unsupported' },
    ]);
    raw.end();
    await client.leave();
  });

  it('drops the oldest when there are too many, and counts them', async () => {
    const client = await started({ keepRequests: 5 });
    for (let asked = 0; asked < 12; asked++)
      await client.ask((sftp, done) => sftp.realpath(`/${asked}`, done));
    expect(server.requests.map(({ path }) => path)).toEqual(['/7', '/8', '/9', '/10', '/11']);
    expect(server.requests.dropped).toBe(7);
    server.requests.clear();
    expect([server.requests.length, server.requests.dropped]).toEqual([0, 0]);
  });

  it('cuts what is longer than any path', async () => {
    const client = await started();
    const long = 'x'.repeat(20_000);
    await client.refusal((sftp, done) => sftp.stat(`/${long}`, done));
    await client.refusal((sftp, done) => sftp.close(Buffer.from(long), done));
    await client.exec(`echo ${long}`).catch(() => undefined);
    expect(server.requests[0]?.path).toHaveLength(4096);
    expect(server.requests[1]?.handle?.length ?? 0).toBeLessThanOrEqual(8192);
    expect(server.requests.at(-1)).toMatchObject({ operation: 'exec' });
    expect(server.requests.at(-1)?.command).toHaveLength(4096);
  });
});
