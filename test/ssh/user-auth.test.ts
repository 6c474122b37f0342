import { generateKeyPairSync, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import type { KeyOffer, Peer } from '../../src/auth/authenticator.js';
import { message, utf8 } from '../../src/ssh/messages.js';
import { privateKeyFile } from '../../src/ssh/private-key-file.js';
import type { Writer } from '../../src/wire/writer.js';
import { RawClient } from './raw-client.js';
import { account, granted, refused, startServer, userKeys, type TestServer } from './test-server.js';

let server: TestServer | null = null;
afterEach(() => server?.close());

async function asking(port: number): Promise<RawClient> {
  const client = await RawClient.keyed(port);
  client.askForLogin();
  await client.next(message.serviceAccept);
  return client;
}

function offer(algorithm: string, blob: Buffer, signature?: Buffer): (writer: Writer) => void {
  return (writer) => {
    writer.u8(signature ? 1 : 0);
    writer.string(utf8(algorithm));
    writer.string(blob);
    if (signature) writer.string(signature);
  };
}

function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** What a signature of that request covers. [RFC 4252 7] */
function covered(client: RawClient, user: string, algorithm: string, blob: Buffer): Buffer {
  return Buffer.concat([
    sshString(client.protocol._kex.sessionID),
    Buffer.from([message.userauthRequest]),
    ...[user, 'ssh-connection', 'publickey'].map(sshString),
    Buffer.from([1]),
    sshString(algorithm),
    sshString(blob),
  ]);
}

test('[RFC 4252 7] PK_OK names the algorithm that was asked about', async () => {
  server = await startServer();
  for (const algorithm of ['rsa-sha2-512', 'rsa-sha2-256']) {
    const client = await asking(server.port);
    client.login('alice', 'publickey', offer(algorithm, userKeys.rsa.publicBlob));
    const answer = await client.next(message.userauthPkOk);
    expect(answer.byteString(100)).toBe(algorithm);
    expect(answer.string(1000).equals(userKeys.rsa.publicBlob)).toBe(true);
    client.socket.destroy();
  }
});

test('RSA with SHA-1 is refused before anybody looks at the key', async () => {
  const asked: KeyOffer[] = [];
  server = await startServer({
    authenticator: {
      publickey: (_user, key) => {
        asked.push(key);
        return Promise.resolve(granted('publickey'));
      },
    },
  });
  const client = await asking(server.port);
  client.login('alice', 'publickey', offer('ssh-rsa', userKeys.rsa.publicBlob));
  await client.next(message.userauthFailure);
  client.login('alice', 'publickey', offer('rsa-sha2-512', userKeys.ed25519.publicBlob));
  await client.next(message.userauthFailure);
  client.login('alice', 'publickey', offer('ssh-ed25519', Buffer.alloc(30_000, 'ssh-ed25519')));
  await client.next(message.userauthFailure);
  expect(asked).toEqual([]);
  client.socket.destroy();
});

test('a probe never logs in, even where the authenticator grants it', async () => {
  server = await startServer();
  const client = await asking(server.port);
  client.login('alice', 'publickey', offer('ssh-ed25519', userKeys.ed25519.publicBlob));
  await client.next(message.userauthPkOk);
  client.openChannel();
  await client.closed;
  expect(server.infos).toEqual([]);
});

test('a signature is passed on as it came, with exactly the bytes that it covers', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const jwk = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from([4]),
    ...[jwk.x, jwk.y].map((value) => Buffer.from(value ?? '', 'base64url')),
  ]);
  const name = 'ecdsa-sha2-nistp256';
  const blob = Buffer.concat([sshString(name), sshString('nistp256'), sshString(point)]);
  const proofs: KeyOffer['proof'][] = [];
  server = await startServer({
    authenticator: {
      publickey: (_user, key) => {
        proofs.push(key.proof);
        return Promise.resolve(refused);
      },
    },
  });
  const client = await asking(server.port);
  const bytes = covered(client, 'alice', name, blob);
  const p1363 = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const mpint = (half: Buffer): Buffer => {
    const start = half.findIndex((byte) => byte !== 0);
    const short = half.subarray(start);
    return sshString((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), short]) : short);
  };
  const pair = Buffer.concat([mpint(p1363.subarray(0, 32)), mpint(p1363.subarray(32))]);
  const signature = Buffer.concat([sshString(name), sshString(pair)]);
  client.login('alice', 'publickey', offer(name, blob, signature));
  await client.next(message.userauthFailure);
  expect(proofs[0]?.signed.equals(bytes)).toBe(true);
  expect(proofs[0]?.signature.equals(signature)).toBe(true);
  client.socket.destroy();
});

