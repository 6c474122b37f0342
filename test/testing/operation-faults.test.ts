import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operationNames, startTestServer, type FaultCode, type TestServer } from '../../src/testing.js';
import { TestClient } from './client.js';

let server: TestServer;
let client: TestClient;
beforeEach(async () => {
  server = await startTestServer({ files: { '/a.txt': 'hello', '/b.txt': 'other' } });
  client = await TestClient.login(server);
});
afterEach(() => server.close());

const stat = (path: string) => client.refusal((sftp, done) => sftp.stat(path, done));
const mkdir = (path: string) => client.refusal((sftp, done) => sftp.mkdir(path, done));

describe('refuse', () => {
  it('answers with the fault, and nothing is done', async () => {
    server.faults.refuse('mkdir');
    expect(await mkdir('/d')).toEqual({ code: 3, message: 'permission denied' });
    expect(await server.list('/')).toEqual(['a.txt', 'b.txt']);
  });

  it.each([
    ['quota', 'quota exceeded: 9 of 10 used', 4],
    ['not-found', undefined, 2],
    ['unsupported', 'not here', 8],
  ] as const)('with the fault %s', async (fault: FaultCode, message, code) => {
    server.faults.refuse('stat', { fault, ...(message !== undefined && { message }) });
    expect(await stat('/a.txt')).toMatchObject({ code, ...(message !== undefined && { message }) });
  });

  it('only the path it names, however a client writes it', async () => {
    server.faults.refuse('stat', { path: 'a.txt' });
    expect(await stat('/a.txt')).not.toBeNull();
    expect(await stat('./x/../a.txt')).not.toBeNull();
    expect(await stat('/b.txt')).toBeNull();
  });

  it('those a function says, which sees the request', async () => {
    server.faults.refuse('write', { path: (path, { offset }) => path.endsWith('.bin') && offset === 0 });
    expect(
      await client.refusal((sftp, done) => {
        sftp.writeFile('/c.bin', 'x', done);
      }),
    ).toMatchObject({ code: 3 });
    await client.write('/c.txt', 'x');
  });

  it('reads and writes by the path that the handle was opened by', async () => {
    server.faults.refuse('read', { path: '/a.txt', fault: 'failure' });
    await expect(client.read('/a.txt')).rejects.toMatchObject({ code: 4 });
    expect((await client.read('/b.txt')).toString()).toBe('other');
  });

  it('by the path of a handle whose CLOSE was refused, which is still open', async () => {
    server.faults.refuse('close', { times: 1 });
    server.faults.refuse('fstat', { path: '/a.txt' });
    const handle = await client.ask<Buffer>((sftp, done) => sftp.open('/a.txt', 'r', done));
    expect(await client.refusal((sftp, done) => sftp.close(handle, done))).toMatchObject({ code: 3 });
    expect(await client.refusal((sftp, done) => sftp.fstat(handle, done))).toMatchObject({ code: 3 });
    expect(await client.refusal((sftp, done) => sftp.close(handle, done))).toBeNull();
  });

  it('lets so many pass before, and ends after so many times', async () => {
    server.faults.refuse('stat', { path: '/a.txt', after: 1, times: 2 });
    const answers = [];
    for (let asked = 0; asked < 5; asked++) answers.push((await stat('/a.txt')) === null);
    expect(answers).toEqual([true, false, false, true, true]);
  });

  it('counts only the requests it is about', async () => {
    server.faults.refuse('stat', { path: '/a.txt', after: 1 });
    expect([await stat('/b.txt'), await stat('/a.txt')]).toEqual([null, null]);
    expect(await stat('/a.txt')).not.toBeNull();
  });

  it('in the order in which they were set, each for its times', async () => {
    server.faults.refuse('stat', { times: 1, message: 'first' });
    server.faults.refuse('stat', { times: 1, message: 'second' });
    const said = [await stat('/a.txt'), await stat('/a.txt'), await stat('/a.txt')];
    expect(said.map((refusal) => refusal?.message)).toEqual(['first', 'second', undefined]);
  });

  it('extensions by their name', async () => {
    server.faults.refuse('posix-rename@openssh.com', { path: '/a.txt' });
    const rename = client.refusal((sftp, done) => {
      sftp.ext_openssh_rename('/a.txt', '/c.txt', done);
    });
    expect(await rename).toMatchObject({ code: 3 });
    expect(await server.list('/')).toContain('a.txt');
  });

  it('becomes failure where the function throws, and the session goes on', async () => {
    server.faults.refuse('stat', {
      path: () => {
        throw new Error('a mistake of the test');
      },
    });
    expect(await stat('/a.txt')).toMatchObject({ code: 4 });
    expect(server.requests.at(-1)).toMatchObject({ operation: 'stat', answered: 'failure' });
    server.faults.clear();
    expect(await stat('/a.txt')).toBeNull();
  });
});

