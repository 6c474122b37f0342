import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { Fault } from '../fault.js';
import { SshReader } from './ssh-strings.js';

/** A public key as an account keeps it. */
export interface PublicKey {
  readonly type: KeyType;
  /** The public key blob [RFC 4253 6.6]. */
  readonly blob: Buffer;
  /** `SHA256:...` as OpenSSH prints it. */
  readonly fingerprint: string;
  readonly comment: string;
}

export const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
] as const;

export type KeyType = (typeof keyTypes)[number];

/** What follows the type name in a blob, as a JSON Web Key that `node:crypto` takes. */
const decoders: Readonly<Record<KeyType, (fields: SshReader) => JsonWebKey>> = {
  'ssh-ed25519': ed25519,
  'ecdsa-sha2-nistp256': ecdsa('nistp256', 'P-256', 32),
  'ecdsa-sha2-nistp384': ecdsa('nistp384', 'P-384', 48),
  'ecdsa-sha2-nistp521': ecdsa('nistp521', 'P-521', 66),
  'ssh-rsa': rsa,
};

interface JsonWebKey {
  readonly [field: string]: string;
}

/** [RFC 8709 4] */
function ed25519(fields: SshReader): JsonWebKey {
  const point = fields.string();
  if (point.length !== 32) throw new Fault('invalid', 'the key is malformed');
  return { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
}

/** [RFC 5656 3.1]; compressed points are optional there and no client sends them. */
function ecdsa(name: string, curve: string, size: number): (fields: SshReader) => JsonWebKey {
  return (fields) => {
    const named = fields.text();
    const point = fields.string();
    if (named !== name || point.length !== 1 + 2 * size || point[0] !== 4) {
      throw new Fault('invalid', 'the key is malformed');
    }
    return {
      kty: 'EC',
      crv: curve,
      x: point.subarray(1, 1 + size).toString('base64url'),
      y: point.subarray(1 + size).toString('base64url'),
    };
  };
}

const rsaBits = { min: 2048, max: 16_384 };
/** An exponent of more bits makes each verification slow (CVE-2026-39829); nobody's tool makes one. */
const exponentBytes = 4;

/** [RFC 4253 6.6] */
function rsa(fields: SshReader): JsonWebKey {
  const exponent = fields.positive();
  const modulus = fields.positive();
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < rsaBits.min || bits > rsaBits.max) {
    throw new Fault(
      'invalid',
      `an RSA key of ${bits} bits is refused: it must have ${rsaBits.min} to ${rsaBits.max}`,
    );
  }
  const e = exponent.length > exponentBytes ? 0 : exponent.readUIntBE(0, exponent.length);
  if (e < 3 || e % 2 === 0 || (modulus[modulus.length - 1] ?? 0) % 2 === 0) {
    throw new Fault('invalid', 'the RSA key is refused: its numbers are not those of a real key');
  }
  return { kty: 'RSA', e: exponent.toString('base64url'), n: modulus.toString('base64url') };
}

export function isKeyType(name: string): name is KeyType {
  return (keyTypes as readonly string[]).includes(name);
}

/**
 * Takes a public key blob apart, down to the last byte.
 * @throws Fault `invalid`, saying what is wrong with it
 */
export function decodePublicKey(blob: Buffer): { readonly type: KeyType; readonly key: KeyObject } {
  const fields = new SshReader(blob);
  const type = fields.text();
  if (!isKeyType(type)) throw unsupportedType(type);
  const key = decoders[type](fields);
  fields.end();
  try {
    return { type, key: createPublicKey({ format: 'jwk', key }) };
  } catch (cause) {
    throw new Fault('invalid', 'the key is malformed', { cause });
  }
}

export function unsupportedType(type: string): Fault {
  const shown = type.slice(0, 64).replace(/[^\x21-\x7e]/g, '?');
  return new Fault('invalid', `keys of type '${shown}' are not supported: use ${keyTypes.join(', ')}`);
}

/**
 * A blob that was checked, with what people know it by.
 * @throws Fault `invalid`
 */
export function publicKey(blob: Buffer, comment: string): PublicKey {
  const { type } = decodePublicKey(blob);
  return { type, blob, fingerprint: fingerprint(blob), comment: shownComment(comment) };
}

/** `SHA256:` and the hash in base64 without padding, as `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** As one line of an authorized_keys file, without line end. */
export function formatPublicKey(key: {
  readonly type: string;
  readonly blob: Buffer;
  readonly comment: string;
}): string {
  const line = `${key.type} ${key.blob.toString('base64')}`;
  return key.comment === '' ? line : `${line} ${key.comment}`;
}

/** A comment is written by whoever made the key and shown on the operator's terminal. */
function shownComment(comment: string): string {
  return comment
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim()
    .slice(0, 1024);
}
