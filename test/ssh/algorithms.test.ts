import { expect, test } from 'vitest';
import { algorithmsOf, clientCiphers } from '../../src/ssh/algorithms.js';
import { settingsWith } from './test-server.js';

const hostKeys = ['ssh-ed25519'];

test.each([
  ['algorithms.kex', 'diffie-hellman-group-exchange-sha256'],
  ['algorithms.kex', 'nonsense'],
  ['algorithms.ciphers', 'rot13'],
  ['algorithms.macs', 'hmac-none'],
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
  expect(clientCiphers(Buffer.alloc(3))).toBe(null);
  expect(clientCiphers(Buffer.alloc(100, 0xff))).toBe(null);
});
