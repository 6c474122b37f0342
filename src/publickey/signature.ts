import { verify, type KeyObject } from 'node:crypto';
import { decodePublicKey, type KeyType } from './public-key.js';
import { SshReader } from './ssh-strings.js';

interface Rule {
  readonly type: KeyType;
  /** `null` where the algorithm brings its own. */
  readonly hash: string | null;
  /** For ECDSA: bytes of each of the two numbers. */
  readonly size?: number;
}

/** What a client may sign with. `ssh-rsa`, which means SHA-1, is missing on purpose [RFC 8332 3]. */
const rules = {
  'ssh-ed25519': { type: 'ssh-ed25519', hash: null },
  'ecdsa-sha2-nistp256': { type: 'ecdsa-sha2-nistp256', hash: 'sha256', size: 32 },
  'ecdsa-sha2-nistp384': { type: 'ecdsa-sha2-nistp384', hash: 'sha384', size: 48 },
  'ecdsa-sha2-nistp521': { type: 'ecdsa-sha2-nistp521', hash: 'sha512', size: 66 },
  'rsa-sha2-256': { type: 'ssh-rsa', hash: 'sha256' },
  'rsa-sha2-512': { type: 'ssh-rsa', hash: 'sha512' },
} as const satisfies Record<string, Rule>;

export type SignatureAlgorithm = keyof typeof rules;

/** In the order the server names them in `server-sig-algs` [RFC 8308 3.1]. */
export const signatureAlgorithms = Object.keys(rules) as readonly SignatureAlgorithm[];

/** Whether a key of this type may sign with this algorithm. */
export function fits(algorithm: string, keyType: string): algorithm is SignatureAlgorithm {
  return ruleOf(algorithm)?.type === keyType;
}

/**
 * Checks a signature as it stands on the wire: `string algorithm, string signature` [RFC 4253 6.6], ECDSA as two
 * mpints [RFC 5656 3.1.2]. The algorithm inside must be the one asked for. Never throws.
 */
export function verifySignature(blob: Buffer, algorithm: string, signed: Buffer, signature: Buffer): boolean {
  const rule = ruleOf(algorithm);
  if (!rule) return false;
  try {
    const fields = new SshReader(signature);
    if (fields.text() !== algorithm) return false;
    const inner = fields.string();
    fields.end();
    const { type, key } = decodePublicKey(blob);
    return type === rule.type && verifyInner(key, rule, signed, inner);
  } catch {
    return false;
  }
}

function ruleOf(algorithm: string): Rule | undefined {
  return Object.hasOwn(rules, algorithm) ? rules[algorithm as SignatureAlgorithm] : undefined;
}

function verifyInner(key: KeyObject, rule: Rule, signed: Buffer, inner: Buffer): boolean {
  if (rule.size !== undefined) {
    return verify(rule.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, numbers(inner, rule.size));
  }
  return verify(rule.hash, signed, key, rule.type === 'ssh-rsa' ? padded(key, inner) : inner);
}

/** Some clients cut leading zeros off an RSA signature, which OpenSSH's server accepts and OpenSSL does not. */
function padded(key: KeyObject, signature: Buffer): Buffer {
  const missing = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) - signature.length;
  return missing > 0 ? Buffer.concat([Buffer.alloc(missing), signature]) : signature;
}

/** The two mpints at full width, one after the other. */
function numbers(signature: Buffer, size: number): Buffer {
  const fields = new SshReader(signature);
  const both = Buffer.alloc(2 * size);
  for (const end of [size, 2 * size]) {
    const number = fields.positive();
    if (number.length > size) throw new RangeError('the number is wider than the curve');
    number.copy(both, end - number.length);
  }
  fields.end();
  return both;
}
