import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { KeyType } from '../../src/publickey/public-key.js';
import type { SignatureAlgorithm } from '../../src/publickey/signature.js';

/** A key pair with the public blob as an independent encoder writes it. */
export interface MadeKey {
  readonly type: KeyType;
  readonly blob: Buffer;
  /** The whole signature blob, `string algorithm, string signature`. */
  sign(algorithm: SignatureAlgorithm, data: Buffer): Buffer;
}

export function sshString(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export function mpint(magnitude: Buffer): Buffer {
  let from = 0;
  while (from < magnitude.length - 1 && magnitude[from] === 0) from += 1;
  const bare = magnitude.subarray(from);
  return sshString((bare[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bare]) : bare);
}

const curves = {
  'ecdsa-sha2-nistp256': ['P-256', 'nistp256', 32],
  'ecdsa-sha2-nistp384': ['P-384', 'nistp384', 48],
  'ecdsa-sha2-nistp521': ['P-521', 'nistp521', 66],
} as const;

const hashes: Readonly<Record<SignatureAlgorithm, string | null>> = {
  'ssh-ed25519': null,
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

export function makeKey(type: KeyType, bits = 2048): MadeKey {
  if (type === 'ssh-ed25519') {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const x = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    return made(type, Buffer.concat([sshString(type), sshString(x)]), privateKey);
  }
  if (type === 'ssh-rsa') {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
    return made(type, rsaBlob(Buffer.from(e, 'base64url'), Buffer.from(n, 'base64url')), privateKey);
  }
  const [curve, name] = curves[type];
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return made(type, Buffer.concat([sshString(type), sshString(name), sshString(point)]), privateKey);
}

export function rsaBlob(e: Buffer, n: Buffer): Buffer {
  return Buffer.concat([sshString('ssh-rsa'), mpint(e), mpint(n)]);
}

function made(type: KeyType, blob: Buffer, privateKey: KeyObject): MadeKey {
  return {
    type,
    blob,
    sign: (algorithm, data) => {
      if (type === 'ssh-ed25519' || type === 'ssh-rsa') {
        return Buffer.concat([sshString(algorithm), sshString(sign(hashes[algorithm], data, privateKey))]);
      }
      const size = curves[type][2];
      const both = sign(hashes[algorithm], data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const numbers = Buffer.concat([mpint(both.subarray(0, size)), mpint(both.subarray(size))]);
      return Buffer.concat([sshString(algorithm), sshString(numbers)]);
    },
  };
}
