import type { UsageStore } from '../store/usage.js';
import type { Change, Vfs } from '../vfs/vfs.js';
import type { Counting } from './counting.js';
import type { Ledger } from './ledger.js';
import type { NameChange } from './messages.js';

export interface NameBooksParts {
  readonly homeId: number;
  readonly store: Pick<UsageStore, 'links' | 'setLinks'>;
  readonly ledger: Ledger;
  readonly counting: Pick<Counting, 'current' | 'doubt' | 'state'>;
}

/** What changes of names cost and give back, booked by the `Change` that was measured (L3). */
export class NameBooks {
  readonly #parts: NameBooksParts;

  constructor(parts: NameBooksParts) {
    this.#parts = parts;
  }

  async book(request: NameChange, change: Change, through: Vfs): Promise<void> {
    switch (request.kind) {
      case 'mkdir':
      case 'symlink':
        this.made(change);
        break;
      case 'remove':
      case 'rmdir':
        await this.#unnamed(change);
        break;
      case 'rename':
        if (change.replaced) await this.#unnamed(change.replaced);
        await this.#renamed(change, request.to, through);
        break;
      case 'link':
        await this.#linked(change);
        break;
    }
  }

  /** What is new is empty: whoever has written into it since tells of that. */
  made({ ino }: Change): void {
    const { ledger, counting } = this.#parts;
    ledger.add(0, 1);
    counting.current?.follow(ino, 0, true);
  }

  /** An inode lost a name; if it had several, not always its last one inside the home. */
  async #unnamed({ kind, ino, bytesAfter, linksLeft }: Change): Promise<void> {
    const { ledger, counting } = this.#parts;
    if (kind !== 'folder' && linksLeft > 0) {
      const count = counting.current;
      if (count) count.unsure = true;
      if (await this.#hasAnotherName(ino)) {
        counting.current?.follow(ino, ledger.sizeOf(ino, bytesAfter), true);
        return;
      }
    }
    counting.current?.follow(ino, ledger.sizeOf(ino, bytesAfter), ledger.open.has(ino));
    ledger.unnamed(ino, bytesAfter);
  }

  /** Takes one name off; the links that an operator made elsewhere are no matter of this home. */
  async #hasAnotherName(inode: number): Promise<boolean> {
    const { store, homeId, counting } = this.#parts;
    // What is noted may lack names since a crash, or since the store could not be written.
    if (counting.state !== 'counted') return true;
    return this.#orDoubt(async () => {
      const left = ((await store.links(homeId, inode)) ?? 1) - 1;
      await store.setLinks(homeId, inode, left > 1 ? left : null);
      return left > 0;
    });
  }

  async #renamed({ kind, ino, bytesAfter, linksLeft }: Change, to: string, through: Vfs): Promise<void> {
    const count = this.#parts.counting.current;
    if (!count) return;
    if (kind !== 'folder' && linksLeft > 1) count.unsure = true;
    count.follow(ino, this.#parts.ledger.sizeOf(ino, bytesAfter), true);
    if (kind !== 'folder') return;
    // Removed or moved on by programs of the host: what they do is no matter of this count.
    const folder = await through.list(to).catch(() => null);
    if (!folder) return;
    // The change is done, whatever becomes of the count: what this one cannot look into is left to the next.
    await count.moved(folder).catch(() => (count.unsure = true));
  }

  async #linked({ ino, bytesAfter, linksLeft }: Change): Promise<void> {
    const { store, homeId, counting } = this.#parts;
    const count = counting.current;
    if (count) {
      count.unsure = true;
      count.follow(ino, this.#parts.ledger.sizeOf(ino, bytesAfter), true);
    }
    await this.#orDoubt(async () => {
      const names = linksLeft === 2 ? 2 : ((await store.links(homeId, ino)) ?? 1) + 1;
      await store.setLinks(homeId, ino, names);
      return true;
    });
  }

  /** What the store cannot tell, or keep, the next count has to find out: until then nothing is given back for it. */
  async #orDoubt(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch {
      this.#parts.counting.doubt();
      return true;
    }
  }
}
