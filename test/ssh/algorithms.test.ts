import { afterEach, describe, expect, test } from 'vitest';
import {
  algorithmsOf,
  clientAlgorithms,
  directionFor,
  type ClientDirection,
} from '../../src/ssh/algorithms.js';
import { RawClient } from './raw-client.js';
import { settingsWith, startServer, type TestServer } from './test-server.js';

const hostKeys = ['ssh-ed25519'];

test.each([
  ['algorithms.kex', 'diffie-hellman-group-exchange-sha256'],
  ['algorithms.kex', 'nonsense'],
  ['algorithms.ciphers', 'rot13'],
  ['algorithms.macs', 'hmac-none'],
  ['algorithms.fallbackMacs', 'umac-64@openssh.com'],
] as const)('%s with %s is refused, naming both', (setting, name) => {
  const settings = settingsWith({ [setting]: [name] });
  expect(() => algorithmsOf(settings, hostKeys)).toThrow(`${setting}: '${name}' is not among `);
});

test('what else ssh2 can do is there for who asks for it', () => {
  const settings = settingsWith({
    'algorithms.kex': ['ecdh-sha2-nistp256', 'diffie-hellman-group16-sha512'],
  });
  expect(algorithmsOf(settings, hostKeys).kex).toEqual([
    'ecdh-sha2-nistp256',
    'diffie-hellman-group16-sha512',
  ]);
});

test('a KEXINIT that cannot be read says nothing', () => {
  expect(clientAlgorithms(Buffer.alloc(3))).toBe(null);
  expect(clientAlgorithms(Buffer.alloc(100, 0xff))).toBe(null);
});

/** What libssh2 1.10 shows: neither AES-GCM nor encrypt-then-MAC. */
const old: ClientDirection = {
  ciphers: ['aes256-ctr', 'aes128-ctr', 'aes256-cbc'],
  macs: ['hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha1'],
};
const etm = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'];
const withFallback = [...etm, 'hmac-sha2-256', 'hmac-sha2-512'];

describe('the MACs that a client is shown', () => {
  const ours = algorithmsOf(settingsWith(), hostKeys);

  test.each([
    ['has neither a MAC nor a cipher of ours that does without', old, withFallback],
    ['has a MAC of ours, its last', { ...old, macs: [...old.macs, 'hmac-sha2-512-etm@openssh.com'] }, etm],
    ['has AES-GCM', { ...old, ciphers: ['aes128-gcm@openssh.com'] }, etm],
    ['has chacha20, its last', { ...old, ciphers: [...old.ciphers, 'chacha20-poly1305@openssh.com'] }, etm],
    [
      'has a cipher without MAC that we have not',
      { ...old, ciphers: ['aead-aes-256', ...old.ciphers] },
      withFallback,
    ],
    ['lists nothing', { ciphers: [''], macs: [''] }, withFallback],
  ])('one that %s', (_what, theirs, macs) => {
    expect(directionFor(ours, theirs).macs).toEqual(macs);
  });

  test('without a MAC of ours a client is led to a cipher that needs none, whatever either likes better', () => {
    const liking = { ...ours, ciphers: ['aes128-ctr', 'chacha20-poly1305@openssh.com'] };
    const theirs = { ...old, ciphers: ['aes128-ctr', 'chacha20-poly1305@openssh.com'] };
    expect(directionFor(liking, theirs).ciphers).toEqual(['chacha20-poly1305@openssh.com']);
    expect(directionFor(liking, { ...theirs, macs: etm }).ciphers).toEqual(liking.ciphers);
  });

  test('no fallback for anybody where the operator lists none', () => {
    const strict = algorithmsOf(settingsWith({ 'algorithms.fallbackMacs': [] }), hostKeys);
    expect(directionFor(strict, old).macs).toEqual(etm);
  });
});

describe('with a client on the wire', () => {
  let server: TestServer;
  afterEach(() => server.close());

  test('the fallback carries a login, and each direction is chosen on its own', async () => {
    server = await startServer();
    const ciphers = ['aes128-ctr'];
    const client = await RawClient.loggedIn(server.port, { ...old, ciphers, toClient: { macs: etm } });
    expect(client.negotiated.cs).toMatchObject({ cipher: 'aes128-ctr', mac: 'hmac-sha2-256' });
    expect(client.negotiated.sc).toMatchObject({ cipher: 'aes128-ctr', mac: etm[0] });
    client.socket.destroy();
    const other = await RawClient.loggedIn(server.port, {
      ciphers: ['aes128-gcm@openssh.com'],
      macs: ['hmac-sha1'],
      toClient: { ciphers: ['aes128-ctr'], macs: ['hmac-sha2-512'] },
    });
    expect(other.negotiated.cs.cipher).toBe('aes128-gcm@openssh.com');
    expect(other.negotiated.sc).toMatchObject({ cipher: 'aes128-ctr', mac: 'hmac-sha2-512' });
    other.socket.destroy();
  });

  test('SHA-1 is no fallback', async () => {
    server = await startServer();
    const client = await RawClient.connect(server.port, { ...old, macs: ['hmac-sha1'] });
    await client.closed;
    expect((await server.event('connection.closed')).reason).toContain('no matching C->S MAC');
  });

  test('without a fallback such a client is refused', async () => {
    server = await startServer({ settings: { 'algorithms.fallbackMacs': [] } });
    const client = await RawClient.connect(server.port, old);
    await client.closed;
    expect((await server.event('connection.closed')).reason).toContain('no matching C->S MAC');
  });
});
