import { Fault } from '../../fault.js';
import { hashAlgorithms, type HashAlgorithm } from '../../hash/algorithms.js';
import type { GlobalOptions } from './global-options.js';

/** The algorithm that was named, else that of `--verify`, else md5. @throws Fault `invalid`, listing those there are */
export function chosenAlgorithm(
  typed: string | undefined,
  { verify }: Pick<GlobalOptions, 'verify'>,
): HashAlgorithm {
  if (typed === undefined) return verify?.algorithm ?? 'md5';
  const name = typed.toLowerCase().replace(/^sha-/, 'sha');
  if (Object.hasOwn(hashAlgorithms, name)) return name as HashAlgorithm;
  throw new Fault(
    'invalid',
    `'${typed}' is no hash: choose one of ${Object.keys(hashAlgorithms).join(', ')}`,
  );
}
