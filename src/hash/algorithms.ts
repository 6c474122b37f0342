import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Bytes of a hash, by the names that check-file knows. [filexfer-extensions-00 3] [PROTOCOL 4.13] */
export const hashAlgorithms = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  crc32: 4,
} as const;

export type HashAlgorithm = keyof typeof hashAlgorithms;

/** Bytes of one hash. */
export function hashLength(algorithm: HashAlgorithm): number {
  return hashAlgorithms[algorithm];
}

/** A hash in the making. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Ends it; nothing may be added afterwards. */
  digest(): Buffer;
}

/** @throws Error where OpenSSL refuses the algorithm, as a FIPS build does md5 */
export function createHasher(algorithm: HashAlgorithm): Hasher {
  if (algorithm === 'crc32') return createCrc32();
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

/** The checksum of zip and gzip, most significant byte first. [RFC 1952 8] */
function createCrc32(): Hasher {
  let sum = 0;
  return {
    update: (bytes) => void (sum = crc32(bytes, sum)),
    digest: () => {
      const digest = Buffer.allocUnsafe(4);
      digest.writeUInt32BE(sum);
      return digest;
    },
  };
}
