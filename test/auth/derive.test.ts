import { describe, expect, it } from 'vitest';
import { derive, deriveInJavaScript, deriveNatively } from '../../src/auth/derive.js';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('derive', () => {
  it.each([
    {
      password: bytes(''),
      salt: bytes(''),
      ln: 4,
      r: 1,
      p: 1,
      expected:
        '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    },
    {
      password: bytes('password'),
      salt: bytes('NaCl'),
      ln: 10,
      r: 8,
      p: 16,
      expected:
        'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    },
  ])('gives the test vectors of RFC 7914 12 (ln=$ln, r=$r, p=$p)', ({ expected, ...parameters }) => {
    expect(Buffer.from(derive({ ...parameters, length: 64 })).toString('hex')).toBe(expected);
  });

  it.each([
    { ln: 1, r: 1, p: 1, length: 16, password: bytes('x'), salt: bytes('12345678') },
    { ln: 10, r: 8, p: 1, length: 32, password: bytes('correct horse'), salt: bytes('0123456789abcdef') },
    { ln: 12, r: 3, p: 5, length: 64, password: bytes('\u00e9\u{1f40e}\0'), salt: bytes('salt salt') },
    { ln: 14, r: 8, p: 2, length: 33, password: Buffer.alloc(1024, 0xfe), salt: Buffer.alloc(64, 1) },
    { ln: 16, r: 8, p: 1, length: 32, password: bytes('as in the store'), salt: Buffer.alloc(16, 9) },
  ])('agrees with scrypt-js, an independent witness (ln=$ln, r=$r, p=$p)', (parameters) => {
    const witness = Buffer.from(deriveInJavaScript(parameters));
    expect(Buffer.from(deriveNatively(parameters))).toEqual(witness);
    expect(witness).toHaveLength(parameters.length);
  });

  it('has memory enough for every cost that the settings allow up to 18', () => {
    for (const ln of [15, 17, 18]) {
      const parameters = { ln, r: 8, p: 1, length: 16, password: bytes('x'), salt: bytes('12345678') };
      expect(deriveNatively(parameters)).toHaveLength(16);
    }
  });
});
