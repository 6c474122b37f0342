import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { decodePublicKey, keyTypes, publicKey } from '../../src/publickey/public-key.js';
import { scale } from '../scale.js';
import { goldenKeys } from './golden-keys.js';
import { makeKey, mpint, rsaBlob, sshString } from './made-key.js';

const blobs = goldenKeys.map((golden) => Buffer.from(golden.line.split(' ')[1] ?? '', 'base64'));
const modulus = Buffer.alloc(256, 0xff);

describe('decodePublicKey', () => {
  it.each(keyTypes)('reads a new %s', (type) => {
    expect(decodePublicKey(makeKey(type).blob).type).toBe(type);
  });

  it('refuses every cut of every blob, and bytes behind it', () => {
    for (const blob of blobs) {
      for (let length = 0; length < blob.length; length += 1) {
        expect(() => decodePublicKey(blob.subarray(0, length))).toThrow(Fault);
      }
      expect(() => decodePublicKey(Buffer.concat([blob, Buffer.of(0)]))).toThrow('malformed');
    }
  });

  it.each<[string, Buffer, string]>([
    ['2047 bits', rsaBlob(Buffer.of(1, 0, 1), Buffer.concat([Buffer.of(0x7f), modulus.subarray(1)])), '2047'],
    [
      '16385 bits',
      rsaBlob(Buffer.of(1, 0, 1), Buffer.concat([Buffer.of(1), Buffer.alloc(2048, 0xff)])),
      '16385',
    ],
    ['an exponent of 2^64', rsaBlob(Buffer.from('010000000000000000', 'hex'), modulus), 'numbers'],
    ['the exponent 1', rsaBlob(Buffer.of(1), modulus), 'numbers'],
    ['an even exponent', rsaBlob(Buffer.of(4), modulus), 'numbers'],
    ['an even modulus', rsaBlob(Buffer.of(3), Buffer.concat([modulus.subarray(1), Buffer.of(2)])), 'numbers'],
    [
      'a negative modulus',
      Buffer.concat([sshString('ssh-rsa'), mpint(Buffer.of(3)), sshString(modulus)]),
      'malformed',
    ],
    [
      'a needless leading zero [RFC 4251 5]',
      Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.of(0, 3)), mpint(modulus)]),
      'malformed',
    ],
    ['no exponent', Buffer.concat([sshString('ssh-rsa'), sshString(''), mpint(modulus)]), 'malformed'],
    [
      '31 bytes of ed25519',
      Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.alloc(31))]),
      'malformed',
    ],
    [
      'a point off its curve',
      Buffer.concat([
        sshString('ecdsa-sha2-nistp256'),
        sshString('nistp256'),
        sshString(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])),
      ]),
      'malformed',
    ],
    [
      'a point of another curve',
      Buffer.concat([sshString('ecdsa-sha2-nistp384'), makeKey('ecdsa-sha2-nistp256').blob.subarray(23)]),
      'malformed',
    ],
    ['a type nobody knows', sshString('ssh-\u001b[2J'), "'ssh-?[2J'"],
    ['a length past the end', Buffer.from('ffffffff00', 'hex'), 'malformed'],
    ['a path', Buffer.from('/etc/ssh/x'), 'malformed'],
  ])('refuses %s', (_what, blob, sentence) => {
    expect(() => decodePublicKey(blob)).toThrow(sentence);
  });

  it('answers anything with a key or a fault', () => {
    const type = fc.constantFrom(...keyTypes, 'ssh-dss').map((name) => sshString(name));
    const anything = fc
      .tuple(type, fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }))
      .map(([name, fields]) =>
        Buffer.concat([name, ...fields.map((field) => sshString(Buffer.from(field)))]),
      );
    fc.assert(
      fc.property(anything, (blob) => {
        try {
          expect(publicKey(blob, '').blob).toBe(blob);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'invalid' });
        }
      }),
      { numRuns: scale('propertyRuns') },
    );
  });
});