test("someone else's key, a signature of another session, another name inside, bytes behind: no login", async () => {
  server = await startServer();
  const blob = userKeys.ed25519.publicBlob;
  const other = generateKeyPairSync('ed25519').privateKey;
  const otherBlob = privateKeyFile(other, '').publicBlob;
  const wrap = (name: string, bytes: Buffer): Buffer => Buffer.concat([sshString(name), sshString(bytes)]);
  const attempts: ((client: RawClient) => (writer: Writer) => void)[] = [
    (client) => {
      const signature = sign(null, covered(client, 'alice', 'ssh-ed25519', blob), other);
      return offer('ssh-ed25519', blob, wrap('ssh-ed25519', signature));
    },
    (client) => {
      const signature = sign(null, covered(client, 'alice', 'ssh-ed25519', otherBlob), other);
      return offer('ssh-ed25519', otherBlob, wrap('ssh-ed25519', signature));
    },
    () => offer('ssh-ed25519', blob, wrap('ssh-rsa', Buffer.alloc(64))),
    () => offer('ssh-ed25519', blob, Buffer.alloc(3)),
    () =>
      offer('ssh-ed25519', Buffer.concat([blob, Buffer.from([0])]), wrap('ssh-ed25519', Buffer.alloc(64))),
    () => (writer) => {
      offer('ssh-ed25519', blob, wrap('ssh-ed25519', Buffer.alloc(64)))(writer);
      writer.u8(0);
    },
  ];
  for (const attempt of attempts) {
    const client = await asking(server.port);
    client.login('alice', 'publickey', attempt(client));
    await client.next(message.userauthFailure);
    client.socket.destroy();
  }
  expect(server.live.list()).toEqual([]);
});

test('six wrong passwords end the connection; the right one as the seventh is not even looked at', async () => {
  const asked: string[] = [];
  server = await startServer({
    authenticator: {
      password: (_user, password) => {
        asked.push(password);
        return Promise.resolve(password === 'secret' ? granted('password') : refused);
      },
    },
  });
  const client = await asking(server.port);
  for (const guess of ['1', '2', '3', '4', '5', '6', 'secret']) client.password('alice', guess);
  const farewell = await client.next(message.disconnect);
  expect([farewell.u32(), farewell.byteString(100)]).toEqual([14, 'too many login attempts']);
  await client.closed;
  expect(asked).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(server.live.list()).toEqual([]);
  expect(server.seen.filter(([name]) => name === 'login.failed').length).toBe(6);
});

test('questions are answered more often than guesses, but not without end', async () => {
  server = await startServer({ settings: { 'login.packetsPerSecond': 1000 } });
  const client = await asking(server.port);
  for (let count = 0; count < 23; count++) {
    client.login('alice', 'none');
    await client.next(message.userauthFailure);
  }
  client.login('alice', 'none');
  await client.closed;
});

test('attempts sent all at once are answered in their order, and none crashes', async () => {
  server = await startServer();
  const client = await asking(server.port);
  client.login('alice', 'none');
  client.password('alice', 'wrong');
  client.login('alice', 'publickey', offer('rsa-sha2-256', userKeys.rsa.publicBlob));
  client.password('alice', 'secret');
  client.password('alice', 'late');
  await client.next(message.userauthSuccess);
  const order = client.received.map(({ type }) => type);
  expect(order.filter((type) => type === message.userauthFailure).length).toBe(2);
  expect(client.count(message.userauthPkOk)).toBe(1);
  await client.sftp();
  client.socket.destroy();
});

test('more attempts at once than fit the queue end the connection', async () => {
  server = await startServer({ authenticator: { password: () => new Promise(() => undefined) } });
  const client = await asking(server.port);
  for (let count = 0; count < 12; count++) client.password('alice', 'x');
  await client.closed;
  expect((await server.event('connection.closed')).reason).toBe('too many login attempts at once');
});

test('[RFC 4252 5.1] an unknown method gets FAILURE with the list, and the login goes on', async () => {
  server = await startServer();
  const client = await asking(server.port);
  for (const method of ['gssapi-with-mic', 'hostbased', 'keyboard-interactive', 'x'.repeat(1000)]) {
    client.login('alice', method, (writer) => writer.raw(Buffer.alloc(40)));
    const answer = await client.next(message.userauthFailure);
    expect([answer.byteString(100), answer.u8()]).toEqual(['publickey,password', 0]);
  }
  client.password('alice', 'secret');
  await client.next(message.userauthSuccess);
  client.socket.destroy();
});

test('keyboard-interactive answers for 33 million prompts cost nothing', async () => {
  server = await startServer();
  const client = await asking(server.port);
  client.login('alice', 'keyboard-interactive', (writer) => writer.raw(Buffer.alloc(8)));
  await client.next(message.userauthFailure);
  const before = process.memoryUsage().heapTotal;
  client.say(message.userauthInfoResponse, (writer) => writer.u32(33_554_431));
  await client.closed;
  expect(process.memoryUsage().heapTotal - before).toBeLessThan(32 * 2 ** 20);
});

test('a password change request is a wrong password', async () => {
  server = await startServer();
  const client = await asking(server.port);
  client.login('alice', 'password', (writer) => {
    writer.u8(1);
    writer.string(utf8('secret'));
    writer.string(utf8('new'));
  });
  await client.next(message.userauthFailure);
  client.socket.destroy();
});

test('a changed user name ends the connection', async () => {
  server = await startServer();
  const client = await asking(server.port);
  client.password('bob', 'secret');
  await client.next(message.userauthFailure);
  client.password('alice', 'secret');
  await client.closed;
  expect(server.live.list()).toEqual([]);
});

