import { Fault } from '../fault.js';
import { systemTimers, type Timers } from './timers.js';

/** Bytes let through no faster than agreed; one for all files that share a line. */
export interface RateLimit {
  /** Bytes to ask for at once, so that what flows is smooth; `Infinity` where nothing is limited. */
  readonly piece: number;
  /** Resolves when so many bytes more may go, those who asked first before the others. @throws Fault `cancelled` */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

/** What may go at once after a pause: 0.1 s of the rate, and no more than this. */
const largestBurst = 64 * 1024;
const burstSeconds = 0.1;
/** A request costs some 50 bytes beside its data; smaller pieces would be mostly that. */
const smallestPiece = 1024;

const unlimited: RateLimit = { piece: Infinity, take: () => Promise.resolve() };

/** @param bytesPerSecond `null` for as many as go */
export function createRateLimit(bytesPerSecond: number | null, timers: Timers = systemTimers): RateLimit {
  if (bytesPerSecond === null) return unlimited;
  if (!(bytesPerSecond > 0)) throw new Fault('invalid', 'a rate limit is more than 0 bytes a second');
  const burst = Math.min(largestBurst, bytesPerSecond * burstSeconds);
  const burstTime = (burst / bytesPerSecond) * 1000;
  /** When all that was let through so far has gone at the agreed rate. */
  let paidUntil = -Infinity;
  return {
    piece: Math.max(smallestPiece, Math.floor(burst)),
    take: async (bytes, signal) => {
      if (signal?.aborted) throw new Fault('cancelled');
      const now = timers.now();
      const cost = (bytes / bytesPerSecond) * 1000;
      paidUntil = Math.max(paidUntil, now - burstTime) + cost;
      if (paidUntil <= now) return;
      try {
        await timers.wait(paidUntil - now, signal);
      } catch (thrown) {
        // What does not go after all is not held against the others.
        paidUntil -= cost;
        throw thrown;
      }
    },
  };
}

const shared = new WeakMap<object, { readonly rate: number; readonly limit: RateLimit }>();

/** The limit of one line, the same for all files that go over it at this rate. */
export function rateLimitOf(line: object, bytesPerSecond: number | null): RateLimit {
  if (bytesPerSecond === null) return unlimited;
  const known = shared.get(line);
  if (known?.rate === bytesPerSecond) return known.limit;
  const limit = createRateLimit(bytesPerSecond);
  shared.set(line, { rate: bytesPerSecond, limit });
  return limit;
}

/** The same bytes, no faster than the limit; large pieces are cut. */
export async function* limited(
  pieces: AsyncIterable<Buffer>,
  limit: RateLimit,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length;) {
      const end = Math.min(piece.length, start + limit.piece);
      await limit.take(end - start, signal);
      yield start === 0 && end === piece.length ? piece : piece.subarray(start, end);
      start = end;
    }
  }
}
