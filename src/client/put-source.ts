import { Fault, toFault } from '../fault.js';
import { toText } from '../names.js';
import type { LocalBytes } from './compare-part.js';
import type { Attempt, Link } from './link.js';
import type { LocalStat } from './local-files.js';
import { lostForGood } from './lost-for-good.js';
import { planUpload, type PlannedUpload } from './plan-upload.js';
import { rateLimitOf } from './rate-limit.js';
import type { Remote, RemoteChange } from './remote.js';
import { StoppedTransfer } from './stopped-transfer.js';
import type { TransferOptions, TransferResult, TransferSubject, Verified } from './transfer.js';
import { nameUpload } from './upload-naming.js';
import type { UploadPlan } from './upload-plan.js';
import { Upload } from './upload.js';
import type { UploadSource } from './upload-source.js';
import { WorkTime } from './work-time.js';

export interface PutParts {
  readonly subject: TransferSubject;
  readonly options: TransferOptions;
  readonly source: UploadSource;
  /** Reads the source for comparing; `null` for a stream. */
  readonly local: LocalBytes | null;
  /** Bytes that the source had when it was opened; `null` where unknown. */
  readonly size: number | null;
  /** Mode and times of the source, where it has any. */
  readonly stat: LocalStat | null;
  readonly targetIsNew: boolean;
}

/** Bytes of a file that may be sent in vain. */
const small = 2 ** 20;
/** Milliseconds for which what was found at the server is taken to be so still. */
const freshFor = 2_000;

/** Links whose account may not rename: known after the first try. */
const renameDenied = new WeakSet<Link>();

/** Moves a source of bytes to a file of the server, over as many connections as it takes. */
export function putSource(link: Link, parts: PutParts): Promise<TransferResult> {
  return new Put(link, parts).run();
}

class Put {
  readonly #link: Link;
  readonly #parts: PutParts;
  readonly #time = new WorkTime();
  #targetIsNew: boolean;
  /** When the target was looked for. */
  #looked = 0;
  #upload: Upload | null = null;
  /** Moved by an upload that another one has replaced. */
  #movedBefore = 0;
  /** A partial file that is not needed any more. */
  #leftover: string | null = null;

  constructor(link: Link, parts: PutParts) {
    this.#link = link;
    const { options } = parts;
    this.#parts = { ...parts, options: { ...options, decisions: this.#time.without(options.decisions) } };
    // A large file is worth a question before it is sent.
    this.#targetIsNew = parts.targetIsNew && (parts.size ?? Infinity) < small;
  }

  async run(): Promise<TransferResult> {
    const { options, subject, source } = this.#parts;
    try {
      return await this.#link.use((remote, attempt) => this.#attempt(remote, attempt), options.signal);
    } catch (thrown) {
      const fault = toFault(source.broken ?? thrown);
      const upload = this.#upload;
      if (!upload?.opened || fault.code === 'verification-failed' || fault.code === 'exists') throw fault;
      throw new StoppedTransfer(fault, subject, {
        there: upload.arrived,
        total: source.total,
        resumable: source.seekable,
      });
    }
  }

  async #attempt(remote: Remote, attempt: Attempt): Promise<TransferResult> {
    const { options } = this.#parts;
    if (options.signal.aborted) throw new Fault('cancelled');
    if (!this.#upload) {
      const planned = await this.#plan(remote);
      if (planned.kind === 'skip') return this.#result('skipped');
      if (planned.kind === 'already-there') return this.#result('already-there', planned.verified);
      if (options.inPlace) this.#note(`${toText(planned.plan.target)} itself is written`);
      this.#upload = this.#begin(planned.plan);
    }
    await this.#write(remote, attempt);
    if (this.#upload.appeared) return this.#besideIt(remote, attempt, this.#upload);
    const named = await nameUpload(remote, {
      plan: this.#upload.plan,
      size: this.#upload.arrived,
      change: this.#change(this.#upload),
      fresh: this.#upload.plan.unseen || performance.now() - this.#looked < freshFor,
      again: attempt.number > 0,
      note: (sentence) => this.#note(sentence),
    });
    if (named === 'appeared') return this.#besideIt(remote, attempt, this.#upload);
    if (named === 'denied') return this.#withoutRename(remote, attempt, this.#upload);
    if (this.#leftover !== null) await remote.remove(this.#leftover).catch(() => undefined);
    return this.#result('transferred', this.#upload.verified);
  }

  /** A target is there that was said not to be: it is asked about like any other. */
  async #besideIt(remote: Remote, attempt: Attempt, upload: Upload): Promise<TransferResult> {
    await remote.remove(upload.plan.path);
    this.#movedBefore += upload.moved;
    this.#targetIsNew = false;
    this.#upload = null;
    return this.#attempt(remote, attempt);
  }

  #plan(remote: Remote): Promise<PlannedUpload> {
    const { subject, options, local, size } = this.#parts;
    this.#looked = performance.now();
    return planUpload(remote, {
      subject,
      options,
      total: local ? size : null,
      local,
      targetIsNew: this.#targetIsNew,
      renameDenied: renameDenied.has(this.#link),
    });
  }

