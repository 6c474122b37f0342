import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { passwordBytes, passwordRefusal } from '../auth/password-text.js';
import type { Passwords } from '../auth/passwords.js';

const prefix = '$keyed$';

/**
 * Passwords that the program holds in its memory anyway: compared as digests under a key of this process, which tell
 * nothing without it and cost nothing. Where some account has a scrypt hash every login costs one scrypt, so that no
 * time tells which account has what, or exists (A2).
 */
export class KeyedPasswords {
  readonly #key = randomBytes(32);
  /** Compared where there is no password, by the same steps. */
  readonly #nobody = prefix + randomBytes(32).toString('base64');
  readonly #scrypt: Passwords | null;

  /** @param scrypt `null` where no account has a scrypt hash */
  constructor(scrypt: Passwords | null) {
    this.#scrypt = scrypt;
  }

  /** What stands for the password in the store. */
  keep(password: string): string {
    return prefix + this.#digest(password).toString('base64');
  }

  readable(hash: string): boolean {
    return hash.startsWith(prefix) || this.#scrypt?.readable(hash) === true;
  }

  /** As `Passwords.verify`. */
  async verify(
    password: string,
    hash: string | null,
    asking?: Parameters<Passwords['verify']>[2],
  ): Promise<boolean> {
    if (passwordRefusal(password) !== null) return false;
    const keyed = hash?.startsWith(prefix) === true;
    const expected = Buffer.from((keyed ? hash : this.#nobody).slice(prefix.length), 'base64');
    const right = timingSafeEqual(this.#digest(password), expected) && keyed;
    const slow = await this.#scrypt?.verify(password, keyed ? null : hash, asking);
    return right || slow === true;
  }

  async close(): Promise<void> {
    await this.#scrypt?.close();
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(passwordBytes(password)).digest();
  }
}
