import type { HashAlgorithm } from '../hash/algorithms.js';
import { hashBlock, type ReadAt } from '../hash/hash-pool.js';
import type { ByteString } from '../names.js';
import type { CommandContext } from './command.js';

/** The hash of a file, or of its first `most` bytes, in the account's turn (T7). */
export function hashOfFile(
  algorithm: HashAlgorithm,
  path: ByteString,
  most: number | null,
  { vfs, hashes, gate, signal }: CommandContext,
): Promise<Buffer> {
  // No file is held open by who waits.
  return gate.pass(signal, async () => {
    const file = await vfs.open(path, { read: true });
    try {
      const read: ReadAt =
        most === null
          ? (into, position) => file.read(into, position)
          : async (into, position) =>
              position < most ? file.read(into.subarray(0, most - position), position) : 0;
      const range = { algorithm, start: 0, length: 0, blockSize: 0 } as const;
      return Buffer.concat((await hashes.hash(read, range, signal)).hashes);
    } finally {
      await file.close({ complete: !signal.aborted });
    }
  });
}

/**
 * The hash of standard input, of nothing where neither a byte nor the end has come after `patience` milliseconds;
 * `null` waits for ever. It comes as slowly as the peer likes, and so takes no turn from those that hash files.
 */
export async function hashOfInput(
  algorithm: HashAlgorithm,
  patience: number | null,
  { streams, hashes, signal }: CommandContext,
): Promise<Buffer> {
  const arrives = patience === null || (await streams.arrives(patience));
  const next = (): Promise<Buffer | null> => (arrives ? streams.read(hashBlock) : Promise.resolve(null));
  return hashes.hashStream(next, algorithm, signal);
}
