import { Fault } from '../fault.js';
import { toText } from '../names.js';
import type { FileHints } from './file-hints.js';
import { FolderEnd } from './folder-end.js';
import type { Link } from './link.js';
import { statLocal, type LocalStat } from './local-files.js';
import { localToText } from './local-path.js';
import { ManyRun } from './many-run.js';
import { filepartOf } from './partial-names.js';
import { partialTurn } from './partial-turn.js';
import { checkPutRoom, type PutNeed } from './put-room.js';
import { preserveRemoteFolder, targetFolder, type TargetFolder } from './remote-folder.js';
import type { RemoteKind } from './remote.js';
import type { ManyOptions, ManyResult, TransferItem, TransferOptions, TransferResult } from './transfer.js';
import { alone } from './verification.js';
import { listLocal, sumLocal, type LocalEntry } from './walk-local.js';
import { below } from './walk-remote.js';

export type PutFile = (
  link: Link,
  item: TransferItem,
  options: TransferOptions,
  hints?: FileHints,
) => Promise<TransferResult>;

/** An item that is there and may be put. */
interface Planned extends PutNeed {
  readonly stat: LocalStat;
  /** Files that will be moved; folders count among `files`, since they are charged like these. */
  readonly regular: number;
}

/**
 * Puts files, and folders with everything in them, several files at once. Symlinks below a folder are not followed,
 * as `sftp` has it: they are told to the watcher, like sockets and devices.
 * @throws Fault `quota` before the first byte where there is no room for all of them, and `cancelled` until then
 */
export async function putManyWith(
  putFile: PutFile,
  link: Link,
  items: readonly TransferItem[],
  options: ManyOptions,
): Promise<ManyResult> {
  const run = new ManyRun('put', options);
  const planned: Planned[] = [];
  for (const item of items) {
    try {
      planned.push(await plan(item, options, run.signal));
    } catch (thrown) {
      run.refuse(item, thrown);
    }
  }
  tellTotal(planned, options);
  const tight = options.checkRoom
    ? await checkPutRoom(link, planned, options.jobs, run.signal)
    : new Set<TransferItem>();
  const isAlone = planned.length === 1 && planned[0]?.kind === 'file';
  const put = new Put(putFile, link, run, isAlone);
  for (const { item, kind, stat } of planned) {
    if (kind === 'file') await put.file(item, { tight: tight.has(item), end: null, hints: {} });
    else await put.folder(item, stat, { tight: tight.has(item), known: 'unknown', parent: null });
  }
  await run.queue.done();
  return run.result();
}

async function plan(item: TransferItem, { recursive }: ManyOptions, signal: AbortSignal): Promise<Planned> {
  const name = localToText(item.local);
  const stat = await statLocal(item.local);
  if (!stat) throw new Fault('not-found', `${name}: no such local file or folder`);
  if (stat.kind === 'other') throw new Fault('not-a-file', `${name}: not a regular file`);
  if (stat.kind === 'file') return { item, kind: 'file', stat, bytes: stat.size, files: 1, regular: 1 };
  if (!recursive) {
    throw new Fault('is-a-folder', `${name}: is a folder; -r puts it with everything in it`);
  }
  const { bytes, files, folders } = await sumLocal(item.local, signal);
  return { item, kind: 'folder', stat, bytes, files: files + folders, regular: files };
}

function tellTotal(planned: readonly Planned[], { watcher }: ManyOptions): void {
  if (planned.length <= 1 && planned[0]?.kind !== 'folder') return;
  watcher.total?.(
    planned.reduce((sum, { bytes }) => sum + bytes, 0),
    planned.reduce((sum, { regular }) => sum + regular, 0),
  );
}

/** What goes down from a folder to what is in it. */
interface Above {
  /** Whether there is only room where what is there is written over in its place. */
  readonly tight: boolean;
  readonly known: RemoteKind | null;
  readonly parent: FolderEnd | null;
}

