import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Remote } from './remote.js';
import type { RunningHash } from './running-hash.js';
import type { TransferOptions, TransferSubject, Verified, VerifyAlgorithm } from './transfer.js';

type Wanted = TransferOptions['verify'];

/** Below this, a program started at the server costs more than the file: one among several is only verified so by name. */
const worthAProgram = 2 ** 20;

/** Whether a file of that size is to be verified at this server. */
export function isVerified(remote: Remote, wanted: Wanted, size: number): wanted is NonNullable<Wanted> {
  if (wanted === null) return false;
  const { explicit, alone: isAlone, algorithm } = wanted;
  return explicit || isAlone === true || size >= worthAProgram || remote.hashesCheaply(algorithm);
}

/** The same for the only file of a command. */
export function alone<O extends Pick<TransferOptions, 'verify'>>(options: O): O {
  return options.verify === null ? options : { ...options, verify: { ...options.verify, alone: true } };
}

const known = new WeakMap<Remote, Map<VerifyAlgorithm, Promise<boolean>>>();

/**
 * Where verification was asked for by name, whether the server can is found out before anything is moved.
 * @param path a file that is there; as little of it is hashed as can be
 * @throws Fault `verification-failed`
 */
export async function requireHashes(remote: Remote, wanted: Wanted, path: ByteString): Promise<void> {
  if (!wanted?.explicit) return;
  const answers = known.get(remote) ?? new Map<VerifyAlgorithm, Promise<boolean>>();
  known.set(remote, answers);
  const asked =
    answers.get(wanted.algorithm) ??
    remote.hash(path, wanted.algorithm, { start: 0, length: 1 }).then((hash) => hash !== null);
  answers.set(wanted.algorithm, asked);
  try {
    if (await asked) return;
  } catch (thrown) {
    answers.delete(wanted.algorithm);
    throw thrown;
  }
  throw cannotHash(wanted.algorithm);
}

function cannotHash(algorithm: VerifyAlgorithm): Fault {
  return new Fault('verification-failed', `not verified: the server cannot make ${algorithm} hashes`);
}

/** Who was told already that nothing is verified: once for each command is enough. */
const told = new WeakSet();

/** @throws Fault `verification-failed` where it was asked for by name */
export function tellUnverified(subject: TransferSubject, options: TransferOptions): void {
  const { verify, watcher } = options;
  if (verify === null) return;
  if (verify.explicit) throw cannotHash(verify.algorithm);
  if (told.has(watcher)) return;
  told.add(watcher);
  watcher.note?.(subject, 'not verified: the server makes no hashes by itself');
}

/**
 * Compares what flowed with what the server says of the file.
 * @param kept the sentence's end: where the bytes stay
 * @throws Fault `verification-failed`
 */
export function compareHashes(here: RunningHash, there: Buffer, kept: string): Verified {
  const verified = { algorithm: here.algorithm, here: here.hex(), there: there.toString('hex') };
  if (verified.here === verified.there) return verified;
  const name = here.algorithm.toUpperCase();
  throw new Fault(
    'verification-failed',
    `the ${name} differs: ${verified.here} here, ${verified.there} at the server; ${kept}`,
  );
}
