import { Fault } from '../fault.js';

/** Bytes of UTF-8 that a password may have, as it arrived. */
const longest = 1024;

export type PasswordRefusal = 'empty password' | 'password too long' | 'control character in the password';

/**
 * Why no account can have this password, or `null`. Control characters are disallowed by [RFC 8265 4.2.1], nobody types
 * them, and NUL is a trap: scrypt begins with HMAC, which fills short keys up with zeros, so that `secret` and `secret\0`
 * have one hash.
 */
export function passwordRefusal(password: string): PasswordRefusal | null {
  if (password === '') return 'empty password';
  if (Buffer.byteLength(password) > longest) return 'password too long';
  return /\p{Cc}/u.test(password) ? 'control character in the password' : null;
}

/**
 * The bytes that are hashed: NFC, with every kind of space made a plain one [RFC 8265 4.2.2]. The same keys pressed on
 * macOS, on Windows and on a telephone then are the same password.
 */
export function passwordBytes(password: string): Buffer {
  return Buffer.from(password.replace(/\p{Zs}/gu, ' ').normalize('NFC'), 'utf8');
}

const sentences: Readonly<Record<PasswordRefusal, string>> = {
  'empty password': 'the password is empty',
  'password too long': `the password is longer than ${longest} bytes`,
  'control character in the password': 'the password holds a control character or line end',
};

/** @throws Fault `invalid` for what an account cannot have as its password */
export function assertNewPassword(password: string): void {
  const refusal = passwordRefusal(password);
  if (refusal) throw new Fault('invalid', sentences[refusal]);
}