  #begin(plan: UploadPlan): Upload {
    const { source, subject, options, stat } = this.#parts;
    return new Upload({
      source,
      plan,
      subject,
      options,
      limit: rateLimitOf(this.#link, options.limit),
      ...(options.preserve && stat && { mode: stat.mode & 0o777 }),
    });
  }

  async #write(remote: Remote, attempt: Attempt): Promise<void> {
    const upload = this.#upload;
    if (!upload) return;
    try {
      await upload.run(remote, attempt);
    } catch (thrown) {
      const fault = toFault(thrown);
      const other = upload.opened ? null : await this.#another(remote, upload.plan, fault);
      if (!other) throw fault;
      this.#upload = this.#begin(other);
      await this.#write(remote, attempt);
    }
  }

  /** Another plan where the file of this one could not be opened. */
  async #another(remote: Remote, plan: UploadPlan, fault: Fault): Promise<UploadPlan | null> {
    if (plan.open === 'create' && (fault.code === 'exists' || fault.code === 'failure')) {
      // What was said not to be there is there; OpenSSH gives no reason.
      if (!this.#targetIsNew) return null;
      this.#targetIsNew = false;
      const planned = await this.#plan(remote);
      if (planned.kind !== 'upload')
        throw new Fault('exists', `${toText(plan.target)} was made by somebody else meanwhile`);
      return planned.plan;
    }
    if (fault.code === 'denied' && !plan.inPlace && plan.open === 'create') {
      const inPlace: UploadPlan = {
        ...plan,
        path: plan.target,
        inPlace: true,
        open: plan.replaces ? 'keep' : 'create',
      };
      const probe = await remote
        .open(inPlace.path, { write: true, ...(plan.replaces ? {} : { create: true, exclusive: true }) })
        .catch(() => null);
      if (!probe) return null;
      await probe.close();
      this.#note(`${toText(plan.path)} may not be made: ${toText(plan.target)} itself is written`);
      return { ...inPlace, open: 'keep' };
    }
    return null;
  }

  /** What is verified under its partial name is copied at the server, or sent again where that cannot copy. */
  async #withoutRename(remote: Remote, attempt: Attempt, upload: Upload): Promise<TransferResult> {
    const { plan } = upload;
    const { source } = this.#parts;
    renameDenied.add(this.#link);
    this.#note(`renaming is not allowed here: ${toText(plan.target)} itself is written`);
    if (await this.#copied(remote, attempt, upload)) {
      const change = this.#change(upload);
      await (change && remote.setStat(plan.target, change))?.catch((thrown: unknown) =>
        this.#note(`its mode and times could not be set: ${toFault(thrown).message}`),
      );
      await remote.remove(plan.path).catch(() => this.#note(`${toText(plan.path)} could not be removed`));
      return this.#result('transferred', upload.verified);
    }
    if (!source.seekable) {
      throw new Fault(
        'denied',
        `renaming is not allowed here; what arrived stays, complete, as ${toText(plan.path)}`,
      );
    }
    await remote.remove(plan.path).catch(() => (this.#leftover = plan.path));
    this.#movedBefore += upload.moved;
    const open = plan.replaces ? 'keep' : 'create';
    this.#upload = this.#begin({ ...plan, path: plan.target, inPlace: true, open, from: 0, hash: null });
    return this.#attempt(remote, attempt);
  }

  /** Whether the target has now what was verified under the partial name. */
  async #copied(remote: Remote, attempt: Attempt, { plan, verified }: Upload): Promise<boolean> {
    const { path, target, replaces } = plan;
    try {
      await remote.copyFile(path, target, { overwrite: replaces !== null || attempt.number > 0 });
      if (!verified) return true;
      const hash = await remote.hash(target, verified.algorithm, { start: 0, length: 0 });
      return hash === null || hash.hash.toString('hex') === verified.here;
    } catch (thrown) {
      if (lostForGood(thrown)) throw thrown;
      return false;
    }
  }

  #change(upload: Upload): RemoteChange | null {
    const { options, stat } = this.#parts;
    const { plan, writtenStat } = upload;
    if (options.preserve && stat) {
      return { mode: stat.mode & 0o777, atime: Math.floor(stat.atime), mtime: Math.floor(stat.mtime) };
    }
    const kept = plan.inPlace ? undefined : plan.replaces?.mode;
    return kept === undefined || kept === writtenStat?.mode ? null : { mode: kept & 0o777 };
  }

  #result(outcome: TransferResult['outcome'], verified: Verified | null = null): TransferResult {
    const { subject, size } = this.#parts;
    const upload = outcome === 'transferred' ? this.#upload : null;
    return {
      ...subject,
      remote: upload?.plan.target ?? subject.remote,
      outcome,
      size: upload ? upload.arrived : (size ?? 0),
      moved: this.#movedBefore + (upload?.moved ?? 0),
      resumedAt: upload?.plan.from ?? 0,
      verified,
      took: this.#time.seconds,
    };
  }

  #note(sentence: string): void {
    const { options, subject } = this.#parts;
    options.watcher.note?.(subject, sentence);
  }
}
