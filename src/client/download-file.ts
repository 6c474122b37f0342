import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import {
  copyLocal,
  isTaken,
  LocalFile,
  lstatLocal,
  removeLocal,
  renameLocal,
  type LocalStat,
} from './local-files.js';
import { localToText } from './local-path.js';
import { partOf } from './partial-names.js';
import type { Here } from './plan-download.js';
import type { RemoteStat } from './remote.js';
import type { RunningHash } from './running-hash.js';
import type { StartingPoint } from './starting-point.js';

/** How what was received becomes a file with its name. */
export interface FinishOptions {
  readonly preserve: boolean;
  readonly sync: boolean;
  /** What the server said of the source. */
  readonly source: RemoteStat;
  readonly note: (sentence: string) => void;
}

/** The local file that a download writes, from where it begins up to where it has its name. */
export class DownloadFile {
  readonly file: LocalFile;
  /** The name it gets at the end. */
  readonly target: ByteString;
  readonly from: number;
  readonly hash: RunningHash | null;
  readonly #inPlace: boolean;
  /** Bytes of it up to which it is nothing that was there before; `null` where it is. */
  readonly #worthless: number | null;
  readonly #replaces: LocalStat | null;

  private constructor(
    file: LocalFile,
    target: ByteString,
    begin: { readonly from: number; readonly hash: RunningHash | null },
    how: {
      readonly inPlace: boolean;
      readonly worthless: number | null;
      readonly replaces: LocalStat | null;
    },
  ) {
    this.file = file;
    this.target = target;
    this.from = begin.from;
    this.hash = begin.hash;
    this.#inPlace = how.inPlace;
    this.#worthless = how.worthless;
    this.#replaces = how.replaces;
  }

  /** @param mode of a file that is made; one that replaces another is never open to more people than that one was */
  static async begin(
    point: Exclude<StartingPoint, { kind: 'skip' | 'already-there' }>,
    { path, target }: Here,
    { inPlace, mode }: { readonly inPlace: boolean; readonly mode: number },
  ): Promise<DownloadFile> {
    const anew = { from: 0, hash: null };
    const part = partOf(path);
    const partMode = target ? (target.mode & 0o777) | 0o600 : mode;
    switch (point.kind) {
      case 'renamed': {
        const file = await LocalFile.create(inPlace ? point.path : partOf(point.path), mode);
        return new DownloadFile(file, point.path, anew, { inPlace, worthless: 0, replaces: null });
      }
      case 'new': {
        const file = await LocalFile.create(inPlace ? path : part, partMode);
        return new DownloadFile(file, path, anew, { inPlace, worthless: 0, replaces: target });
      }
      case 'over': {
        if (point.place === 'part') {
          // Not emptied: whoever else has it open would go on writing into what is received now.
          await removeLocal(part);
          const file = await LocalFile.create(part, partMode);
          return new DownloadFile(file, path, anew, { inPlace: false, worthless: 0, replaces: target });
        }
        // The target keeps what it has until it is written over; what it holds behind the end goes at the end.
        const file = await LocalFile.toExtend(path);
        return new DownloadFile(file, path, anew, { inPlace: true, worthless: null, replaces: target });
      }
      case 'extend': {
        const { from, hash } = point;
        const isTarget = point.place === 'target';
        const isCopied = isTarget && !inPlace;
        if (isCopied) await copyLocal(path, part);
        const extended = isTarget && inPlace ? path : part;
        const file = await LocalFile.toExtend(extended);
        await mustHave(file, from);
        return new DownloadFile(
          file,
          path,
          { from, hash },
          { inPlace: extended === path, worthless: isCopied ? from : null, replaces: target },
        );
      }
    }
  }

  /** For sentences: where the bytes stay when they are not what they should be. */
  get kept(): string {
    return this.#inPlace
      ? `${localToText(this.target)} holds what arrived`
      : `what arrived stays as ${localToText(this.file.path)}`;
  }

  /** All `size` bytes are there and verified. */
  async finish(size: number, { preserve, sync, source, note }: FinishOptions): Promise<void> {
    if (this.#inPlace && (this.#replaces?.size ?? 0) > size) await this.file.truncate(size);
    if (preserve) await this.#preserve(source, note);
    else if (this.#replaces && !this.#inPlace)
      await this.#told(note, this.file.setMode(this.#replaces.mode & 0o777));
    if (sync) await this.file.sync();
    await this.file.close();
    if (this.#inPlace) return;
    const name = localToText(this.target);
    // Written without gaps: another file of this size would be complete as well.
    const there = await lstatLocal(this.file.path);
    if (there?.kind !== 'file' || there.size !== size) {
      throw new Fault(
        'verification-failed',
        `${localToText(this.file.path)} was changed by somebody else meanwhile; ${name} stays as it was`,
      );
    }
    if (!this.#replaces && (await isTaken(this.target))) {
      throw new Fault(
        'exists',
        `${name} was made by somebody else meanwhile; what arrived stays, complete, as ${localToText(this.file.path)}`,
      );
    }
    await renameLocal(this.file.path, this.target);
  }

  /**
   * It ends before its end: what has arrived stays without a gap, and nothing where nothing has.
   * @param received bytes that were taken for it; a full disk may not have held all of them
   * @returns bytes that are there
   */
  async leave(received: number): Promise<number> {
    const held = await this.file.stat().catch(() => null);
    const size = Math.min(received, held?.size ?? received);
    const isWorthless = this.#worthless !== null && size <= this.#worthless;
    if (this.#inPlace && !isWorthless && size > this.from && (this.#replaces?.size ?? 0) > size) {
      await this.file.truncate(size).catch(() => undefined);
    }
    await this.file.close().catch(() => undefined);
    if (isWorthless) await removeLocal(this.file.path).catch(() => undefined);
    return size;
  }

  async #preserve({ mode, atime, mtime }: RemoteStat, note: (sentence: string) => void): Promise<void> {
    if (mode !== undefined) await this.#told(note, this.file.setMode(mode & 0o777));
    if (mtime !== undefined) await this.#told(note, this.file.setTimes(atime ?? mtime, mtime));
  }

  async #told(note: (sentence: string) => void, done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      note(`its mode and times could not be set: ${thrown.message}`);
    }
  }
}

/** Somebody may have written it since it was compared. */
async function mustHave(file: LocalFile, size: number): Promise<void> {
  const now = await file.stat();
  if (now.size === size) return;
  await file.close();
  throw new Fault('exists', `${localToText(file.path)} was changed by somebody else meanwhile`);
}
