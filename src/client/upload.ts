import { Fault, toFault } from '../fault.js';
import { toText } from '../names.js';
import { comparePart } from './compare-part.js';
import { createEngine } from './engine.js';
import type { Attempt } from './link.js';
import { limited, type RateLimit } from './rate-limit.js';
import type {
  OpenMode,
  PreparedHash,
  Remote,
  RemoteChange,
  RemoteHandle,
  RemoteHash,
  RemoteStat,
} from './remote.js';
import { formatSize } from '../size.js';
import { RunningHash } from './running-hash.js';
import { comparisonAlgorithm } from './starting-point.js';
import { SentHash } from './sent-hash.js';
import type { TransferOptions, TransferSubject, Verified } from './transfer.js';
import { unlessAborted } from './unless-aborted.js';
import type { UploadPlan } from './upload-plan.js';
import type { UploadSource } from './upload-source.js';
import { lstatOrNull, statOrNull } from './stat-or-null.js';
import { compareHashes, isVerified, requireHashes, tellUnverified } from './verification.js';

/** Bytes read at once here; a multiple of what the server takes in one WRITE where that is smaller. */
const largestPiece = 256 * 1024;

/**
 * A file up to this size is hashed so soon that what has to be undone may wait for it: a server answers what is asked of
 * one path in order.
 */
const soonHashed = 2 ** 30;

export interface UploadParts {
  readonly source: UploadSource;
  readonly plan: UploadPlan;
  readonly subject: TransferSubject;
  readonly options: TransferOptions;
  readonly limit: RateLimit;
  /** The mode a new file is made with; the server's own default otherwise. */
  readonly mode?: number;
}

/** What a file is left with when it is closed, asked for in one go where nothing stands against it. */
interface Closing {
  readonly stat: RemoteStat | null;
  readonly hash: RemoteHash | null;
  /** The target is there after all. */
  readonly appeared: boolean;
}

/** The writing of one file at the server, up to the verified bytes; it can be gone on with on a new connection. */
export class Upload {
  readonly plan: UploadPlan;
  readonly #parts: UploadParts;
  readonly #options: TransferOptions;
  #sent: SentHash | null;
  /** Asked for: the file may have been made though the answer got lost. */
  #tried = false;
  #opened = false;
  /** The place in the file up to which the server has answered for all. */
  #arrived: number;
  #moved = 0;
  #closed: Closing | null = null;
  #verified: Verified | null = null;

  constructor(parts: UploadParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.plan = parts.plan;
    this.#arrived = parts.plan.from;
    this.#sent = this.#beginHash();
  }

  /** Bytes that are at the server without a gap. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Bytes that went over the line. */
  get moved(): number {
    return this.#moved;
  }

  get verified(): Verified | null {
    return this.#verified;
  }

  /** What the server said of the written file, where its mode matters. */
  get writtenStat(): RemoteStat | null {
    return this.#closed?.stat ?? null;
  }

  /** Whether a target is there that was said not to be. */
  get appeared(): boolean {
    return this.#closed?.appeared ?? false;
  }

  /** Whether bytes may have been written already. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Writes what is missing and verifies it; called again with the next session after the connection broke. */
  async run(remote: Remote, attempt: Attempt): Promise<void> {
    this.#closed ??= await this.#write(remote, attempt);
    await this.#verify(remote, this.#closed.hash);
  }

