import { randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Fault } from '../fault.js';
import { Thread } from '../threads.js';
import type { Derivation } from './derive.js';
import { assertNewPassword, passwordBytes, passwordRefusal } from './password-text.js';
import type { PasswordOperations } from './password-thread.js';
import { formatScrypt, parseScrypt, type ScryptHash } from './scrypt-phc.js';
import { TurnsBySource } from './turns-by-source.js';

export interface Passwords {
  /** A PHC string for a new password. @throws Fault `invalid` for one that is refused, `busy` */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of the PHC string. Where there is none, or none that can be read, the answer is
   * `false` at the same cost (A2).
   * @throws Fault `busy` when too many wait already, `cancelled` when `asking` went away before its turn
   */
  verify(password: string, phc: string | null, asking?: Asking): Promise<boolean>;
  /** Whether a PHC string is one that `verify` can read. */
  readable(phc: string): boolean;
  close(): Promise<void>;
}

/** Who waits for an answer. */
export interface Asking {
  /** Those of one source wait for each other; sources take turns. */
  readonly source: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** What does the work, one at a time; a `Thread` of password threads, or a test's own. */
export interface Deriver {
  call(name: 'derive', derivation: Derivation): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface PasswordOptions {
  /** `password.cost`: log2 of scrypt's N for new hashes. */
  readonly cost: number;
  /** At least one; half of the processors if absent, four at most: each works in 64 MiB at cost 16. */
  readonly derivers?: readonly [Deriver, ...Deriver[]];
  /** Derivations waiting, in all. The default is what one thread does in the login grace of 30 s. */
  readonly limit?: number;
}

interface Job {
  readonly derivation: Derivation;
  /** It waits no more. */
  readonly begun: () => void;
  readonly resolve: (derived: Uint8Array) => void;
  readonly reject: (fault: unknown) => void;
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

  const idle = [...derivers];
  const waiting = new TurnsBySource<Job>();

  function derive(password: string, of: ScryptHash, asking?: Asking): Promise<Uint8Array> {
    if (waiting.size >= limit) return Promise.reject(new Fault('busy', 'too many logins at once: try again'));
    if (asking?.gone.aborted) return Promise.reject(new Fault('cancelled'));
    const { source = '', gone } = asking ?? {};
    const { ln, r, p, salt, hash } = of;
    const derivation = { password: passwordBytes(password), salt, ln, r, p, length: hash.length };
    return new Promise((resolve, reject) => {
      const begun = (): void => gone?.removeEventListener('abort', leave);
      const job: Job = { derivation, begun, resolve, reject };
      // Work for those who left would keep everybody else waiting.
      const leave = (): void => {
        if (waiting.remove(source, job)) reject(new Fault('cancelled'));
      };
      gone?.addEventListener('abort', leave);
      waiting.push(source, job);
      startNext();
    });
  }

  function startNext(): void {
    const deriver = waiting.size > 0 ? idle.pop() : undefined;
    const job = deriver && waiting.take();
    if (!job) return;
    job.begun();
    void work(deriver, job);
  }

  async function work(deriver: Deriver, job: Job): Promise<void> {
    try {
      job.resolve(await deriver.call('derive', job.derivation));
    } catch (thrown) {
      job.reject(thrown);
    }
    idle.push(deriver);
    startNext();
  }

  return {
    async hash(password) {
      assertNewPassword(password);
      const blank = { ...nobody, salt: randomBytes(saltLength) };
      return formatScrypt({ ...blank, hash: Buffer.from(await derive(password, blank)) });
    },
    async verify(password, phc, asking) {
      if (passwordRefusal(password) !== null) return false;
      const known = phc === null ? null : parseScrypt(phc);
      const expected = known ?? nobody;
      const derived = await derive(password, expected, asking);
      return timingSafeEqual(derived, expected.hash) && known !== null;
    },
    readable: (phc) => parseScrypt(phc) !== null,
    async close() {
      for (let job = waiting.take(); job; job = waiting.take()) job.reject(new Fault('cancelled'));
      await Promise.all(derivers.map((deriver) => deriver.close()));
    },
  };
}

function passwordThreads(): readonly [Deriver, ...Deriver[]] {
  const more = Math.min(4, Math.floor(availableParallelism() / 2)) - 1;
  const thread = (): Deriver => new Thread<PasswordOperations>('passwords');
  return [thread(), ...Array.from({ length: Math.max(0, more) }, thread)];
}
