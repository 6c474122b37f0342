import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScrypt, parseScrypt } from '../../src/auth/scrypt-phc.js';
import { scale } from '../scale.js';

const salt = Buffer.from('0123456789abcdef');
const hash = Buffer.alloc(32, 7);
const good = formatScrypt({ ln: 16, r: 8, p: 1, salt, hash });

describe('the PHC string of a password (A4)', () => {
  it('looks as documented, and reads back', () => {
    expect(good).toBe(
      '$scrypt$ln=16,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc',
    );
    expect(parseScrypt(good)).toEqual({ ln: 16, r: 8, p: 1, salt, hash });
  });

  it('survives for every parameter within bounds', () => {
    const parameters = fc.record({
      ln: fc.integer({ min: 1, max: 16 }),
      r: fc.integer({ min: 1, max: 16 }),
      p: fc.integer({ min: 1, max: 8 }),
      salt: fc.integer({ min: 8, max: 64 }).map((length) => randomBytes(length)),
      hash: fc.integer({ min: 16, max: 64 }).map((length) => randomBytes(length)),
    });
    fc.assert(
      fc.property(parameters, (one) => {
        expect(parseScrypt(formatScrypt(one))).toEqual(one);
      }),
      { numRuns: scale('propertyRuns') },
    );
  });

  it.each([
    ['memory without bound', good.replace('ln=16', 'ln=30')],
    ['N = 2^99', good.replace('ln=16', 'ln=99')],
    ['a huge r', good.replace('r=8', 'r=999')],
    ['a huge p', good.replace('p=1', 'p=999')],
    ['work just over the bound', good.replace('ln=16', 'ln=20').replace('p=1', 'p=2')],
    ['ln=0', good.replace('ln=16', 'ln=0')],
    ['r=0', good.replace('r=8', 'r=0')],
    ['a leading zero', good.replace('ln=16', 'ln=016')],
    ['an exponent', good.replace('ln=16', 'ln=1e1')],
    ['a sign', good.replace('p=1', 'p=-1')],
    ['another order', good.replace('ln=16,r=8', 'r=8,ln=16')],
    ['another function', good.replace('scrypt', 'argon2id')],
    ['padding', `${good}=`],
    ['a line end', `${good}\n`],
    ['needless bits in the base64', good.replace(/c$/, 'd')],
    ['a short salt', formatScrypt({ ln: 16, r: 8, p: 1, salt: salt.subarray(0, 7), hash })],
    ['a long salt', formatScrypt({ ln: 16, r: 8, p: 1, salt: Buffer.alloc(65), hash })],
    [
      'a short hash, which guessing would find',
      formatScrypt({ ln: 16, r: 8, p: 1, salt, hash: hash.subarray(0, 15) }),
    ],
    ['no hash', good.slice(0, good.lastIndexOf('$') + 1)],
    ['nothing', ''],
    ['a clear password', 'secret'],
    ['a megabyte', good + 'A'.repeat(2 ** 20)],
  ])('refuses %s', (_what, text) => {
    expect(parseScrypt(text)).toBeNull();
  });

  it('allows what password.cost 20 writes', () => {
    expect(parseScrypt(good.replace('ln=16', 'ln=20'))).toMatchObject({ ln: 20 });
  });
});