describe('status', () => {
  it.each([
    ['eof', 1],
    ['bad-message', 5],
    ['connection-lost', 7],
    [14, 14],
  ] as const)('%s is answered instead of doing it', async (code, number) => {
    server.faults.status('mkdir', { code, text: 'just so' });
    expect(await mkdir('/d')).toEqual({ code: number, message: 'just so' });
    expect(await server.list('/')).not.toContain('d');
  });

  it('can say that it is done when it is not', async () => {
    server.faults.status('remove', { code: 'ok' });
    await client.ask((sftp, done) => {
      sftp.unlink('/a.txt', done);
    });
    expect(await server.list('/')).toContain('a.txt');
  });

  it('can do the work and say that it failed', async () => {
    server.faults.status('write', { code: 'failure', perform: true, times: 1 });
    await expect(client.write('/c.txt', 'there')).rejects.toMatchObject({ code: 4 });
    expect((await server.read('/c.txt')).toString()).toBe('there');
  });

  it('never holds back a large reply that was read for nothing', async () => {
    const bytes = Buffer.alloc(200_000, 'q');
    await server.write('/big', bytes);
    server.faults.status('read', { code: 'failure', perform: true, times: 2 });
    await expect(client.read('/big')).rejects.toMatchObject({ code: 4 });
    server.faults.clear();
    expect((await client.read('/big')).equals(bytes)).toBe(true);
  });

  it('cuts a text that would not fit the reply', async () => {
    server.faults.status('stat', { code: 'failure', text: '\u{1f6a2}'.repeat(5000) });
    expect((await stat('/a.txt'))?.message).toMatch(/^\u{1f6a2}{100,}/u);
  });
});

describe('delay', () => {
  it('keeps a request waiting, and what comes after it is answered after it', async () => {
    server.faults.delay('stat', { milliseconds: 50, path: '/a.txt', times: 1 });
    const order: string[] = [];
    const began = performance.now();
    await Promise.all([
      stat('/a.txt').then(() => order.push('a')),
      stat('/b.txt').then(() => order.push('b')),
    ]);
    // Timers may fire a little before their time.
    expect(performance.now() - began).toBeGreaterThan(45);
    expect(order).toEqual(['a', 'b']);
  });

  it('ends with clear()', async () => {
    server.faults.delay('stat', { milliseconds: 1_000_000 });
    const waiting = stat('/a.txt');
    while (server.requests.at(-1)?.operation !== 'stat')
      await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests.at(-1)?.answered).toBeUndefined();
    server.faults.clear();
    expect(await waiting).toBeNull();
  });

  it('does not keep the server from closing', async () => {
    server.faults.delay('stat', { milliseconds: 1_000_000 });
    const waiting = stat('/a.txt');
    while (server.requests.at(-1)?.operation !== 'stat')
      await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    await waiting;
    await client.closed;
  });

  it('goes together with a refusal', async () => {
    server.faults.delay('stat', { milliseconds: 20 });
    server.faults.refuse('stat', { fault: 'busy' });
    const began = performance.now();
    expect(await stat('/a.txt')).toMatchObject({ message: 'busy, try again' });
    expect(performance.now() - began).toBeGreaterThan(15);
  });
});

