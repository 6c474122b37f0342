import { Fault } from '../fault.js';
import type { ByteString } from '../names.js';
import type { Link } from './link.js';
import { lostForGood } from './lost-for-good.js';
import { filepartOf } from './partial-names.js';
import type { RemoteStat } from './remote.js';
import { parentOf, remoteRoom, shortage, type Need } from './room.js';
import type { TransferItem } from './transfer.js';
import { uploadQuestions } from './upload-questions.js';
import { listLocal } from './walk-local.js';
import { below, eachRemote } from './walk-remote.js';

/** What one item will add where nothing of it is there yet. */
export interface PutNeed extends Need {
  readonly item: TransferItem;
  readonly kind: 'file' | 'folder';
}

/**
 * Whether there is room for all of them, before the first byte.
 * @param jobs files that are written at once
 * @returns the items for which there is only room where a file that is there is written over in its place
 * @throws Fault `quota`, saying how much is missing
 */
export async function checkPutRoom(
  link: Link,
  needs: readonly PutNeed[],
  jobs: number,
  signal: AbortSignal,
): Promise<ReadonlySet<TransferItem>> {
  const tight = new Set<TransferItem>();
  const [first, second] = needs;
  const next = first?.kind === 'file' && !second ? uploadQuestions(first.item.remote) : [];
  for (const [folder, group] of byFolder(needs)) {
    const room = await remoteRoom(link, folder, signal, next);
    if (!room) continue;
    const all = { bytes: sumOf(group, 'bytes'), files: sumOf(group, 'files') };
    // What fits beside everything that is there needs no second look.
    if (shortage(all, room) === null) continue;
    const there = new Replaced(link, jobs, signal);
    for (const need of group) await there.add(need);
    const rest = { bytes: all.bytes - there.bytes, files: all.files - there.files };
    const missing = shortage(rest, room);
    if (missing !== null) throw new Fault('quota', missing);
    const { bytes, files } = there.beside();
    if (shortage({ bytes: rest.bytes + bytes, files: rest.files + files }, room) !== null) {
      for (const { item } of group) tight.add(item);
    }
  }
  return tight;
}

function byFolder(needs: readonly PutNeed[]): ReadonlyMap<ByteString, readonly PutNeed[]> {
  const groups = new Map<ByteString, PutNeed[]>();
  for (const need of needs) {
    const folder = parentOf(need.item.remote);
    const group = groups.get(folder);
    if (group) group.push(need);
    else groups.set(folder, [need]);
  }
  return groups;
}

function sumOf(needs: readonly Need[], what: keyof Need): number {
  return needs.reduce((sum, need) => sum + need[what], 0);
}

/** What is at the server already in the places of what will be put there, and is given back. */
class Replaced {
  readonly #link: Link;
  readonly #jobs: number;
  readonly #signal: AbortSignal;
  bytes = 0;
  files = 0;
  /** Sizes of the largest targets, as many as are written at once: each stays until its `.filepart` is complete. */
  #largest: readonly number[] = [];

  constructor(link: Link, jobs: number, signal: AbortSignal) {
    this.#link = link;
    this.#jobs = jobs;
    this.#signal = signal;
  }

  beside(): Need {
    return { bytes: this.#largest.reduce((sum, size) => sum + size, 0), files: this.#largest.length };
  }

  async add({ item, kind }: PutNeed): Promise<void> {
    if (kind === 'folder') return this.#addFolder(item);
    const [target, part] = await Promise.all(
      [item.remote, filepartOf(item.remote)].map((path) => this.#statIfThere(path)),
    );
    this.#addFile(target, part);
  }

  #addFile(target: RemoteStat | undefined, part: RemoteStat | undefined): void {
    for (const { kind, size = 0 } of [target, part].flatMap((stat) => stat ?? [])) {
      if (kind !== 'file') continue;
      this.bytes += size;
      this.files++;
    }
    if (target?.kind !== 'file') return;
    this.#largest = [...this.#largest, target.size ?? 0].sort((a, b) => b - a).slice(0, this.#jobs);
  }

  async #addFolder({ local, remote }: TransferItem): Promise<void> {
    const there = await this.#namesIn(remote);
    if (!there) return;
    this.files++;
    const folders: TransferItem[] = [];
    try {
      for await (const { name, kind } of listLocal(local)) {
        if (kind === 'file') this.#addFile(there.get(name), there.get(filepartOf(name)));
        else if (kind === 'folder' && there.get(name)?.kind === 'folder') {
          folders.push({ local: below(local, name), remote: below(remote, name) });
        }
      }
    } catch {
      // It is told when it is put.
    }
    there.clear();
    for (const inner of folders) await this.#addFolder(inner);
  }

  /** `null` where there is no such folder, or none that can be read. */
  async #namesIn(folder: ByteString): Promise<Map<ByteString, RemoteStat> | null> {
    const names = new Map<ByteString, RemoteStat>();
    try {
      await eachRemote(this.#link, folder, this.#signal, ({ name, stat }) => {
        names.set(name, stat);
        return Promise.resolve();
      });
    } catch (thrown) {
      if (lostForGood(thrown)) throw thrown;
      return null;
    }
    return names;
  }

  async #statIfThere(path: ByteString): Promise<RemoteStat | undefined> {
    try {
      return await this.#link.use((remote) => remote.stat(path), this.#signal);
    } catch (thrown) {
      if (lostForGood(thrown)) throw thrown;
      return undefined;
    }
  }
}
