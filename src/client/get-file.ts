import { Fault, toFault } from '../fault.js';
import { toText } from '../names.js';
import { DownloadFile } from './download-file.js';
import { FileSink } from './download-sink.js';
import { Download } from './download.js';
import type { FileHints } from './file-hints.js';
import type { Attempt, Link } from './link.js';
import { localToText } from './local-path.js';
import { lookHere, planDownload, type Here } from './plan-download.js';
import { rateLimitOf } from './rate-limit.js';
import type { Remote, RemoteHandle, RemoteStat } from './remote.js';
import { StoppedTransfer } from './stopped-transfer.js';
import type { TransferItem, TransferOptions, TransferResult, TransferSubject, Verified } from './transfer.js';
import { WorkTime } from './work-time.js';

/**
 * Downloads one file. It is received as `LOCAL.part`, verified, and then takes the name LOCAL; in place where that is
 * asked for. What is there already is for `decisions`; a part is compared before it is extended, and LOCAL stays as it is
 * until the new one is complete. Mode and times come along with `preserve`; otherwise a replaced file keeps its mode.
 * `begin`, `moved`, `note` and `end` of the watcher are called here.
 * @throws StoppedTransfer when bytes may have arrived already, otherwise Fault: `exists`, `verification-failed`,
 * `not-found`, `is-a-folder`, `no-space` (here), ...
 */
export async function getFile(
  link: Link,
  item: TransferItem,
  options: TransferOptions,
  hints: FileHints = {},
): Promise<TransferResult> {
  const get = new Get(link, item, options, hints);
  try {
    const result = await get.run();
    options.watcher.end?.(get.subject, result);
    return result;
  } catch (thrown) {
    const fault = toFault(thrown);
    options.watcher.end?.(get.subject, fault);
    throw fault;
  }
}

/** What is found on both sides before anything is decided. */
interface Sides {
  readonly source: RemoteStat;
  readonly here: Here;
  /** Opened meanwhile, where nothing stands in the way here. */
  readonly handle: RemoteHandle | null;
}

class Get {
  readonly subject: TransferSubject;
  readonly #link: Link;
  readonly #options: TransferOptions;
  readonly #hints: FileHints;
  readonly #time = new WorkTime();
  #source: RemoteStat | null = null;
  #file: DownloadFile | null = null;
  #download: Download | null = null;

  constructor(link: Link, item: TransferItem, options: TransferOptions, hints: FileHints) {
    this.subject = { direction: 'get', remote: item.remote, local: item.local };
    this.#link = link;
    this.#options = { ...options, decisions: this.#time.without(options.decisions) };
    this.#hints = hints;
  }

  async run(): Promise<TransferResult> {
    try {
      return await this.#link.use((remote, attempt) => this.#attempt(remote, attempt), this.#options.signal);
    } catch (thrown) {
      const fault = toFault(thrown);
      const download = this.#download;
      const there = (await this.#file?.leave(download?.at ?? 0)) ?? 0;
      if (!download?.begun || fault.code === 'verification-failed' || fault.code === 'exists') throw fault;
      throw new StoppedTransfer(fault, this.subject, {
        there,
        total: download.total,
        resumable: true,
      });
    }
  }

  async #attempt(remote: Remote, attempt: Attempt): Promise<TransferResult> {
    if (this.#options.signal.aborted) throw new Fault('cancelled');
    if (this.#download && this.#file) return this.#receive(remote, attempt, this.#download, this.#file, null);
    const { source, here, handle } = await this.#look(remote);
    this.#source = source;
    try {
      const point = await planDownload(remote, here, source, this.subject, this.#options);
      if (point.kind === 'skip') return this.#result('skipped');
      if (point.kind === 'already-there') return this.#result('already-there', point.verified);
      // First there: what cannot be read must not leave an empty file here.
      const opened = handle ?? (await remote.open(this.subject.remote, { read: true }));
      const { inPlace, preserve } = this.#options;
      const mode = preserve && source.mode !== undefined ? (source.mode & 0o777) | 0o600 : 0o666;
      try {
        this.#file = await DownloadFile.begin(point, here, { inPlace, mode });
      } catch (thrown) {
        opened.close().catch(() => undefined);
        throw thrown;
      }
      if (inPlace) this.#note(`${localToText(this.#file.target)} itself is written`);
      this.#download = this.#begin(this.#file, source);
      return await this.#receive(remote, attempt, this.#download, this.#file, opened);
    } catch (thrown) {
      if (!this.#file) handle?.close().catch(() => undefined);
      throw thrown;
    }
  }

  async #look(remote: Remote): Promise<Sides> {
    const { subject } = this;
    const here = await lookHere(subject.local);
    const isFree = !here.target && !here.part;
    const opening = isFree ? remote.open(subject.remote, { read: true }) : null;
    opening?.catch(() => undefined);
    try {
      const source = this.#hints.source ?? (await remote.stat(subject.remote));
      const name = toText(subject.remote);
      if (source.kind === 'folder') throw new Fault('is-a-folder', `${name} is a folder: use get -r`);
      if (source.kind === 'other') throw new Fault('not-a-file', `${name} is not a regular file`);
      return { source, here, handle: await opening };
    } catch (thrown) {
      void opening?.then((handle) => handle.close()).catch(() => undefined);
      throw thrown;
    }
  }

  #note(sentence: string): void {
    this.#options.watcher.note?.(this.subject, sentence);
  }

  #begin(file: DownloadFile, source: RemoteStat): Download {
    return new Download({
      path: this.subject.remote,
      sink: new FileSink(file.file, file.from),
      subject: this.subject,
      options: this.#options,
      limit: rateLimitOf(this.#link, this.#options.limit),
      stat: source,
      from: file.from,
      hash: file.hash,
      kept: file.kept,
    });
  }

  async #receive(
    remote: Remote,
    attempt: Attempt,
    download: Download,
    file: DownloadFile,
    handle: RemoteHandle | null,
  ): Promise<TransferResult> {
    await download.run(remote, attempt, handle);
    const { preserve, sync, watcher } = this.#options;
    const note = (sentence: string): void => watcher.note?.(this.subject, sentence);
    await file.finish(download.at, { preserve, sync, source: download.stat, note });
    return this.#result('transferred', download.verified);
  }

  #result(outcome: TransferResult['outcome'], verified: Verified | null = null): TransferResult {
    const done = outcome === 'transferred';
    return {
      ...this.subject,
      local: (done ? this.#file?.target : null) ?? this.subject.local,
      outcome,
      size: (done ? this.#download?.at : this.#source?.size) ?? 0,
      moved: (done ? this.#download?.moved : 0) ?? 0,
      resumedAt: (done ? this.#file?.from : 0) ?? 0,
      verified,
      took: this.#time.seconds,
    };
  }
}