describe('clear', () => {
  it('ends every fault of a request', async () => {
    server.faults.refuse('stat');
    server.faults.status('mkdir', { code: 'ok' });
    server.faults.clear();
    expect([await stat('/a.txt'), await mkdir('/d')]).toEqual([null, null]);
    expect(await server.list('/')).toContain('d');
  });
});

describe('a mistake in a fault is told at once', () => {
  it.each([
    [
      (to: TestServer) => to.faults.refuse('raed' as never),
      "there is no operation 'raed'; did you mean 'read'?",
    ],
    [
      (to: TestServer) => to.faults.refuse('posix-rename' as never),
      "did you mean 'posix-rename@openssh.com'?",
    ],
    [(to: TestServer) => to.faults.status('READ' as never, { code: 0 }), "did you mean 'read'?"],
    [
      (to: TestServer) => to.faults.refuse('read', { fault: 'qouta' as never }),
      "there is no fault 'qouta'; did you mean 'quota'?",
    ],
    [
      (to: TestServer) => to.faults.status('read', { code: 'okay' as never }),
      "there is no status 'okay'; did you mean 'ok'?",
    ],
    [(to: TestServer) => to.faults.status('read', { code: -1 }), 'code is a whole number'],
    [(to: TestServer) => to.faults.status('read', { code: 2 ** 32 }), 'code is a number of 32 bits'],
    [(to: TestServer) => to.faults.refuse('read', { times: 0 }), 'times is a whole number from 1 on, not 0'],
    [(to: TestServer) => to.faults.refuse('read', { after: -1 }), 'after is a whole number from 0 on'],
    [
      (to: TestServer) => to.faults.delay('read', { milliseconds: NaN }),
      'milliseconds is a number from 0 on',
    ],
    [
      (to: TestServer) => to.faults.refuse('read', { paht: '/a.txt' } as never),
      "refuse: there is no option 'paht'; did you mean 'path'?",
    ],
    [
      (to: TestServer) => to.faults.status('read', { code: 4, message: 'x' } as never),
      "status: there is no option 'message'",
    ],
    [(to: TestServer) => to.faults.status('read', 4 as never), 'status: the options must be an object'],
    [(to: TestServer) => to.faults.status('read', { code: 4, text: 4 as never }), 'text is text, not 4'],
    [(to: TestServer) => to.faults.delay('read', 100 as never), 'delay: the options must be an object'],
    [(to: TestServer) => to.faults.delay('read', { ms: 100 } as never), "delay: there is no option 'ms'"],
    [(to: TestServer) => to.faults.refuse('read', '/a.txt' as never), 'refuse: the options must be'],
    [(to: TestServer) => to.faults.refuse('read', { path: /a/ as never }), 'path is text, not /a/'],
    [(to: TestServer) => to.faults.refuse('read', { message: 5 as never }), 'message is text, not 5'],
    [(to: TestServer) => to.faults.refuse(undefined as never), 'operation is one of open, close ...'],
    [(to: TestServer) => to.faults.refuseLogins(2 as never), 'refuseLogins: the options must be'],
    [
      (to: TestServer) => to.faults.refuseLogins({ tmies: 2 } as never),
      "there is no option 'tmies'; did you mean 'times'?",
    ],
  ])('%#', (wrong, sentence) => {
    expect(() => wrong(server)).toThrow(sentence);
  });

  it('and there is an operation for everything that a client can ask', () => {
    expect(operationNames).toEqual(expect.arrayContaining(['open', 'readdir', 'copy-data', 'malformed']));
    for (const operation of operationNames) server.faults.refuse(operation);
  });
});