interface FileInFolder {
  /** Whether there may not be room for the old and the new one together. */
  readonly tight: boolean;
  /** Whether for that the old one is written over in its place. */
  readonly over?: boolean;
  readonly end: FolderEnd | null;
  readonly hints: FileHints;
  /** Whether nothing waits for it to have room in the queue. */
  readonly late?: boolean;
}

class Put {
  readonly #putFile: PutFile;
  readonly #link: Link;
  readonly #run: ManyRun;
  readonly #options: TransferOptions;

  constructor(putFile: PutFile, link: Link, run: ManyRun, isAlone: boolean) {
    this.#putFile = putFile;
    this.#link = link;
    this.#run = run;
    const options = { ...run.options, signal: run.signal };
    this.#options = isAlone ? alone(options) : options;
  }

  async file(
    item: TransferItem,
    { tight, over = false, end, hints, late = false }: FileInFolder,
  ): Promise<void> {
    end?.hold();
    const options = { ...this.#options, checkRoom: tight, inPlace: this.#options.inPlace || over };
    const job = async (): Promise<void> => {
      if (over)
        this.#run.note(item, 'written in place: there is no room for the old and the new ones together');
      await this.#run.move(item, () => this.#putFile(this.#link, item, options, hints));
      await end?.release();
    };
    if (late) this.#run.queue.push(job);
    else await this.#run.queue.file(job);
  }

  async folder(item: TransferItem, stat: LocalStat, above: Above): Promise<void> {
    let made = false;
    const end = new FolderEnd(above.parent, async () => {
      if (made) await this.#preserve(item, stat);
    });
    await this.#run.queue.folder(async () => {
      await this.#run.attempt(item, async () => {
        const target = await targetFolder(this.#link, item.remote, {
          // What is put into it must be possible, whatever the folder's own mode.
          mode: (stat.mode & 0o777) | 0o700,
          known: above.known,
          signal: this.#run.signal,
        });
        made = true;
        for await (const entry of listLocal(item.local)) {
          if (this.#run.queue.stopped) return;
          const inner = { local: below(item.local, entry.name), remote: below(item.remote, entry.name) };
          await this.#entry(inner, entry, target, { tight: above.tight, end });
        }
      });
      await end.release();
    });
  }

  async #entry(
    item: TransferItem,
    { name, kind }: LocalEntry,
    target: TargetFolder,
    { tight, end }: { readonly tight: boolean; readonly end: FolderEnd },
  ): Promise<void> {
    if (kind === 'file') {
      const targetIsNew = target.isNew(name);
      // Files at once cannot each look for itself. A part that is there is gone on with, not left beside.
      const over = tight && target.kindOf(name) === 'file' && target.kindOf(filepartOf(name)) === null;
      const file = { tight: tight && !targetIsNew && !over, over, end, hints: { targetIsNew } };
      const turn = partialTurn(name, filepartOf(''));
      if (turn === 0) await this.file(item, file);
      else end.later(turn, () => void this.file(item, { ...file, late: true }));
    } else if (kind === 'folder') {
      await this.#run.attempt(item, async () => {
        const stat = await statLocal(item.local);
        if (stat?.kind !== 'folder') return;
        await this.folder(item, stat, { tight, known: target.kindOf(name), parent: end });
      });
    } else {
      this.#run.note(item, `${kind === 'symlink' ? 'a symbolic link' : 'not a regular file'}: left out`);
    }
  }

  /** A folder's times change with what is put into it, so they come last. */
  async #preserve(item: TransferItem, stat: LocalStat): Promise<void> {
    if (!this.#options.preserve || this.#run.queue.stopped) return;
    try {
      await preserveRemoteFolder(this.#link, item.remote, stat, this.#run.signal);
    } catch (thrown) {
      this.#run.note(item, `mode and times of ${toText(item.remote)} are not set: ${told(thrown)}`);
    }
  }
}

function told(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
