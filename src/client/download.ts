import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import { comparePart } from './compare-part.js';
import type { DownloadSink } from './download-sink.js';
import { createEngine } from './engine.js';
import type { Attempt } from './link.js';
import type { RateLimit } from './rate-limit.js';
import type { Remote, RemoteHandle, RemoteHash, RemoteStat } from './remote.js';
import { RunningHash } from './running-hash.js';
import { formatPart } from './stopped-transfer.js';
import type { TransferOptions, TransferSubject, Verified } from './transfer.js';
import { unlessAborted } from './unless-aborted.js';
import { compareHashes, isVerified, requireHashes, tellUnverified } from './verification.js';

export interface DownloadParts {
  readonly path: ByteString;
  readonly sink: DownloadSink;
  readonly subject: TransferSubject;
  readonly options: TransferOptions;
  readonly limit: RateLimit;
  /** What the server said of the file at the beginning. */
  readonly stat: RemoteStat;
  /** Bytes that the sink has, and their hash; `null` where they were not compared. */
  readonly from: number;
  readonly hash: RunningHash | null;
  /** For sentences: where the bytes stay when they are not what they should be. */
  readonly kept: string;
}

/** The hash of what was to be read, where it was asked for meanwhile. */
interface Early {
  readonly asked: Promise<RemoteHash | null> | null;
}

/** `null` where a file has no size, as in `/proc`: only its end tells. */
function totalOf({ size }: RemoteStat): number | null {
  return size === undefined || size === 0 ? null : size;
}

