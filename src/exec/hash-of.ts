import type { HashAlgorithm } from '../hash/algorithms.js';
import type { ReadAt } from '../hash/hash-pool.js';
import type { ByteString } from '../names.js';
import type { CommandContext } from './command.js';
import type { CommandStreams } from './streams.js';

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
      return await hashed(algorithm, read, hashes, signal);
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
  return hashed(algorithm, (into) => (arrives ? fill(into, streams) : Promise.resolve(0)), hashes, signal);
}

async function hashed(
  algorithm: HashAlgorithm,
  read: ReadAt,
  hashes: CommandContext['hashes'],
  signal: AbortSignal,
): Promise<Buffer> {
  const range = { algorithm, start: 0, length: 0, blockSize: 0 } as const;
  const result = await hashes.hash(read, range, signal);
  return Buffer.concat(result.hashes);
}

async function fill(into: Buffer, streams: CommandStreams): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const bytes = await streams.read(into.length - filled);
    if (!bytes) break;
    filled += bytes.copy(into, filled);
  }
  return filled;
}
