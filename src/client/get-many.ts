import { Fault } from '../fault.js';
import { toText, type ByteString } from '../names.js';
import type { FileHints } from './file-hints.js';
import { FolderEnd } from './folder-end.js';
import { GetRoom } from './get-room.js';
import type { Link } from './link.js';
import { LocalFolder } from './local-folder.js';
import { windows } from './local-path.js';
import { ManyRun } from './many-run.js';
import { partOf } from './partial-names.js';
import { partialTurn } from './partial-turn.js';
import type { RemoteStat } from './remote.js';
import { unsafeName } from './safe-name.js';
import type { ManyOptions, ManyResult, TransferItem, TransferOptions, TransferResult } from './transfer.js';
import { alone } from './verification.js';
import { below, eachRemote, statOfEntry, sumRemote, type ListedEntry, type Sum } from './walk-remote.js';

export type GetFile = (
  link: Link,
  item: TransferItem,
  options: TransferOptions,
  hints?: FileHints,
) => Promise<TransferResult>;

/** What a test puts in the place of this machine. */
export interface GetPlace {
  /** Whether names must be such as Windows takes. */
  readonly windows: boolean;
}

/**
 * Gets files, and folders with everything in them, several files at once. Names that would lead out of the folder are
 * refused, one by one. Symlinks below a folder are not followed, as `sftp` has it: they are told to the watcher, like
 * sockets and devices; and none that is here is followed either, save one that is named as an item's target.
 */
export async function getManyWith(
  getFile: GetFile,
  link: Link,
  items: readonly TransferItem[],
  options: ManyOptions,
  place: GetPlace = { windows },
): Promise<ManyResult> {
  const total = new Total(options, items.length > 1);
  const over = new AbortController();
  const run = new ManyRun('get', options, () => {
    void total.count(link, items, AbortSignal.any([run.signal, over.signal]));
  });
  const room = options.checkRoom ? await GetRoom.at(items[0]?.local ?? '.') : null;
  const get = new Get({ getFile, link, run, room, total, place });
  for (const { item, stat } of lookedAt(link, items, run.signal)) {
    if (run.queue.stopped) break;
    await get.item(item, stat);
  }
  await run.queue.walked();
  if (!run.queue.stopped) total.walked();
  await run.queue.done();
  // Whoever has ended early does not count on, through a tree without an end perhaps.
  over.abort();
  return run.result();
}

/** Items that are asked about at once, so that their round trips do not add up. */
const looksAtOnce = 4;

/** What the server says of each item, in their order, whatever the order of its answers. */
function* lookedAt(
  link: Link,
  items: readonly TransferItem[],
  signal: AbortSignal,
): Generator<{ readonly item: TransferItem; readonly stat: Promise<RemoteStat> }> {
  const looks = items.values();
  const look = (): { readonly item: TransferItem; readonly stat: Promise<RemoteStat> } | null => {
    const next = looks.next();
    if (next.done === true) return null;
    const item = next.value;
    const stat = link.use((remote) => remote.stat(item.remote), signal);
    // Whoever waits for an earlier one must not be surprised by this one's fault.
    stat.catch(() => undefined);
    return { item, stat };
  };
  const ahead = Array.from({ length: looksAtOnce }, look);
  for (let first = ahead.shift(); first; first = ahead.shift()) {
    yield first;
    ahead.push(look());
  }
}

/** What is to be moved in all: known when the walk ends, or earlier, when a second one that only counts has ended. */
class Total {
  readonly #options: ManyOptions;
  #sum: Sum = { bytes: 0, files: 0 };
  #isTold = false;
  /** Whether one is wanted: not for a single file. */
  many: boolean;

  constructor(options: ManyOptions, many: boolean) {
    this.#options = options;
    this.many = many;
  }

  add(bytes: number): void {
    this.#sum = { bytes: this.#sum.bytes + bytes, files: this.#sum.files + 1 };
  }

  walked(): void {
    this.#tell(this.#sum);
  }

  async count(link: Link, items: readonly TransferItem[], signal: AbortSignal): Promise<void> {
    const sum = await sumRemote(
      link,
      items.map(({ remote }) => remote),
      signal,
    );
    if (!signal.aborted) this.#tell(sum);
  }

  #tell({ bytes, files }: Sum): void {
    if (this.#isTold || !this.many) return;
    this.#isTold = true;
    this.#options.watcher.total?.(bytes, files);
  }
}

interface Parts {
  readonly getFile: GetFile;
  readonly link: Link;
  readonly run: ManyRun;
  readonly room: GetRoom | null;
  readonly total: Total;
  readonly place: GetPlace;
}