  #beginHash(): SentHash | null {
    const { verify } = this.#options;
    return verify === null ? null : new SentHash(this.plan.hash ?? RunningHash.begin(verify.algorithm));
  }

  async #write(remote: Remote, attempt: Attempt): Promise<Closing> {
    const { source, subject } = this.#parts;
    const { path } = this.plan;
    const isStrange = this.#opened && (await this.#rejoin(remote));
    const from = this.#arrived;
    const { verify } = this.#options;
    if (this.plan.open !== 'create') await requireHashes(remote, verify, path);
    const handle = await remote.open(path, await this.#openMode(remote));
    this.#opened = true;
    let closing: Promise<Closing> | null = null;
    /** Where the file ends when all that was sent has arrived. */
    let whole = null as number | null;
    let prepared: PreparedHash | null = null;
    try {
      await requireHashes(remote, verify, path);
      if (isStrange) await handle.setStat({ size: from });
      this.#options.watcher.begin?.(subject, { from, total: source.total });
      const written = (position: number): void => this.#answered(position, attempt);
      const small = this.#isSmall(remote, from) ? await this.#onlyPiece(from) : null;
      if (small) {
        const writing = small.length === 0 ? Promise.resolve() : handle.write(from, small);
        closing = this.#close(remote, handle, from + small.length);
        const [wrote] = await Promise.allSettled([writing, closing]);
        if (wrote.status === 'rejected') throw wrote.reason;
        written(from + small.length);
      } else {
        const pieces = this.#pieces(remote, from);
        if (isVerified(remote, verify, source.total ?? 0))
          prepared = remote.prepareHash(path, verify.algorithm);
        const { replaces, inPlace } = this.plan;
        const isLonger = (end: number): boolean => inPlace && (replaces?.size ?? 0) > end;
        const end = await createEngine(remote.facts).write(
          handle,
          from,
          pieces,
          written,
          this.#options.signal,
          (sentTo) => {
            // A shell would not wait for what is still on its way.
            const isCheap = verify !== null && remote.hashesCheaply(verify.algorithm);
            if (!isCheap || sentTo > soonHashed || isLonger(sentTo)) return;
            whole = sentTo;
            closing = this.#close(remote, handle, sentTo);
            closing.catch(() => undefined);
          },
        );
        // Only now: until all is there, what the longer file held behind it is still worth something.
        if (isLonger(end)) await handle.setStat({ size: end });
        closing ??= this.#close(remote, handle, end, prepared);
      }
      return await closing;
    } catch (thrown) {
      prepared?.drop();
      await this.#leave(remote, handle, toFault(thrown), closing !== null, whole === this.#arrived);
      throw thrown;
    }
  }

  async #openMode(remote: Remote): Promise<OpenMode> {
    const { path, open } = this.plan;
    if (this.#opened) return { write: true, create: true };
    if (open === 'keep') return { write: true };
    const { mode } = this.#parts;
    const made: OpenMode = { write: true, create: true, ...(mode !== undefined && { mode }) };
    if (open === 'empty') return { ...made, truncate: true };
    const isOurs = this.#tried && (await lstatOrNull(remote, path))?.size === 0;
    this.#tried = true;
    return isOurs ? made : { ...made, exclusive: true };
  }

  #isSmall(remote: Remote, from: number): boolean {
    const { total } = this.#parts.source;
    const { inPlace, replaces } = this.plan;
    return (
      total !== null &&
      total - from <= Math.min(remote.facts.maxWrite, largestPiece) &&
      !(inPlace && replaces)
    );
  }

  async #onlyPiece(from: number): Promise<Buffer> {
    const { source, limit } = this.#parts;
    const pieces: Buffer[] = [];
    for await (const piece of source.pieces(from, largestPiece)) pieces.push(piece);
    const bytes = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    this.#sent?.add(bytes);
    for (let left = bytes.length; left > 0; left -= limit.piece) {
      await limit.take(Math.min(left, limit.piece), this.#options.signal);
    }
    if (this.#options.signal.aborted) throw new Fault('cancelled');
    return bytes;
  }

  async *#pieces(remote: Remote, from: number): AsyncIterable<Buffer> {
    const { source, limit } = this.#parts;
    const { maxWrite } = remote.facts;
    const pieceSize = maxWrite < largestPiece ? maxWrite * Math.floor(largestPiece / maxWrite) : largestPiece;
    for await (const piece of limited(source.pieces(from, pieceSize), limit, this.#options.signal)) {
      this.#sent?.add(piece);
      yield piece;
    }
  }

  #answered(position: number, attempt: Attempt): void {
    const gained = position - this.#arrived;
    this.#arrived = position;
    this.#moved += gained;
    this.#sent?.arrived(position);
    // With a hash, only what has its hash may be let go of: after a broken connection it begins there.
    this.#parts.source.arrived(this.#sent ? this.#sent.safe.length : position);
    if (gained === 0) return;
    attempt.progress();
    this.#options.watcher.moved?.(this.#parts.subject, gained);
  }

  /**
   * All requests at once: a server does those of one file in their order [filexfer-02 6.1], a path after the handle
   * behind it was closed.
   */
  async #close(
    remote: Remote,
    handle: RemoteHandle,
    size: number,
    prepared: PreparedHash | null = null,
  ): Promise<Closing> {
    const { replaces, inPlace, path, target, unseen } = this.plan;
    const { sync, verify, preserve } = this.#options;
    const syncing = sync ? handle.sync() : Promise.resolve(true);
    const asked = replaces && !inPlace && !preserve ? handle.stat() : Promise.resolve(null);
    const closing = handle.close();
    const looking = unseen && !remote.facts.renameKeeps ? lstatOrNull(remote, target) : Promise.resolve(null);
    const hashing =
      isVerified(remote, verify, size) && remote.hashesCheaply(verify.algorithm)
        ? remote.hash(path, verify.algorithm, { start: 0, length: 0 })
        : (prepared?.make() ?? Promise.resolve(null));
    hashing.catch(() => undefined);
    const [synced, stat, appeared] = await Promise.all([syncing, asked, looking, closing]);
    if (!synced) this.#note('the server cannot say whether it is on its disk');
    return { stat, hash: await unlessAborted(hashing, this.#options.signal), appeared: appeared !== null };
  }

  async #verify(remote: Remote, asked: RemoteHash | null): Promise<void> {
    const { verify, signal } = this.#options;
    if (this.#verified) return;
    const whole = this.#sent?.whole;
    const hash =
      asked ??
      (whole && isVerified(remote, verify, whole.length)
        ? await unlessAborted(remote.hash(this.plan.path, verify.algorithm, { start: 0, length: 0 }), signal)
        : null);
    if (!whole || hash === null) {
      await this.#mustBeWhole(remote);
      tellUnverified(this.#parts.subject, this.#options);
      return;
    }
    const { path, target, inPlace } = this.plan;
    const kept = inPlace
      ? `${toText(target)} holds what arrived`
      : `what arrived stays as ${toText(path)}, and ${toText(target)} as it was`;
    this.#verified = compareHashes(whole, hash.hash, kept);
  }

  /** Where nothing is hashed, the size is at least what it should be. Of a small file that is not worth a question. */
  async #mustBeWhole(remote: Remote): Promise<void> {
    if (this.#arrived < largestPiece) return;
    const { path } = this.plan;
    const size = (await statOrNull(remote, path))?.size;
    if (size === undefined || size === this.#arrived) return;
    throw new Fault(
      'verification-failed',
      `${toText(path)} has ${formatSize(size)} at the server, and ${formatSize(this.#arrived)} were sent`,
    );
  }

  /**
   * After a broken connection: what has arrived of this very transfer is compared, and where it is not what was sent
   * it begins anew. What the server may have of pieces it did not answer for is written again.
   * @returns whether it holds what is not of this transfer
   */
  async #rejoin(remote: Remote): Promise<boolean> {
    const { source } = this.#parts;
    const { path } = this.plan;
    const safe = this.#sent ? this.#sent.safe.length : this.#arrived;
    const there = (await statOrNull(remote, path))?.size ?? 0;
    const known = this.#sent?.safe;
    const compared =
      (known ?? source.seekable) && there >= safe
        ? await comparePart(
            remote,
            path,
            safe,
            (start, end) => cut(source.pieces(start, largestPiece), end - start),
            {
              algorithm: comparisonAlgorithm(this.#options.verify),
              signal: this.#options.signal,
              ...(known && { known }),
            },
          )
        : null;
    if (there >= safe && compared?.finding !== 'differs') {
      this.#restartAt(safe, known ?? null);
      return !this.plan.inPlace && there > (source.total ?? Infinity);
    }
    if (!source.seekable) {
      throw new Fault(
        'failure',
        `${toText(path)} lost bytes that the server had answered for, and a stream cannot be sent again`,
      );
    }
    this.#note('the server no longer has what it had answered for: it is sent again from the beginning');
    this.#restartAt(0, null);
    return !this.plan.inPlace;
  }

  #restartAt(position: number, hash: RunningHash | null): void {
    const { verify } = this.#options;
    this.#moved -= this.#arrived - position;
    this.#arrived = position;
    this.#sent = verify && new SentHash(hash ?? RunningHash.begin(verify.algorithm));
  }

  /**
   * What a fault leaves at the server: no more than was answered for, without a gap, so that whoever resumes can trust
   * its size. Nothing of it where nothing was written.
   */
  async #leave(
    remote: Remote,
    handle: RemoteHandle,
    fault: Fault,
    closing: boolean,
    isWhole: boolean,
  ): Promise<void> {
    if (fault.code === 'no-connection' || fault.code === 'timed-out') return;
    const { source } = this.#parts;
    const { path, open, inPlace, from } = this.plan;
    const nothing = this.#arrived === 0 && open !== 'keep';
    const useless = !source.seekable && !inPlace && (source.broken !== null || fault.code === 'cancelled');
    const touched = !inPlace || this.#arrived > from;
    const steps: Promise<unknown>[] = [];
    if (!nothing && !useless && touched && !isWhole && fault.code !== 'verification-failed') {
      const change: RemoteChange = { size: this.#arrived };
      steps.push(closing ? remote.setStat(path, change) : handle.setStat(change));
    }
    if (!closing) steps.push(handle.close());
    if (nothing || useless) steps.push(remote.remove(path));
    await Promise.allSettled(steps);
  }

  #note(sentence: string): void {
    this.#options.watcher.note?.(this.#parts.subject, sentence);
  }
}

async function* cut(pieces: AsyncIterable<Buffer>, length: number): AsyncIterable<Buffer> {
  let left = length;
  for await (const piece of pieces) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}
