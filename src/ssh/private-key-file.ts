import { randomBytes, type KeyObject } from 'node:crypto';

/** A pair as its file holds it: OpenSSH's own format, which `ssh-keygen` reads. */
export interface KeyFile {
  readonly publicBlob: Buffer;
  readonly text: string;
}

/** Writes keys in the format of openssh-portable's PROTOCOL.key, without a passphrase. */
export function privateKeyFile(key: KeyObject, comment: string): KeyFile {
  const { publicBlob, privateFields } = partsOf(key);
  // The same number twice tells a reader that the passphrase was right.
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, privateFields, string(comment)]);
  const padding = Buffer.from(Array.from({ length: -secret.length & 7 }, (_, index) => index + 1));
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0', 'latin1'),
    string('none'),
    string('none'),
    string(''),
    uint32(1),
    string(publicBlob),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  const text = [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...lines,
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n');
  return { publicBlob, text };
}

function partsOf(key: KeyObject): { readonly publicBlob: Buffer; readonly privateFields: Buffer } {
  const jwk = key.export({ format: 'jwk' });
  const field = (value: string | undefined): Buffer => Buffer.from(value ?? '', 'base64url');
  if (key.asymmetricKeyType === 'ed25519') {
    const name = string('ssh-ed25519');
    const point = field(jwk.x);
    return {
      publicBlob: Buffer.concat([name, string(point)]),
      privateFields: Buffer.concat([name, string(point), string(Buffer.concat([field(jwk.d), point]))]),
    };
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TypeError(`no host key format for ${String(key.asymmetricKeyType)}`);
  }
  const name = string('ssh-rsa');
  const n = mpint(field(jwk.n));
  const e = mpint(field(jwk.e));
  const others = [jwk.d, jwk.qi, jwk.p, jwk.q].map((value) => mpint(field(value)));
  return {
    publicBlob: Buffer.concat([name, e, n]),
    privateFields: Buffer.concat([name, n, e, ...others]),
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A magnitude as a positive mpint. [RFC 4251 5] */
function mpint(magnitude: Buffer): Buffer {
  const first = magnitude[0] ?? 0;
  return string(first >= 0x80 ? Buffer.concat([Buffer.from([0]), magnitude]) : magnitude);
}
