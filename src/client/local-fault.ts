import { Fault, type FaultCode } from '../fault.js';
import type { ByteString } from '../names.js';
import { localToText } from './local-path.js';

/** What the operating system's refusals mean, and how they are told; others are told in its own words. */
const refusals: Readonly<Record<string, readonly [FaultCode, string]>> = {
  ENOENT: ['not-found', 'no such local file or folder'],
  ENOTDIR: ['not-a-folder', 'a part of the local path is not a folder'],
  EISDIR: ['is-a-folder', 'is a folder here'],
  EACCES: ['denied', 'permission denied here'],
  EPERM: ['denied', 'permission denied here'],
  EROFS: ['denied', 'the local filesystem may only be read'],
  EEXIST: ['exists', 'exists here already'],
  ENOSPC: ['no-space', 'no space left on the local disk'],
  EDQUOT: ['no-space', 'no space left in the local quota'],
  EFBIG: ['no-space', 'too large for the local filesystem'],
  ENAMETOOLONG: ['name-too-long', 'the name is too long here'],
  ELOOP: ['loop', 'too many symbolic links here'],
  EMFILE: ['too-many', 'too many files open here'],
  ENFILE: ['too-many', 'too many files open here'],
  EBUSY: ['busy', 'in use here'],
};

/** A failed call on a local file, as a fault that names the file. */
export function localFault(error: unknown, path: ByteString): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  const [fault, words] =
    refusals[code ?? ''] ?? (['failure', `cannot be used here (${code ?? String(error)})`] as const);
  return new Fault(fault, `${localToText(path)}: ${words}`, { cause: error });
}

/** `ENOENT` and the like. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
