import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { Cipher } from '../../src/ssh/internals.js';
import { poolPadding } from '../../src/ssh/padding.js';

const crypto = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as {
  CIPHER_INFO: Record<string, { keyLen: number; ivLen: number; authLen: number }>;
  MAC_INFO: Record<string, { len: number }>;
  createCipher(config: object): Cipher;
};

function cipherOf(name: string, mac: string): Cipher {
  const cipherInfo = crypto.CIPHER_INFO[name];
  const macInfo = crypto.MAC_INFO[mac];
  return crypto.createCipher({
    outbound: {
      seqno: 0,
      onWrite: () => undefined,
      cipherInfo,
      cipherIV: Buffer.alloc(cipherInfo?.ivLen ?? 0),
      cipherKey: Buffer.alloc(cipherInfo?.keyLen ?? 0),
      macInfo,
      macKey: Buffer.alloc(macInfo?.len ?? 0),
    },
  });
}

test.each([
  ['aes128-gcm@openssh.com', 'hmac-sha2-256-etm@openssh.com'],
  ['aes256-gcm@openssh.com', 'hmac-sha2-256-etm@openssh.com'],
  ['chacha20-poly1305@openssh.com', 'hmac-sha2-256-etm@openssh.com'],
  ['aes128-ctr', 'hmac-sha2-256-etm@openssh.com'],
  ['aes256-ctr', 'hmac-sha2-512-etm@openssh.com'],
  ['aes128-ctr', 'hmac-sha2-256'],
  ['aes128-ctr', 'hmac-sha2-512'],
])('a packet of %s with %s has the layout that ssh2 gives it', (name, mac) => {
  const plain = cipherOf(name, mac);
  const pooled = cipherOf(name, mac);
  poolPadding(pooled);
  for (const length of [...Array.from({ length: 300 }, (_, index) => index), 32_777, 34_999]) {
    const [expected, got] = [plain.allocPacket(length), pooled.allocPacket(length)];
    expect(got.length).toBe(expected.length);
    expect(got.subarray(0, 5).equals(expected.subarray(0, 5))).toBe(true);
  }
});

test('padding is never the same twice', () => {
  const cipher = cipherOf('aes128-gcm@openssh.com', 'hmac-sha2-256-etm@openssh.com');
  poolPadding(cipher);
  const seen = new Set<string>();
  const count = 20_000;
  for (let packet = 0; packet < count; packet++) {
    const bytes = cipher.allocPacket(9);
    seen.add(bytes.toString('hex', 5 + 9, 5 + 9 + bytes.readUInt8(4)));
  }
  expect(seen.size).toBe(count);
});