test.each([
  ['NUL', 'a\0b'],
  ['a path', '../alice'],
  ['a line end', 'alice\r\nfake line'],
  ['an escape sequence', '\x1b[31malice'],
  ['64 KB', 'a'.repeat(30_000)],
  ['nothing', ''],
  ['a direction override', 'alice\u202e'],
])('a user name with %s is refused, and logged as one short line', async (_name, user) => {
  const asked: string[] = [];
  server = await startServer({
    authenticator: {
      password: (name) => {
        asked.push(name);
        return Promise.resolve(refused);
      },
    },
  });
  const client = await asking(server.port);
  client.password(user, 'secret');
  await client.next(message.userauthFailure);
  const { user: logged } = await server.event('login.failed');
  expect(logged).toMatch(/^[\x20-\x7e]*$/);
  expect(logged.length).toBeLessThan(1100);
  expect(asked).toEqual([]);
  client.socket.destroy();
});

test('what the user may be told comes as a banner just before the failure (A2)', async () => {
  server = await startServer({
    authenticator: {
      password: () => Promise.resolve({ granted: false, reason: 'locked', tell: 'this account is locked' }),
    },
  });
  const client = await asking(server.port);
  client.password('alice', 'secret');
  await client.next(message.userauthFailure);
  const banner = await client.next(message.userauthBanner);
  expect(banner.byteString(100)).toBe('this account is locked\r\n');
  client.socket.destroy();
});

test('a login that is decided after the client left serves nobody', async () => {
  let decide = (): void => undefined;
  const decision = new Promise<void>((resolve) => (decide = resolve));
  server = await startServer({
    authenticator: { password: () => decision.then(() => granted('password')) },
  });
  const client = await asking(server.port);
  client.password('alice', 'secret');
  client.socket.destroy();
  await server.event('connection.closed');
  decide();
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.infos).toEqual([]);
  expect(server.live.list()).toEqual([]);
});

test('who decides hears for whom, and when nobody waits for the answer any more', async () => {
  const peers: Peer[] = [];
  server = await startServer({
    authenticator: {
      password: (_user, password, peer) => {
        peers.push(peer);
        return password === 'slow' ? new Promise(() => undefined) : Promise.resolve(refused);
      },
    },
  });
  const client = await asking(server.port);
  client.password('alice', 'wrong');
  await client.next(message.userauthFailure);
  client.password('alice', 'slow');
  await vi.waitUntil(() => peers.length === 2);
  expect(peers.map(({ source, gone }) => [source, gone.aborted])).toEqual([
    ['127.0.0.1', false],
    ['127.0.0.1', false],
  ]);
  client.socket.destroy();
  await server.event('connection.closed');
  expect(peers.map(({ gone }) => gone.aborted)).toEqual([true, true]);
});

test('an authenticator that throws refuses, and the server lives', async () => {
  server = await startServer({
    authenticator: { password: () => Promise.reject(new Error('the store is gone')) },
  });
  const client = await asking(server.port);
  client.password('alice', 'secret');
  await client.next(message.userauthFailure);
  expect((await server.event('login.failed')).reason).toContain('the store is gone');
  client.socket.destroy();
});

test('after login further attempts are ignored, and it stands in the list of the living', async () => {
  server = await startServer();
  const client = await RawClient.loggedIn(server.port);
  client.password('alice', 'wrong');
  const channel = await client.sftp();
  expect(channel).toBe(0);
  expect(server.live.list()).toMatchObject([
    { account: account.name, accountId: account.id, client: 'SSH-2.0-RawTest', method: 'password' },
  ]);
  client.socket.destroy();
  await server.event('connection.closed');
  expect(server.live.list()).toEqual([]);
});

test('what cannot be served says why, and ends', async () => {
  const { Fault } = await import('../../src/fault.js');
  server = await startServer({
    options: { greet: () => Promise.reject(new Fault('not-found', 'your home is not there')) },
  });
  const client = await asking(server.port);
  client.password('alice', 'secret');
  const farewell = await client.next(message.disconnect);
  farewell.u32();
  expect(farewell.byteString(100)).toBe('your home is not there');
  await client.closed;
});

test('the ssh2 client logs in with each of the methods', async () => {
  server = await startServer();
  const { Client } = createRequire(import.meta.url)('ssh2') as {
    Client: new () => {
      on(event: string, listener: (error: Error) => void): void;
      connect(options: object): void;
      end(): void;
    };
  };
  for (const credential of [
    { password: 'secret' },
    { privateKey: userKeys.ed25519.text },
    { privateKey: userKeys.rsa.text },
  ]) {
    const client = new Client();
    const ready = new Promise<void>((resolve, reject) => {
      client.on('ready', () => resolve());
      client.on('error', reject);
    });
    client.connect({ host: '127.0.0.1', port: server.port, username: 'alice', ...credential });
    await ready;
    client.end();
  }
  const methods = server.seen.flatMap(([name, event]) => (name === 'login.succeeded' ? [event.method] : []));
  expect(methods).toEqual(['password', 'publickey', 'publickey']);
});
