import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyType } from '../../src/publickey/public-key.js';
import {
  fits,
  signatureAlgorithms,
  verifySignature,
  type SignatureAlgorithm,
} from '../../src/publickey/signature.js';
import { scale } from '../scale.js';
import { goldenKeys } from './golden-keys.js';
import { makeKey, mpint, sshString, type MadeKey } from './made-key.js';

const cases = [
  ['ssh-ed25519', 'ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521'],
  ['ssh-rsa', 'rsa-sha2-256'],
  ['ssh-rsa', 'rsa-sha2-512'],
] as const satisfies readonly (readonly [KeyType, SignatureAlgorithm])[];

const data = Buffer.from('what was signed');
/** What stands behind the algorithm's name. */
function inner(signature: Buffer): Buffer {
  const name = 4 + signature.readUInt32BE(0);
  return signature.subarray(name + 4);
}

function wrapped(algorithm: string, bytes: Buffer): Buffer {
  return Buffer.concat([sshString(algorithm), sshString(bytes)]);
}

function numbersOf(key: MadeKey, algorithm: SignatureAlgorithm): [Buffer, Buffer] {
  const both = inner(key.sign(algorithm, data));
  const length = both.readUInt32BE(0);
  return [both.subarray(4, 4 + length), both.subarray(8 + length)];
}

/** As OpenSSL writes it; the numbers are positive already. */
function der(...numbers: readonly Buffer[]): Buffer {
  const body = Buffer.concat(numbers.map((one) => Buffer.concat([Buffer.of(2, one.length), one])));
  return Buffer.concat([
    Buffer.of(0x30),
    body.length < 0x80 ? Buffer.of(body.length) : Buffer.of(0x81, body.length),
    body,
  ]);
}

const made = cases.map(([type, algorithm]) => ({ key: makeKey(type), algorithm }));