/** A folder that is being read, and the one here that its files go to. */
interface Into {
  readonly item: TransferItem;
  readonly folder: LocalFolder;
  readonly end: FolderEnd;
}

class Get {
  readonly #parts: Parts;
  readonly #options: TransferOptions;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#options = { ...parts.run.options, signal: parts.run.signal };
  }

  async item(item: TransferItem, looking: Promise<RemoteStat>): Promise<void> {
    const { run, total } = this.#parts;
    await run.attempt(item, async () => {
      const stat = await looking;
      if (stat.kind === 'folder') {
        if (!run.options.recursive) {
          throw new Fault(
            'is-a-folder',
            `${toText(item.remote)}: is a folder; -r gets it with everything in it`,
          );
        }
        total.many = true;
        await this.#folder(item, stat, null);
      } else if (stat.kind === 'other') {
        throw new Fault('not-a-file', `${toText(item.remote)}: not a regular file`);
      } else {
        // All items are in memory already: none waits for room in the queue.
        run.queue.push(await this.#file(item, stat, null));
      }
    });
  }

  /** The job that gets a file, and lets go of its folder. */
  async #file(item: TransferItem, stat: RemoteStat, into: Into | null): Promise<() => Promise<void>> {
    const { getFile, link, run, room, total } = this.#parts;
    total.add(stat.size ?? 0);
    await room?.add(item.local, stat.size ?? 0, into?.folder.isNew ?? false);
    const hints: FileHints = stat.kind === 'file' ? { source: stat } : {};
    const options = total.many ? this.#options : alone(this.#options);
    return async () => {
      const isThere = await this.#isStillThere(item, into);
      if (isThere) await run.move(item, () => getFile(link, item, options, hints));
      await into?.end.release();
    };
  }

  async #isStillThere(item: TransferItem, into: Into | null): Promise<boolean> {
    try {
      await into?.folder.check();
      return true;
    } catch (thrown) {
      this.#parts.run.refuse(item, thrown);
      return false;
    }
  }

  async #folder(item: TransferItem, stat: RemoteStat, parent: Into | null): Promise<void> {
    const { link, run } = this.#parts;
    let folder: LocalFolder | null = null;
    const end = new FolderEnd(parent?.end ?? null, async () => {
      if (folder) await this.#preserve(item, folder, stat);
    });
    const read = async (): Promise<void> => {
      await run.attempt(item, async () => {
        await parent?.folder.check();
        folder = await LocalFolder.at(item.local, {
          // What is private there is private here; what is got into it must be possible.
          mode: stat.mode === undefined ? 0o777 : (stat.mode & 0o777) | 0o700,
          follows: parent === null,
        });
        const into = { item, folder, end };
        await eachRemote(link, item.remote, run.signal, async (entry) => {
          if (run.queue.stopped) throw new Fault('cancelled');
          await this.#entry(into, entry);
        });
      });
      await end.release();
    };
    await run.queue.folder(read);
  }

  async #entry(into: Into, { name, stat: listed, again }: ListedEntry): Promise<void> {
    const { link, run, place } = this.#parts;
    const remote = below(into.item.remote, name);
    const unsafe = again ? 'a name that was listed before' : unsafeName(name, place.windows);
    if (unsafe !== null) {
      const where = toText(into.item.remote);
      const sentence = `${toText(name)}: refused, since the server lists ${unsafe} in ${where}`;
      run.refuse({ remote, local: into.item.local }, new Fault('bad-name', sentence));
      return;
    }
    const item = { remote, local: below(into.item.local, name) };
    await run.attempt(item, async () => {
      const stat = await statOfEntry(link, remote, listed, run.signal);
      if (stat.kind === 'folder') await this.#folder(item, stat, into);
      else if (stat.kind === 'file' || stat.kind === 'unknown') await this.#queued(item, name, stat, into);
      else run.note(item, `${stat.kind === 'symlink' ? 'a symbolic link' : 'not a regular file'}: left out`);
    });
  }

  async #queued(item: TransferItem, name: ByteString, stat: RemoteStat, into: Into): Promise<void> {
    const { queue } = this.#parts.run;
    const job = await this.#file(item, stat, into);
    const turn = partialTurn(name, partOf(''));
    if (turn === 0) {
      into.end.hold();
      await queue.file(job);
      return;
    }
    into.end.later(turn, () => {
      into.end.hold();
      queue.push(job);
    });
  }

  /** A folder's times change with what is got into it, so they come last. */
  async #preserve(item: TransferItem, folder: LocalFolder, stat: RemoteStat): Promise<void> {
    const { run } = this.#parts;
    if (!run.options.preserve || run.queue.stopped) return;
    try {
      await folder.preserve(stat);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      run.note(item, `mode and times of the folder are not set: ${why}`);
    }
  }
}
