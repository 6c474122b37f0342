import { scryptSync } from 'node:crypto';
import scryptJs from 'scrypt-js';
import type { ScryptParameters } from './scrypt-phc.js';

export interface Derivation extends ScryptParameters {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  /** Bytes wanted. */
  readonly length: number;
}

/** Blocks the calling thread for its whole work: only password threads call it. */
export function derive(derivation: Derivation): Uint8Array {
  try {
    return deriveNatively(derivation);
  } catch {
    // The parameters are within bounds, so OpenSSL has no scrypt at all, as in a FIPS build.
    return deriveInJavaScript(derivation);
  }
}

export function deriveNatively({ password, salt, length, ln, r, p }: Derivation): Uint8Array {
  const N = 2 ** ln;
  // OpenSSL counts all its blocks against `maxmem`, whose default of 32 MiB refuses even ln=15.
  return scryptSync(password, salt, length, { N, r, p, maxmem: 128 * r * (N + p + 2) + 2 ** 16 });
}

export function deriveInJavaScript({ password, salt, length, ln, r, p }: Derivation): Uint8Array {
  return scryptJs.syncScrypt(password, salt, 2 ** ln, r, p, length);
}