describe('verifySignature', () => {
  it.each(goldenKeys)('takes what ssh-keygen signed with $name', (golden) => {
    const message = createHash('sha512').update('plimsoll').digest();
    const signed = Buffer.concat([
      Buffer.from('SSHSIG'),
      sshString('file'),
      sshString(''),
      sshString('sha512'),
      sshString(message),
    ]);
    const blob = Buffer.from(golden.line.split(' ')[1] ?? '', 'base64');
    const algorithm = golden.type === 'ssh-rsa' ? 'rsa-sha2-512' : golden.type;
    const signature = Buffer.from(golden.signature, 'base64');
    expect(verifySignature(blob, algorithm, signed, signature)).toBe(true);
    expect(verifySignature(blob, algorithm, Buffer.concat([signed, Buffer.of(0)]), signature)).toBe(false);
  });

  it.each(made)('takes $algorithm', ({ key, algorithm }) => {
    for (let round = 0; round < 20; round += 1) {
      expect(verifySignature(key.blob, algorithm, data, key.sign(algorithm, data))).toBe(true);
    }
  });

  it('never takes the signature of another key, algorithm or form', () => {
    for (const { key, algorithm } of made) {
      const signature = key.sign(algorithm, data);
      const bare = inner(signature);
      expect(verifySignature(key.blob, algorithm, data, bare)).toBe(false);
      expect(verifySignature(key.blob, algorithm, data, wrapped(algorithm, signature))).toBe(false);
      const other = makeKey(key.type);
      expect(verifySignature(other.blob, algorithm, data, signature)).toBe(false);
      for (const wrong of signatureAlgorithms.filter((one) => one !== algorithm)) {
        expect(verifySignature(key.blob, wrong, data, signature)).toBe(false);
        expect(verifySignature(key.blob, wrong, data, wrapped(wrong, bare))).toBe(false);
        expect(verifySignature(key.blob, algorithm, data, wrapped(wrong, bare))).toBe(false);
      }
    }
  });

  it('refuses ssh-rsa, which is SHA-1, and names that are properties of every object [RFC 8332 3]', () => {
    const rsa = makeKey('ssh-rsa');
    for (const algorithm of ['ssh-rsa', 'ssh-dss', '', 'constructor', '__proto__', 'toString']) {
      const signature = wrapped(algorithm, inner(rsa.sign('rsa-sha2-256', data)));
      expect(verifySignature(rsa.blob, algorithm, data, signature)).toBe(false);
      expect(fits(algorithm, 'ssh-rsa')).toBe(false);
    }
  });

  it('takes ECDSA as two numbers in their shortest form, neither as DER nor at full width [RFC 5656 3.1.2]', () => {
    for (const { key, algorithm } of made.filter((one) => one.algorithm.startsWith('ecdsa'))) {
      const [first, second] = numbersOf(key, algorithm);
      const takes = (bytes: Buffer): boolean =>
        verifySignature(key.blob, algorithm, data, wrapped(algorithm, bytes));
      expect(takes(Buffer.concat([mpint(first), mpint(second)]))).toBe(true);
      const padded = Buffer.concat([Buffer.of(0, 0), first]);
      expect(takes(Buffer.concat([sshString(padded), mpint(second)]))).toBe(false);
      expect(takes(Buffer.concat([mpint(first), mpint(second), mpint(second)]))).toBe(false);
      expect(takes(der(first, second))).toBe(false);
    }
  });

  it('takes an RSA signature whose leading zeros were cut off, as OpenSSH does', () => {
    const rsa = makeKey('ssh-rsa');
    let attempt = 0;
    let bare: Buffer;
    let text: Buffer;
    do {
      text = Buffer.from(`attempt ${(attempt += 1)}`);
      bare = inner(rsa.sign('rsa-sha2-256', text));
    } while (bare[0] !== 0);
    const takes = (bytes: Buffer): boolean =>
      verifySignature(rsa.blob, 'rsa-sha2-256', text, wrapped('rsa-sha2-256', bytes));
    expect(takes(bare.subarray(1))).toBe(true);
    expect(takes(Buffer.concat([Buffer.of(0), bare]))).toBe(false);
    expect(takes(Buffer.concat([bare.subarray(1), Buffer.of(0)]))).toBe(false);
  });

  it('never takes what was changed by one bit, or cut, or extended', () => {
    const signatures = made.map(({ key, algorithm }) => ({
      algorithm,
      parts: [key.blob, data, key.sign(algorithm, data)] as const,
    }));
    fc.assert(
      fc.property(
        fc.constantFrom(...signatures),
        fc.nat(3),
        fc.constantFrom('flip', 'cut', 'extend'),
        fc.nat(),
        fc.nat(7),
        ({ algorithm, parts }, which, how, where, bit) => {
          const changed = (bytes: Buffer): Buffer => {
            if (how === 'cut') return bytes.subarray(0, where % bytes.length);
            if (how === 'extend') return Buffer.concat([bytes, Buffer.of(bit)]);
            const copy = Buffer.from(bytes);
            copy[where % copy.length] = (copy[where % copy.length] ?? 0) ^ (1 << bit);
            return copy;
          };
          const [blob, signed, signature] = parts.map((part, index) =>
            index === which ? changed(part) : part,
          );
          // Also with lengths that are right again, so that it is the signature itself that is judged.
          const whole = which === 3 ? wrapped(algorithm, changed(inner(parts[2]))) : (signature ?? data);
          expect(verifySignature(blob ?? data, algorithm, signed ?? data, whole)).toBe(false);
        },
      ),
      { numRuns: scale('propertyRuns') * 20 },
    );
  });

  it('answers false to anything, never an exception', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.constantFrom(...made), bytes, bytes, ({ key, algorithm }, some, more) => {
        expect(verifySignature(key.blob, algorithm, some, more)).toBe(false);
        expect(verifySignature(key.blob, algorithm, some, wrapped(algorithm, more))).toBe(false);
        expect(verifySignature(some, algorithm, data, more)).toBe(false);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });
});
