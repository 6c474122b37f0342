import { createEngine } from '../../client/engine.js';
import type { Remote } from '../../client/remote.js';
import { formatPart } from '../../client/stopped-transfer.js';
import { Fault } from '../../fault.js';
import { createHasher, type HashAlgorithm } from '../../hash/algorithms.js';
import type { ByteString } from '../../names.js';

/**
 * Copies a file at the server by reading it here and writing it again, for servers that cannot copy. A new file that
 * could not be written whole is removed again.
 * @throws Fault `exists` and what reading and writing give
 */
export async function copyThrough(
  remote: Remote,
  from: ByteString,
  to: ByteString,
  { overwrite, signal }: { readonly overwrite: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const engine = createEngine(remote.facts);
  const source = await remote.open(from, { read: true });
  try {
    const { size } = await source.stat();
    // Not truncated: it may be a link to the source, which would lose everything.
    const target = await remote.open(to, { write: true, create: true, exclusive: !overwrite });
    try {
      const pieces = engine.read(source, 0, size ?? null, signal);
      const copied = await engine.write(target, 0, pieces, () => undefined, signal);
      if (copied < (size ?? 0)) {
        throw new Fault('failure', `only ${formatPart(copied, size ?? null)} could be read`);
      }
      if (overwrite) await target.setStat({ size: copied });
    } catch (thrown) {
      await target.close().catch(() => undefined);
      if (!overwrite) await remote.remove(to).catch(() => undefined);
      throw thrown;
    }
    await target.close();
  } finally {
    await source.close().catch(() => undefined);
  }
}

/** The hash of a file at the server, made here: all of it comes over the line. */
export async function hashThrough(
  remote: Remote,
  path: ByteString,
  algorithm: HashAlgorithm,
  signal: AbortSignal,
): Promise<Buffer> {
  const hasher = createHasher(algorithm);
  const handle = await remote.open(path, { read: true });
  try {
    const { size } = await handle.stat();
    for await (const piece of createEngine(remote.facts).read(handle, 0, size ?? null, signal))
      hasher.update(piece);
  } finally {
    await handle.close().catch(() => undefined);
  }
  return hasher.digest();
}
