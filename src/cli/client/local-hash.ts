import { createReadStream } from 'node:fs';
import { localFault } from '../../client/local-fault.js';
import { fsPath } from '../../client/local-path.js';
import { Fault } from '../../fault.js';
import { createHasher, type HashAlgorithm } from '../../hash/algorithms.js';
import type { ByteString } from '../../names.js';

/** The hash of a local file. @throws Fault that names it; `cancelled` */
export async function hashLocal(
  path: ByteString,
  algorithm: HashAlgorithm,
  signal: AbortSignal,
): Promise<Buffer> {
  const hasher = createHasher(algorithm);
  try {
    for await (const piece of createReadStream(fsPath(path), { highWaterMark: 1024 * 1024 })) {
      if (signal.aborted) throw new Fault('cancelled');
      hasher.update(piece as Buffer);
    }
  } catch (thrown) {
    throw localFault(thrown, path);
  }
  return hasher.digest();
}