/** The reading of one file of the server, up to the verified bytes; it can be gone on with on a new connection. */
export class Download {
  readonly #parts: DownloadParts;
  readonly #options: TransferOptions;
  #stat: RemoteStat;
  #hash: RunningHash | null;
  #at: number;
  #moved = 0;
  #begun = false;
  #complete = false;
  #verified: Verified | null = null;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#stat = parts.stat;
    this.#at = parts.from;
    this.#hash = this.#beginHash(parts.hash);
  }

  /** Bytes that the sink was given, without a gap. */
  get at(): number {
    return this.#at;
  }

  /** Bytes that came over the line. */
  get moved(): number {
    return this.#moved;
  }

  get verified(): Verified | null {
    return this.#verified;
  }

  /** Bytes of the file when its transfer began; `null` where only its end tells. */
  get total(): number | null {
    return totalOf(this.#stat);
  }

  /** What the server said of the file whose bytes these are. */
  get stat(): RemoteStat {
    return this.#stat;
  }

  /** Whether bytes may have been received. */
  get begun(): boolean {
    return this.#begun;
  }

  /**
   * Reads what is missing and verifies it; called again with the next session after the connection broke.
   * @param opened the file, where it is open already; it is closed here
   */
  async run(remote: Remote, attempt: Attempt, opened: RemoteHandle | null = null): Promise<void> {
    const { asked } = this.#complete ? { asked: null } : await this.#read(remote, attempt, opened);
    this.#complete = true;
    await this.#verify(remote, asked);
  }

  async #read(remote: Remote, attempt: Attempt, opened: RemoteHandle | null): Promise<Early> {
    const { path, subject, sink, limit } = this.#parts;
    const { signal, watcher, verify } = this.#options;
    const handle = opened ?? (await remote.open(path, { read: true }));
    try {
      await requireHashes(remote, verify, path);
      if (this.#begun) await this.#rejoin(remote);
      const end = totalOf(this.#stat);
      this.#begun = true;
      watcher.begin?.(subject, { from: this.#at, total: end });
      const pieces = createEngine(remote.facts).read(handle, this.#at, end, signal);
      const asked = this.#askEarly(remote, end);
      try {
        for await (const chunk of pieces) {
          for (let left = chunk.length; left > 0; left -= limit.piece) {
            await limit.take(Math.min(left, limit.piece), signal);
          }
          this.#hash?.update(chunk);
          this.#at += chunk.length;
          this.#moved += chunk.length;
          await sink.write(chunk);
          attempt.progress();
          watcher.moved?.(subject, chunk.length);
        }
      } finally {
        await sink.flush();
      }
      return { asked };
    } finally {
      // Nothing depends on the answer, and the next file need not wait for it.
      handle.close().catch(() => undefined);
    }
  }

  /** What one request brings can be hashed at the server in the same round trip. */
  #askEarly(remote: Remote, end: number | null): Promise<RemoteHash | null> | null {
    const { verify } = this.#options;
    const isSmall = end !== null && end - this.#at <= remote.facts.maxRead;
    if (!isSmall || !isVerified(remote, verify, end) || !remote.hashesCheaply(verify.algorithm)) return null;
    const asked = remote.hash(this.#parts.path, verify.algorithm, { start: 0, length: end });
    asked.catch(() => undefined);
    return asked;
  }

  async #verify(remote: Remote, asked: Promise<RemoteHash | null> | null): Promise<void> {
    const { verify, signal } = this.#options;
    const { path, subject, kept } = this.#parts;
    const early = asked && this.#at === totalOf(this.#stat) ? await unlessAborted(asked, signal) : null;
    if (this.#hash && early) {
      this.#verified = await this.#compare(remote, this.#hash, early);
      return;
    }
    const endsEarly = await unlessAborted(this.#endsEarly(remote), signal);
    const isWanted = this.#hash !== null && (endsEarly || isVerified(remote, verify, this.#at));
    // What came is all there is where it has the hash of the whole: sizes are no promise under /sys.
    const length = endsEarly ? 0 : this.#at;
    const [hash, changed] = await unlessAborted(
      Promise.all([
        isWanted && verify ? remote.hash(path, verify.algorithm, { start: 0, length }) : null,
        // One request gives what was there at one moment.
        this.#moved > remote.facts.maxRead ? this.#wasChanged(remote) : false,
      ]),
      signal,
    );
    if (changed) this.#note(`${toText(path)} was changed at the server while it was received`);
    if (endsEarly && hash === null) {
      throw new Fault(
        'verification-failed',
        `${toText(path)} ended after ${formatPart(this.#at, this.total)}, and the server says there is more; ${kept}`,
      );
    }
    if (this.#hash === null) return;
    if (hash === null) tellUnverified(subject, this.#options);
    else this.#verified = compareHashes(this.#hash, hash.hash, kept);
  }

  async #compare(remote: Remote, here: RunningHash, { hash }: RemoteHash): Promise<Verified> {
    if (here.hex() !== hash.toString('hex') && (await this.#wasChanged(remote))) {
      this.#note(`${toText(this.#parts.path)} was changed at the server while it was received`);
    }
    return compareHashes(here, hash, this.#parts.kept);
  }

  /** Whether the file ended before the end that the server had said, and still says. */
  async #endsEarly(remote: Remote): Promise<boolean> {
    const { total } = this;
    if (total === null || this.#at >= total) return false;
    return ((await remote.stat(this.#parts.path)).size ?? total) > this.#at;
  }

  async #wasChanged(remote: Remote): Promise<boolean> {
    const { size, mtime } = this.#stat;
    const now = await remote.stat(this.#parts.path);
    return now.size !== size || now.mtime !== mtime;
  }

  /** After a broken connection: whether the file is still the one whose beginning is here. */
  async #rejoin(remote: Remote): Promise<void> {
    const { path, sink } = this.#parts;
    const now = await remote.stat(path);
    const compared =
      this.#hash && (now.size ?? Infinity) >= this.#at
        ? await comparePart(remote, path, this.#at, nothingMore, {
            algorithm: this.#hash.algorithm,
            signal: this.#options.signal,
            known: this.#hash,
          })
        : null;
    const unchanged = now.size === this.#stat.size && now.mtime === this.#stat.mtime;
    if (compared?.finding === 'same' || (compared?.finding !== 'differs' && unchanged)) return;
    const changed = `${toText(path)} was changed at the server meanwhile`;
    if (!sink.restart)
      throw new Fault('verification-failed', `${changed}, and its beginning has been written already`);
    this.#note(`${changed}: it is received again from the beginning`);
    await sink.restart();
    this.#stat = now;
    this.#at = 0;
    this.#hash = this.#beginHash(null);
  }

  #beginHash(known: RunningHash | null): RunningHash | null {
    const { verify } = this.#options;
    return verify && (known?.copy() ?? RunningHash.begin(verify.algorithm));
  }

  #note(sentence: string): void {
    this.#options.watcher.note?.(this.#parts.subject, sentence);
  }
}

/** All bytes that are here are in the running hash. */
const nothingMore = async function* (): AsyncIterable<Buffer> {};
