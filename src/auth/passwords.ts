import { randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Fault } from '../fault.js';
import { Thread } from '../threads.js';
import type { Derivation } from './derive.js';
import { assertNewPassword, passwordBytes, passwordRefusal } from './password-text.js';
import type { PasswordOperations } from './password-thread.js';
import { formatScrypt, parseScrypt, type ScryptHash } from './scrypt-phc.js';

export interface Passwords {
  /** A PHC string for a new password. @throws Fault `invalid` for one that is refused, `busy` */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of the PHC string. Where there is none, or none that can be read, the answer is
   * `false` at the same cost (A2).
   * @throws Fault `busy` when too many wait already
   */
  verify(password: string, phc: string | null): Promise<boolean>;
  close(): Promise<void>;
}

/** What does the work; a `Thread` of password threads, or a test's own. */
export interface Deriver {
  readonly pending: number;
  call(name: 'derive', derivation: Derivation): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface PasswordOptions {
  /** `password.cost`: log2 of scrypt's N for new hashes. */
  readonly cost: number;
  /** At least one; half of the processors if absent, four at most: each works in 64 MiB at cost 16. */
  readonly derivers?: readonly [Deriver, ...Deriver[]];
  /** Derivations under way and waiting, in all. The default is what one thread does in the login grace of 30 s. */
  readonly limit?: number;
}

const saltLength = 16;
const hashLength = 32;

export function createPasswords(options: PasswordOptions): Passwords {
  const { cost, derivers = passwordThreads(), limit = 100 } = options;
  const nobody: ScryptHash = {
    ln: cost,
    r: 8,
    p: 1,
    salt: randomBytes(saltLength),
    hash: randomBytes(hashLength),
  };

  function derive(password: string, of: ScryptHash): Promise<Uint8Array> {
    const pending = derivers.reduce((sum, deriver) => sum + deriver.pending, 0);
    if (pending >= limit) return Promise.reject(new Fault('busy', 'too many logins at once: try again'));
    const idlest = derivers.reduce((best, deriver) => (deriver.pending < best.pending ? deriver : best));
    const { ln, r, p, salt, hash } = of;
    return idlest.call('derive', { password: passwordBytes(password), salt, ln, r, p, length: hash.length });
  }

  return {
    async hash(password) {
      assertNewPassword(password);
      const blank = { ...nobody, salt: randomBytes(saltLength) };
      return formatScrypt({ ...blank, hash: Buffer.from(await derive(password, blank)) });
    },
    async verify(password, phc) {
      if (passwordRefusal(password) !== null) return false;
      const known = phc === null ? null : parseScrypt(phc);
      const expected = known ?? nobody;
      const derived = await derive(password, expected);
      return timingSafeEqual(derived, expected.hash) && known !== null;
    },
    async close() {
      await Promise.all(derivers.map((deriver) => deriver.close()));
    },
  };
}

function passwordThreads(): readonly [Deriver, ...Deriver[]] {
  const more = Math.min(4, Math.floor(availableParallelism() / 2)) - 1;
  const thread = (): Deriver => new Thread<PasswordOperations>('passwords');
  return [thread(), ...Array.from({ length: Math.max(0, more) }, thread)];
}
