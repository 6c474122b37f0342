import { Fault, type FaultCode } from '../fault.js';

type Meaning = FaultCode | readonly [code: FaultCode, message: string];

/** The only place where an errno of the host becomes a fault. What is not here is `failure`. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: 'not-found',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: ['denied', "the server's disk is read-only"],
  EXDEV: ['denied', 'another filesystem is mounted there'],
  EEXIST: 'exists',
  ENOTDIR: 'not-a-folder',
  EISDIR: 'is-a-folder',
  ENOTEMPTY: 'not-empty',
  ELOOP: 'loop',
  ENAMETOOLONG: 'name-too-long',
  EILSEQ: 'bad-name',
  EINVAL: 'invalid',
  EFBIG: ['invalid', "larger than a file can be on the server's disk"],
  EOVERFLOW: ['invalid', "larger than a file can be on the server's disk"],
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EMFILE: 'too-many',
  ENFILE: 'too-many',
  EMLINK: ['too-many', 'the file has too many names'],
  EBUSY: 'busy',
  EAGAIN: 'busy',
  ETXTBSY: 'busy',
  ENOTSUP: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENOSYS: 'unsupported',
  EIO: ['failure', "the server's disk reported an error"],
};

/** The errno of what Node's fs threw, as a name (`ENOENT`); `null` for anything else. */
export function errnoOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return null;
  return thrown.code;
}

/**
 * What a call to the disk threw, as a `Fault`. Node's messages hold host paths: they go into the cause, which is
 * logged and never sent (J2).
 */
export function diskFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const meaning = meanings[errnoOf(thrown) ?? ''] ?? 'failure';
  return typeof meaning === 'string'
    ? new Fault(meaning, undefined, { cause: thrown })
    : new Fault(meaning[0], meaning[1], { cause: thrown });
}
